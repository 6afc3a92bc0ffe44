package tflitegraph_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/tflitecheck"
	"github.com/lince-ml/lince/internal/tflitegraph"
	"github.com/lince-ml/lince/tensor"
)

const unknown = tensor.Unknown

// builder makes constants for the graphs of opCases.
type builder struct{ *graph.Builder }

func (b builder) constant(salt int, shape ...int) *graph.Value {
	return b.Op(op.Const{Value: graphtest.Formula(salt, .5, 1.5, shape...)})
}

func (b builder) conv(x *graph.Value) *graph.Value {
	return b.Conv2D(x, b.constant(2, 3, 3, 2, 4), op.Window{Size: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}})
}

// opCases are graphs of ops that layers alone do not make. x has shape (batch, 6, 5, 2), of which shape may hide dimensions.
var opCases = []struct {
	name  string
	shape []int
	build func(b builder, x *graph.Value) *graph.Value
}{
	{"erf", nil, func(b builder, x *graph.Value) *graph.Value { return b.Erf(b.Scale(x, 2)) }},
	{"log1p", nil, func(b builder, x *graph.Value) *graph.Value { return b.Log1p(b.Square(x)) }},
	{"expm1", nil, func(b builder, x *graph.Value) *graph.Value { return b.Expm1(x) }},
	{"matmul", nil, func(b builder, x *graph.Value) *graph.Value {
		y := b.Reshape(x, unknown, 60)
		return b.Op(op.MatMul{TransposeB: true}, y, y)
	}},
	{"matrix of the left", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Op(op.MatMul{TransposeA: true, TransposeB: true}, b.constant(3, 60, 7), b.Reshape(x, unknown, 60))
	}},
	{"matrix by rows", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.ReLU(b.Add(b.Op(op.MatMul{TransposeB: true}, b.Reshape(x, unknown, 60), b.constant(3, 7, 60)), b.constant(4, 7)))
	}},
	{"affine", nil, func(b builder, x *graph.Value) *graph.Value {
		y := b.Mul(b.Add(b.conv(x), b.constant(3, 4)), b.constant(4, 1, 1, 4))
		y = b.Sub(b.constant(5, 4), b.Div(y, b.constant(6, 4)))
		return b.ReLU6(b.Sub(y, b.Constant(tensor.Float32, .25)))
	}},
	{"affine, used twice", nil, func(b builder, x *graph.Value) *graph.Value {
		y := b.conv(x)
		z := b.Mul(y, b.constant(3, 4))
		return b.Add(y, b.ReLU(z))
	}},
	{"divided by", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Div(b.constant(3, 4), b.Offset(b.Square(b.conv(x)), 1))
	}},
	{"clipped", nil, func(b builder, x *graph.Value) *graph.Value { return b.Clip(b.conv(x), -1, 1) }},
	{"clipped otherwise", nil, func(b builder, x *graph.Value) *graph.Value { return b.Clip(b.conv(x), -1, 2) }},
	{"activations after sums", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Concat(1, b.ReLU(b.Add(x, x)), b.ReLU6(b.Mul(x, x)), b.ReLU(b.Sub(x, b.Square(x))), b.ReLU(b.Div(x, b.Offset(b.Square(x), 1))))
	}},
	{"one weight twice", nil, func(b builder, x *graph.Value) *graph.Value {
		w := b.constant(2, 1, 1, 2, 2)
		win := op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
		return b.Conv2D(b.ReLU(b.Conv2D(x, w, win)), w, win)
	}},
	{"average of padded images", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.AveragePool2D(x, op.Window{Size: [2]int{3, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Padding: op.Explicit, Pads: [2][2]int{{1, 2}, {0, 1}}})
	}},
	{"maximum of padded images", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.ReLU(b.MaxPool2D(b.Offset(x, -9), op.Window{Size: [2]int{3, 3}, Stride: [2]int{1, 2}, Dilation: [2]int{1, 1}, Padding: op.Explicit, Pads: [2][2]int{{2, 1}, {1, 1}}}))
	}},
	{"padded convolution", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.DepthwiseConv2D(x, b.constant(3, 2, 3, 2, 2), op.Window{Size: [2]int{2, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{2, 1}, Padding: op.Explicit, Pads: [2][2]int{{1, 0}, {2, 2}}})
	}},
	{"transposed, dilated", nil, func(b builder, x *graph.Value) *graph.Value {
		win := op.Window{Size: [2]int{3, 2}, Stride: [2]int{1, 1}, Dilation: [2]int{2, 1}}
		return b.Mul(b.Op(op.Conv2DTranspose{Window: win, Last: [2]int{5, 2}}, x, b.constant(3, 3, 2, 3, 2)), b.constant(4, 3))
	}},
	{"transposed, padded", nil, func(b builder, x *graph.Value) *graph.Value {
		win := op.Window{Size: [2]int{4, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Padding: op.Explicit, Pads: [2][2]int{{1, 0}, {0, 1}}}
		return b.ReLU(b.Add(b.Op(op.Conv2DTranspose{Window: win, Last: [2]int{3, 2}}, x, b.constant(3, 4, 3, 3, 2)), b.constant(4, 3)))
	}},
	{"transposed, of any size", []int{unknown, unknown, unknown, 2}, func(b builder, x *graph.Value) *graph.Value {
		win := op.Window{Size: [2]int{3, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Padding: op.Same}
		return b.Op(op.Conv2DTranspose{Window: win, Last: [2]int{2, 2}}, x, b.constant(3, 3, 3, 3, 2))
	}},
	{"mean of any size", []int{unknown, unknown, unknown, 2}, func(b builder, x *graph.Value) *graph.Value { return b.Mean(x, 1, 2) }},
	{"number of elements", []int{unknown, unknown, 5, 2}, func(b builder, x *graph.Value) *graph.Value {
		return b.Add(b.Sum(x, 1), b.Op(op.Size{Axes: []int{1, 2}, DType: tensor.Float32}, x))
	}},
	{"resized by factors", []int{unknown, unknown, unknown, 2}, func(b builder, x *graph.Value) *graph.Value {
		return b.Concat(3, b.Op(op.Resize{Scale: [2]int{2, 3}}, x), b.Op(op.Resize{Scale: [2]int{2, 3}, Method: op.Bilinear}, x))
	}},
	{"ends cut off", []int{unknown, unknown, unknown, 2}, func(b builder, x *graph.Value) *graph.Value {
		return b.Op(op.Slice{Begin: []int{0, 1, 0, 0}, Size: []int{unknown, unknown, unknown, 1}, End: []int{0, 2, 1, 0}}, x)
	}},
	{"a slice", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Slice(x, []int{0, 1, 0, 1}, []int{unknown, 3, unknown, 1})
	}},
	{"index", nil, func(b builder, x *graph.Value) *graph.Value { return b.Mul(b.Index(x, 1), x) }},
	{"one hot", nil, func(b builder, x *graph.Value) *graph.Value { return b.OneHot(b.ArgMax(x), 3, tensor.Float32) }},
	{"reshaped like", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Op(op.ReshapeLike{}, b.Reshape(x, unknown, 60), x)
	}},
	{"broadcast", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Concat(3, b.BroadcastLike(b.ReLU(x), x), x)
	}},
	{"squeezed", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Squeeze(b.Transpose(b.ExpandDims(x, 1), 0, 3, 1, 2, 4), 2)
	}},
	{"running sums", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Add(b.Op(op.CumSum{}, x), b.Op(op.CumSum{Reverse: true}, b.Neg(x)))
	}},
	{"choices", nil, func(b builder, x *graph.Value) *graph.Value {
		y := b.Floor(b.Scale(x, 3))
		same := b.Binary(op.Equal, y, b.Constant(tensor.Float32, 1))
		return b.Select(same, x, b.Select(b.Binary(op.LessEqual, y, x), b.Sin(x), b.Cast(b.Cast(b.Abs(y), tensor.Int32), tensor.Float32)))
	}},
	{"gathered", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Op(op.Gather{Axis: 2}, x, b.Op(op.Const{Value: tensor.Of([]int32{4, 0, 1}, 3)}))
	}},
	{"largest and smallest", nil, func(b builder, x *graph.Value) *graph.Value {
		y := b.Transpose(x, 0, 1, 3, 2)
		top, least := b.Op(op.TopK{K: 2}, y), b.Op(op.TopK{K: 3, Smallest: true}, y)
		return b.Concat(3, top, least, b.Cast(top.Node.Out[1], tensor.Float32), b.Cast(least.Node.Out[1], tensor.Float32))
	}},
	{"reductions", nil, func(b builder, x *graph.Value) *graph.Value {
		reduce := func(fn op.ReduceFn) *graph.Value { return b.Op(op.Reduce{Fn: fn, Axes: []int{1}}, x) }
		return b.Concat(1, reduce(op.ReduceMin), reduce(op.ReduceMax), reduce(op.ReduceProd), reduce(op.ReduceSum))
	}},
	{"remainder", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Binary(op.Mod, b.Op(op.Unary{Fn: op.Ceil}, b.Scale(x, 5)), b.Constant(tensor.Float32, 3))
	}},
	{"given weights", nil, func(b builder, x *graph.Value) *graph.Value {
		t := op.Taps{First: []int{0, 3, 1}, Weights: [][]float32{{1, -1}, {.5, 2}, {3}}}
		return b.Op(op.Resize{Method: op.Given, Given: &[2]op.Taps{t, t}}, x)
	}},
	{"an image through", nil, func(b builder, x *graph.Value) *graph.Value {
		return b.Op(op.StraightThrough{}, b.Neg(x), b.Softplus(x))
	}},
}

// Each case must be computed by lince, by the real interpreter, and by lince after reading what it wrote, with equal results.
func TestOps(t *testing.T) {
	x := graphtest.Formula(1, -2, 2, 3, 6, 5, 2)
	var runs []tflitecheck.Run
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			shape := c.shape
			if shape == nil {
				shape = []int{unknown, 6, 5, 2}
			}
			store := graph.NewStore()
			b := graph.NewBuilder(store, false)
			y := c.build(builder{b.In("it", "it")}, b.Input("x", tensor.Float32, shape...))
			g, err := b.Finish(graph.Output{Key: "y", Value: y})
			if err != nil {
				t.Fatal(err)
			}
			predict := func(g *graph.Graph, store *graph.Store) *tensor.Tensor {
				m, err := lince.FromGraph(g, store)
				if err != nil {
					t.Fatal(err)
				}
				y, err := m.PredictBatch(x)
				if err != nil {
					t.Fatal(err)
				}
				return y
			}
			want := predict(g, store)
			m, err := tflitegraph.Write(g, store, tflitegraph.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if err := tflite.Write(&file, m); err != nil {
				t.Fatal(err)
			}
			runs = append(runs, tflitecheck.Run{Name: strings.ReplaceAll(c.name, " ", "_"), File: file.Bytes(), In: []*tensor.Tensor{x}, Want: []*tensor.Tensor{want}, Bound: 1e-5})
			if c.name == "number of elements" { // lince has no number that depends on the size of an input
				return
			}
			r, err := tflitegraph.Read(m)
			if err != nil {
				t.Fatal(err)
			}
			tflitecheck.Near(t, "after reading", predict(r.Graph, r.Store), want, 1e-5)
		})
	}
	tflitecheck.Interpret(t, runs)
}

// TestInexpressible expects one error that names everything that TensorFlow Lite lacks.
func TestInexpressible(t *testing.T) {
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x := b.Input("x", tensor.Float32, unknown, unknown, 5, 2)
	y := b.In("first", "").Op(op.Unary{Fn: op.Atan}, x)
	z := b.In("second", "").Op(op.Resize{Scale: [2]int{2, 2}, Method: op.Bicubic}, y)
	pool := b.In("third", "").MaxPool2D(z, op.Window{Size: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}})
	g, err := b.Finish(graph.Output{Key: "y", Value: pool}, graph.Output{Key: "at", Value: pool.Node.Out[1]})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tflitegraph.Write(g, store, tflitegraph.WriteOptions{})
	for _, want := range []string{"first: Atan: TensorFlow Lite has no such operator", "second: Resize: the size of the images must be known", "third: MaxPool2D: the positions of the maxima are used"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// readCases are operators that neither the converter nor Write makes, and their results for x, which has the elements -4, -3.5,
// ... of shape (batch, 2, 4).
var readCases = []struct {
	name string
	code tflitefb.BuiltinOperator
	in   []tflite.Tensor // after x
	want func(i int, x float64) float64
}{
	{"from 0 to 1", tflitefb.BuiltinOperatorRELU_0_TO_1, nil, func(_ int, x float64) float64 { return min(max(x, 0), 1) }},
	{"from -1 to 1", tflitefb.BuiltinOperatorRELU_N1_TO_1, nil, func(_ int, x float64) float64 { return min(max(x, -1), 1) }},
	{"up to 6", tflitefb.BuiltinOperatorRELU6, nil, func(_ int, x float64) float64 { return min(max(x, 0), 6) }},
	{"exponent", tflitefb.BuiltinOperatorPOW, []tflite.Tensor{floats(2)}, func(_ int, x float64) float64 { return x * x }},
	{"a sum of one", tflitefb.BuiltinOperatorADD_N, nil, func(_ int, x float64) float64 { return x }},
	{"the largest", tflitefb.BuiltinOperatorMAXIMUM, []tflite.Tensor{floats(-1, 0, 1, 2)}, func(i int, x float64) float64 { return max(x, float64(i%4)-1) }},
}

func floats(list ...float32) tflite.Tensor {
	t := tflite.Tensor{Name: "floats", Shape: []int{len(list)}}
	for _, x := range list {
		bits := math.Float32bits(x)
		t.Data = append(t.Data, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return t
}

func TestReadOps(t *testing.T) {
	for _, c := range readCases {
		m := small(c.code, nil, c.in...)
		m.Subgraphs[0].Tensors[0].Shape, m.Subgraphs[0].Tensors[0].Signature = []int{1, 2, 4}, nil
		model, r := modelOf(t, m)
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "batch size is 1") {
			t.Errorf("%s: notes %q", c.name, r.Notes)
		}
		x := tensor.New(tensor.Float32, 2, 2, 4)
		want := tensor.New(tensor.Float32, 2, 2, 4)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(i)/2 - 4
			want.Float32s()[i] = float32(c.want(i, float64(i)/2-4))
		}
		y, err := model.PredictBatch(x)
		if err != nil {
			t.Fatal(c.name, err)
		}
		tflitecheck.Near(t, c.name, y, want, 1e-6)
	}
}

// A model with a fixed batch size of 1 that moves the batch keeps it.
func TestFixedBatch(t *testing.T) {
	m := small(tflitefb.BuiltinOperatorRESHAPE, nil, integers(4, 8))
	m.Subgraphs[0].Tensors[0].Signature = nil
	model, r := modelOf(t, m)
	if got := model.InputShape(); got[0] != 1 || len(r.Notes) != 0 {
		t.Errorf("input %v, notes %q", got, r.Notes)
	}
	m.Subgraphs[0].Tensors[0].Signature = []int{-1, 4, 4, 2}
	if _, err := tflitegraph.Read(m); err == nil || !strings.Contains(err.Error(), "cannot reshape") {
		t.Errorf("error %v", err)
	}
}
