//go:build !amd64 && !arm64

package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

func momentsVector(_ kernel.ISA, _, _, _ []float32, _, _ int) bool { return false }

func applyVector(_ *Apply, _, _ int, _, _, _, _ []float32) bool { return false }

func sumsVector(_ *Backward, _, _, _, _ int, _, _, _, _, _, _, _ []float32) bool { return false }

func dataVector(_ *Backward, _, _ int, _, _, _, _ []float32) bool { return false }
