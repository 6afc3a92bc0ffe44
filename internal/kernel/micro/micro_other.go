//go:build !amd64

package micro

import "github.com/lince-ml/lince/internal/kernel"

// N makes a tile of rows at a stride.
func N(rows int, a *Args) { genericN(rows, a) }

// T makes a tile of contiguous rows.
func T(rows int, a *Args) { genericT(rows, a) }

// P makes pooled pixels.
func P(pooled int, a *Args) { genericP(pooled, a) }

func transpose(_ kernel.ISA, _, _ []float32, _, _, _, _ int) (rows, columns int) { return 0, 0 }

func packRows(_ kernel.ISA, _, _ []float32, _, _, _ int) bool { return false }
