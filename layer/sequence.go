package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// The layers for sequences (batch, steps, channels) use the ops for images: a sequence is an image of one
// row.

// wantSequences checks that x is a batch of sequences of floating-point numbers with a known number of
// channels.
func wantSequences(b *graph.Builder, x *graph.Value) bool {
	if !wantFloat(b, x) {
		return false
	}
	hint := ""
	switch {
	case x.Rank() == 3 && x.Shape[2] != tensor.Unknown:
		return true
	case x.Rank() == 3:
		hint = ", with a known number of channels"
	case x.Rank() == 2:
		hint = "; sequences of numbers have 1 channel: (batch, steps, 1)"
	case x.Rank() == 4:
		hint = "; for images there are layers whose names end in 2D"
	}
	b.Errorf("got shape %v, want (batch, steps, channels)%s", x.Shape, hint)
	return false
}

// rowWindow returns a window over one row.
func rowWindow(size, stride, dilation int, p Padding) op.Window {
	return window(Size{1, size}, Size{1, stride}, Size{1, dilation}, p)
}

// wantFitSteps checks that a window over one row fits into the sequences of x. smaller is a suggestion
// for the message.
func wantFitSteps(b *graph.Builder, what, smaller string, w op.Window, x *graph.Value) bool {
	if w.Out(1, x.Shape[1]) != 0 {
		return true
	}
	dilated := ""
	if w.Dilation[1] > 1 {
		dilated = " dilated"
	}
	b.Errorf("a%s %s of %d steps does not fit into a sequence of %d; use padding same, %s or longer sequences",
		dilated, what, w.Span(1), x.Shape[1], smaller)
	return false
}

// rows turns sequences into images of one row.
func rows(b *graph.Builder, x *graph.Value) *graph.Value { return b.ExpandDims(x, 1) }

// rowWeight declares a weight of a layer for sequences, and returns it as one for images of one row.
// Its shape in files is that of the layer for sequences.
func rowWeight(b *graph.Builder, name string, x *graph.Value, o weightOptions, shape ...int) *graph.Value {
	return b.ExpandDims(weight(b, name, x, o, shape...), 0)
}

// endRows turns images of one row into sequences, applies the activation and regularizes the result.
func endRows(b *graph.Builder, a Activation, r regularizer.Regularizer, y *graph.Value) *graph.Value {
	if _, ok := a.(Function); ok { // a function is fused with the op before it
		y = b.Squeeze(activate(b, a, y), 1)
	} else {
		y = activate(b, a, b.Squeeze(y, 1))
	}
	return regularizeActivity(b, r, y)
}

// checkSteps is checkStrides for sequences.
func checkSteps(strides, dilation int) error {
	if strides > 1 && dilation > 1 {
		return wrongf("Strides is %d and Dilation %d: one of them must be 1", strides, dilation)
	}
	return nil
}

// Ends is a number of steps before and after a sequence.
type Ends [2]int

func encodeEnds(e *Ends) any { return []int{e[0], e[1]} }

// decodeEnds reads one number for both ends, or a pair.
func decodeEnds(r *config.Reader, key string, v any) (*Ends, bool) {
	list, ok := config.List(v)
	if !ok {
		list = []any{v, v}
	}
	var e Ends
	ok = len(list) == 2
	for i := 0; ok && i < 2; i++ {
		e[i], ok = config.Int(list[i])
	}
	if !ok || checkEnds(&e) != nil {
		r.Errorf("%s is %s, want 2 integers from 0 to %d", key, config.Show(v), maxSize)
		return nil, false
	}
	return &e, true
}

func checkEnds(e *Ends) error {
	for _, n := range e {
		if n < 0 || n > maxSize {
			return fmt.Errorf("got %v, want integers from 0 to %d", *e, maxSize)
		}
	}
	return nil
}

// parseEnds reads a number for both ends.
func parseEnds(text string) *Ends {
	n := int(parseAxis(text))
	return &Ends{n, n}
}
