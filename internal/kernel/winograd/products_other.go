//go:build !amd64

package winograd

import "github.com/lince-ml/lince/internal/kernel"

func products(kernel.ISA, int, *Products) { panic("winograd: no products on this architecture") }

func prefetch(kernel.ISA, []float32) {}
