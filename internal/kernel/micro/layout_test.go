package micro

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestLayout(t *testing.T) {
	kerneltest.Layout(t, "micro.go", Args{})
}
