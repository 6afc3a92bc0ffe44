//go:build !amd64 && !arm64

package pool

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first channels and says how many; the caller does the rest.

func takeVector(_ kernel.ISA, _ []float32, _ []uint8, _ []float32, _ uint8) int { return 0 }

func giveVector(_ kernel.ISA, _, _ []float32, _ []uint8, _ uint8) int { return 0 }

func unpoolVector(_ kernel.ISA, _, _, _ []float32, _ []uint8, _, _ int) bool { return false }

func addDividedVector(_ kernel.ISA, _, _ []float32, _ float32) int { return 0 }
