//go:build amd64 || arm64

package depthwise

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestLayout(t *testing.T) {
	kerneltest.Layout(t, "vector.go", line{})
}
