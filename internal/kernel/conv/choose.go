package conv

import (
	"fmt"
	"os"
	"strings"

	"github.com/lince-ml/lince/internal/kernel"
)

// Epilogue says what is done to a convolution's result, in this order, before it is written to memory.
type Epilogue struct {
	Bias     bool    // add a bias [O]
	Residual bool    // add a residual of the result's shape; not with Pool
	ReLU     bool    // set negative numbers to 0; NaN stays NaN
	Limit    float32 // set numbers above the limit to it: 6 for ReLU6; 0 means no limit; needs ReLU, not with Pool
	Pool     bool    // 2x2 max-pool with stride 2, which ignores an odd last row or column; needs ReLU
}

// Validate returns an error for an epilogue that the kernels do not support.
func (e Epilogue) Validate() error {
	switch {
	case e.Pool && (!e.ReLU || e.Limit != 0 || e.Residual):
		return fmt.Errorf("conv: %+v: Pool needs ReLU without Limit or Residual", e)
	case e.Limit != 0 && !e.ReLU, e.Limit < 0, e.Limit != e.Limit:
		return fmt.Errorf("conv: %+v: Limit needs ReLU and must be positive", e)
	}
	return nil
}

// Gradient configures GradFilter.
type Gradient struct {
	Pooled bool // dy is the gradient of the pooled result, and comes with argmax
	Bias   bool // compute the gradient of the bias too
}

// Packer is implemented by kernels that read one operand in a packed layout. For a convolution that is
// the filter, HWIO. Here and below, lengths are in floats.
type Packer interface {
	// PackedLen is the length of the packed operand.
	PackedLen() int
	// PackParts is the number of parts of packing.
	PackParts() int
	// Pack packs a part of the operand w.
	Pack(part int, w, packed []float32)
}

// SharedPacker is a Packer whose packed operand other kernels can use too.
type SharedPacker interface {
	Packer
	// Packing returns a comparable value. Kernels with equal values pack an operand into equal bits.
	// It does not depend on the number of images or their size.
	Packing() any
}

// Forward is a convolution.
type Forward interface {
	Packer
	// Parts is the number of parts of Run.
	Parts() int
	// ScratchLen is the length of the scratch that each worker needs.
	ScratchLen() int
	// Run computes a part of y [N, OH, OW, O] from x [N, H, W, C] and the packed filter. With Pool, y
	// and argmax are [N, OH/2, OW/2, O]. bias [O] is read with Bias, and residual, of the shape of y,
	// with Residual.
	Run(part int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32)
}

// GradInput is the gradient of a convolution with respect to its images.
type GradInput interface {
	Packer
	// Parts is the number of parts of Run.
	Parts() int
	// ScratchLen is the length of the scratch that each worker needs.
	ScratchLen() int
	// Run computes a part of the gradient dx [N, H, W, C] from dy [N, OH, OW, O] and the packed
	// filter. If pooled, dy and argmax are [N, OH/2, OW/2, O].
	Run(part int, dy []float32, argmax []uint8, packed, dx, scratch []float32)
}

// GradFilter is the gradient of a convolution with respect to its filter and, with Gradient.Bias, its
// bias.
type GradFilter interface {
	// PartialLen is the length of the partial sums of all parts; 0 if Run computes dw and db itself.
	PartialLen() int
	// Parts is the number of parts of Run.
	Parts() int
	// ScratchLen is the length of the scratch that each worker needs.
	ScratchLen() int
	// Run computes a part of the partial sums, or of dw and db if PartialLen is 0, from x [N, H, W, C]
	// and dy [N, OH, OW, O]. If Pooled, dy and argmax are [N, OH/2, OW/2, O].
	Run(part int, x, dy []float32, argmax []uint8, partial, dw, db, scratch []float32)
	// ReduceParts is the number of parts of Reduce; 0 if PartialLen is 0.
	ReduceParts() int
	// Reduce adds up a part of the partial sums to the gradients dw of the filter, HWIO, and db [O] of
	// the bias. It must be called after all parts of Run are done.
	Reduce(part int, partial, dw, db []float32)
}

// implementation is an algorithm for a kernel K with options O.
type implementation[K, O any] struct {
	name string
	fits func(s Shape, o O) bool // reports whether it supports a shape
	cost func(s Shape, o O) cost
	make func(isa kernel.ISA, s Shape, o O) K
}

// The implementations, in order of preference if they cost the same. The last one supports all shapes.
// The choice must not depend on the instruction set, so that all instruction sets give the same bits.
var (
	forwards = []implementation[Forward, Epilogue]{
		{"winograd", winogradFits[Epilogue], func(s Shape, e Epilogue) cost { return winogradCost(s, e.Pool) }, newWinogradForward},
		{"winograd-narrow", narrowFits, narrowCost, newWinogradNarrow},
		{"pointwise", func(s Shape, e Epilogue) bool { return pointwiseFits(s) && !e.Pool }, directCost[Epilogue], newPointwiseForward},
		{"direct", always[Epilogue], directCost[Epilogue], newDirectForward},
	}
	gradInputs = []implementation[GradInput, bool]{
		{"winograd", winogradFits[bool], winogradCost, newWinogradGradInput},
		{"pointwise", func(s Shape, pooled bool) bool { return pointwiseFits(s) && !pooled }, directCost[bool], newPointwiseGradInput},
		{"direct", always[bool], directCost[bool], newDirectGradInput},
	}
	gradFilters = []implementation[GradFilter, Gradient]{
		{"sparse", sparseFits, sparseCost, newSparseGradFilter},
		{"winograd", winogradFits[Gradient], winogradFilterCost, newWinogradGradFilter},
		{"direct", always[Gradient], directCost[Gradient], newDirectGradFilter},
	}
)

func always[O any](Shape, O) bool { return true }

// choose returns the implementation with the least cost that supports a shape and is not switched off.
func choose[K, O any](list []implementation[K, O], s Shape, o O) implementation[K, O] {
	on, _ := Winograd()
	best, least := len(list)-1, 0
	for n, i := range list {
		if !i.fits(s, o) || strings.HasPrefix(i.name, "winograd") && !on {
			continue
		}
		if c := i.cost(s, o).cycles(); least == 0 || c < least {
			best, least = n, c
		}
	}
	return list[best]
}

// Choice describes an implementation of a convolution or a gradient, for profiles and traces.
type Choice struct {
	Name   string
	Cycles int // estimated time, in cycles of a core with 16 multiply-adds a cycle
	Parts  int // number of parts of Run
	Chosen bool
}

// ForwardChoices lists the implementations that support a convolution.
func ForwardChoices(s Shape, e Epilogue) []Choice { return choices(forwards, s, e) }

// GradInputChoices lists the implementations that support a gradient with respect to the images.
func GradInputChoices(s Shape, pooled bool) []Choice { return choices(gradInputs, s, pooled) }

// GradFilterChoices lists the implementations that support a gradient with respect to the filter.
func GradFilterChoices(s Shape, g Gradient) []Choice { return choices(gradFilters, s, g) }

func choices[K interface{ Parts() int }, O any](list []implementation[K, O], s Shape, o O) []Choice {
	s.must()
	chosen := choose(list, s, o).name
	var c []Choice
	for _, i := range list {
		if i.fits(s, o) {
			c = append(c, Choice{i.name, i.cost(s, o).cycles(), i.make(kernel.Generic, s, o).Parts(), i.name == chosen})
		}
	}
	return c
}

// NewForward prepares a convolution. It panics for an impossible shape or epilogue.
func NewForward(isa kernel.ISA, s Shape, e Epilogue) Forward {
	s.must()
	if err := e.Validate(); err != nil {
		panic(err)
	}
	if e.Pool && (s.OH < 2 || s.OW < 2) {
		panic("conv: Pool needs a result of at least 2x2")
	}
	return choose(forwards, s, e).make(isa, s, e)
}

// NewGradInput prepares the gradient of a convolution with respect to its images. If pooled, the
// convolution has a fused pool. NewGradInput panics for an impossible shape.
func NewGradInput(isa kernel.ISA, s Shape, pooled bool) GradInput {
	s.must()
	return choose(gradInputs, s, pooled).make(isa, s, pooled)
}

// NewGradFilter prepares the gradient of a convolution with respect to its filter. It panics for an
// impossible shape.
func NewGradFilter(isa kernel.ISA, s Shape, g Gradient) GradFilter {
	s.must()
	if g.Pooled && (s.OH < 2 || s.OW < 2) {
		panic("conv: Pooled needs a result of at least 2x2")
	}
	return choose(gradFilters, s, g).make(isa, s, g)
}

// Winograd reports whether convolutions may use Winograd's algorithm: they may, unless the environment
// variable LINCE_WINOGRAD is off. Values other than on and off are an error.
func Winograd() (bool, error) {
	switch v := os.Getenv("LINCE_WINOGRAD"); v {
	case "", "on":
		return true, nil
	case "off":
		return false, nil
	default:
		return false, fmt.Errorf("LINCE_WINOGRAD=%s: must be on or off", v)
	}
}
