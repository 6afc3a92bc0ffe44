//go:build !amd64 && !arm64

package micro

import "github.com/lince-ml/lince/internal/kernel"

// run computes a.tiles tiles of the same height.
func run(f form, height int, a *Args) { generic(f, height, a) }

func transpose(_ kernel.ISA, _, _ []float32, _, _, _, _ int) (rows, columns int) { return 0, 0 }

func packRows(_ kernel.ISA, _, _ []float32, _, _, _ int) bool { return false }
