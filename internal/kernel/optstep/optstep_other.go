//go:build !amd64 && !arm64

package optstep

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first elements and says how many; the caller does the rest.

func sgdVector(_ kernel.ISA, _ SGD, _, _, _ []float32) int { return 0 }

func rmspropVector(_ kernel.ISA, _ RMSprop, _, _, _, _, _ []float32) int { return 0 }

func adamVector(_ kernel.ISA, _ Adam, _ float32, _, _, _, _, _ []float32) int { return 0 }
