package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MaxPool1D computes the maximum of each channel in each window (keras.layers.MaxPooling1D). For a
// sequence x with the strides s:
//
//	y[i,c] = max over the window of x[i*s + u, c]
//
// With Same, x is the padded sequence, and padding is ignored: the maximum is over the steps of the
// sequence.
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, new steps, channels); see Padding for the new number of steps.
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// sequences with a known number of channels, or the window does not fit into the sequence.
type MaxPool1D struct {
	// Pool is the length of the window, in steps. From 1 to 255; Keras has no upper limit. The default is 2.
	Pool int `keras:"pool_size,default=2,count,tuple"`
	// Strides is the distance between windows, in steps. At least 1. The default is Pool, so that windows
	// do not overlap.
	Strides int `keras:"strides,like=Pool,count,tuple"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AveragePool1D computes the mean of each channel in each window (keras.layers.AveragePooling1D). For
// a sequence x with the strides s:
//
//	y[i,c] = mean over the window of x[i*s + u, c]
//
// With Same, x is the padded sequence, and padding is ignored: the mean is over the steps of the
// sequence.
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, new steps, channels); see Padding for the new number of steps.
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// sequences with a known number of channels, or the window does not fit into the sequence.
type AveragePool1D struct {
	// Pool is the length of the window, in steps. At least 1. The default is 2; in Keras the argument is
	// required.
	Pool int `keras:"pool_size,required,default=2,count,tuple"`
	// Strides is the distance between windows, in steps. At least 1. The default is Pool, so that windows
	// do not overlap.
	Strides int `keras:"strides,like=Pool,count,tuple"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent. The means of probabilities are probabilities.
func (AveragePool1D) PassesThrough() bool { return true }

// Build implements Layer.
func (l MaxPool1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	return poolRows(b, x, ok, rowWindow(l.Pool, l.Strides, 1, l.Padding), b.MaxPool2D)
}

// Build implements Layer.
func (l AveragePool1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	return poolRows(b, x, ok, rowWindow(l.Pool, l.Strides, 1, l.Padding), b.AveragePool2D)
}

// poolRows is pool for sequences.
func poolRows(b *graph.Builder, x *graph.Value, ready bool, w op.Window, build func(x *graph.Value, w op.Window) *graph.Value) *graph.Value {
	if !ready || !wantSequences(b, x) || !wantFitSteps(b, "pool", "a smaller pool", w, x) {
		return b.Invalid()
	}
	return b.Squeeze(build(rows(b, x), w), 1)
}

func (l MaxPool1D) check() error {
	if l.Pool > maxPool {
		return wrongf("Pool is %d, want at most %d steps", l.Pool, maxPool)
	}
	return nil
}
