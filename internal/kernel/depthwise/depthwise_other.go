//go:build !amd64 && !arm64

package depthwise

import "github.com/lince-ml/lince/internal/kernel"

// window replaces the type of vector.go, which is for assembly only.
type window struct{}

func (g *gather) windowFor(_, _ int) window { return window{} }

func (g *gather) vector(_ []float32, _ int, _, _, _ []float32, _, _, _, _ int) bool { return false }

func (b *GradFilter) windowFor() window { return window{} }

func (b *GradFilter) vector(_, _, _ []float32, _ taps, _, _, _, _ int) bool { return false }

// repeatVector does repeat for the first numbers of x, and returns their number: there is no assembly.
func repeatVector(_ kernel.ISA, _, _ []float32, _ int) int { return 0 }
