package conv

import (
	"fmt"
	"os"
	"strings"

	"github.com/lince-ml/lince/internal/kernel"
)

// Epilogue is what is done to a convolution's result before it goes to memory: the bias is
// added, then the residual; then come ReLU with its limit, and the pool. NaN passes ReLU and
// its limit.
type Epilogue struct {
	Bias  bool
	Add   bool    // a residual of the result's shape; not with Pool
	ReLU  bool    // negative numbers become 0
	Limit float32 // and those above it the limit: 6 makes ReLU6; 0 is none; needs ReLU, not with Pool
	Pool  bool    // 2x2 max pool, stride 2, the odd last row and column left out; needs ReLU
}

// Validate reports what no kernel does.
func (e Epilogue) Validate() error {
	switch {
	case e.Pool && (!e.ReLU || e.Limit != 0 || e.Add):
		return fmt.Errorf("conv: %+v: a fused pool needs ReLU without limit, and no residual", e)
	case e.Limit != 0 && !e.ReLU, e.Limit < 0, e.Limit != e.Limit:
		return fmt.Errorf("conv: %+v: a limit needs ReLU and must be positive", e)
	}
	return nil
}

// Gradient says what GradFilter is given and makes.
type Gradient struct {
	Pooled bool // the gradient of the pooled result, with argmax
	Bias   bool // make the gradient of the bias, too
}

// filters is how a kernel wants its filters.
type filters interface {
	// PackedLen is the number of floats of the packed filters.
	PackedLen() int
	// PackParts is the number of parts of packing.
	PackParts() int
	// Pack packs a part of the filters w, HWIO.
	Pack(part int, w, packed []float32)
}

// Forward is a convolution.
type Forward interface {
	filters
	// Parts is the number of parts of the convolution.
	Parts() int
	// ScratchLen is the number of floats that each worker needs.
	ScratchLen() int
	// Run convolves a part: x [N, H, W, C] and the packed filters give y [N, OH, OW, O];
	// with Pool, y and argmax are [N, OH/2, OW/2, O], argmax being 0 to 3 (row, column of
	// the window) or 4 where the result is 0. bias [O] is used with Bias, residual (as y)
	// with Add, argmax with Pool.
	Run(part int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32)
}

// GradInput is the gradient of a convolution with respect to its images.
type GradInput interface {
	filters
	// Parts is the number of parts of the gradient.
	Parts() int
	// ScratchLen is the number of floats that each worker needs.
	ScratchLen() int
	// Run makes a part of the images' gradient dx [N, H, W, C] from dy [N, OH, OW, O] and
	// the packed filters; when pooled, from dy and argmax [N, OH/2, OW/2, O].
	Run(part int, dy []float32, argmax []uint8, packed, dx, scratch []float32)
}

// GradFilter is the gradient of a convolution with respect to its filters (and bias).
type GradFilter interface {
	// PartialLen is the number of floats of the sums of all parts; 0 when Run makes the
	// gradients themselves.
	PartialLen() int
	// Parts is the number of parts of the sums.
	Parts() int
	// ScratchLen is the number of floats that each worker needs.
	ScratchLen() int
	// Run makes a part of the sums, of x [N, H, W, C] and dy [N, OH, OW, O]; when Pooled, dy
	// and argmax are [N, OH/2, OW/2, O]; or, when PartialLen is 0, a part of dw and db.
	Run(part int, x, dy []float32, argmax []uint8, partial, dw, db, scratch []float32)
	// ReduceParts is the number of parts of adding up; 0 when PartialLen is.
	ReduceParts() int
	// Reduce adds up a part: the gradient dw of the filters, HWIO, and with Bias that of the
	// bias, db [O]. All of Run must be done.
	Reduce(part int, partial, dw, db []float32)
}

// implementation is a way to make a kernel K with options O.
type implementation[K, O any] struct {
	name string
	fits func(s Shape, o O) bool // whether it can do a shape
	cost func(s Shape, o O) cost
	make func(isa kernel.ISA, s Shape, o O) K
}

// The implementations, in order of preference where they cost the same; the last fits
// everything. Nothing depends on the instruction set, so that all give the same bits.
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

// choose is the implementation that fits and costs least, of those that are not switched off.
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

// Choice is an implementation of a convolution or a gradient, for those who want to know.
type Choice struct {
	Name   string
	Cycles int // estimated, of one core that multiplies and adds 16 numbers a cycle
	Parts  int // into which the work is cut
	Chosen bool
}

// ForwardChoices are the implementations that there are for a convolution.
func ForwardChoices(s Shape, e Epilogue) []Choice { return choices(forwards, s, e) }

// GradInputChoices are those for the gradient of images.
func GradInputChoices(s Shape, pooled bool) []Choice { return choices(gradInputs, s, pooled) }

// GradFilterChoices are those for the gradient of filters.
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
		panic("conv: a fused pool needs results of at least 2x2")
	}
	return choose(forwards, s, e).make(isa, s, e)
}

// NewGradInput prepares the gradient of images; with pooled, that of a convolution with a
// fused pool. It panics for an impossible shape.
func NewGradInput(isa kernel.ISA, s Shape, pooled bool) GradInput {
	s.must()
	return choose(gradInputs, s, pooled).make(isa, s, pooled)
}

// NewGradFilter prepares the gradient of filters. It panics for an impossible shape.
func NewGradFilter(isa kernel.ISA, s Shape, g Gradient) GradFilter {
	s.must()
	if g.Pooled && (s.OH < 2 || s.OW < 2) {
		panic("conv: a pooled gradient needs results of at least 2x2")
	}
	return choose(gradFilters, s, g).make(isa, s, g)
}

// Winograd says whether convolutions may be Winograd's: unless the environment variable
// LINCE_WINOGRAD is off. An unknown value is an error.
func Winograd() (bool, error) {
	switch v := os.Getenv("LINCE_WINOGRAD"); v {
	case "", "on":
		return true, nil
	case "off":
		return false, nil
	default:
		return false, fmt.Errorf("LINCE_WINOGRAD=%s: unknown value, want on or off", v)
	}
}
