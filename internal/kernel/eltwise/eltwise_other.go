//go:build !amd64 && !arm64

package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first elements and says how many; the caller does the rest.

func binaryVector(_ kernel.ISA, _ BinaryOp, _, _, _ []float32, _ int) int { return 0 }

func unaryVector(_ kernel.ISA, _ UnaryOp, _, _ []float32) int { return 0 }

func selectVector(_ kernel.ISA, _, _, _, _ []float32) int { return 0 }
