//go:build amd64 || arm64

package gemm

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestLayout(t *testing.T) {
	kerneltest.Layout(t, "tiles.go", tile{})
	kerneltest.Layout(t, "short.go", short{})
}
