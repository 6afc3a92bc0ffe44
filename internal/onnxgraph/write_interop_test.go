package onnxgraph_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/onnxgraph"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/tensor"
)

// writeCase is a graph of few ops. in are the shapes of its inputs, the first dimension of which is not known when the graph is written.
// floor makes the inputs whole numbers.
type writeCase struct {
	name  string
	in    [][]int
	floor bool
	build func(b *graph.Builder, in []*graph.Value) []*graph.Value
}

// unaryCase applies each function to numbers from lo to hi.
func unaryCase(name string, lo, hi float64, fns ...op.UnaryFn) writeCase {
	return writeCase{name, [][]int{{3, 5}}, false, func(b *graph.Builder, in []*graph.Value) (out []*graph.Value) {
		x := b.Offset(b.Scale(in[0], (hi-lo)/2), (hi+lo)/2)
		for _, fn := range fns {
			out = append(out, b.Op(op.Unary{Fn: fn}, x))
		}
		return out
	}}
}

func weights(b *graph.Builder, name string, shape ...int) *graph.Value {
	return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: tensor.Float32, Shape: shape}, Init: ramp{}})
}

// ramp initializes with numbers from -1 to 1.
type ramp struct{}

func (ramp) Initialize(t *tensor.Tensor, _ uint64) {
	for i := range t.Float32s() {
		t.Float32s()[i] = float32((i*7+3)%11)/5.5 - 1
	}
}

var one = [2]int{1, 1}

var writeCases = []writeCase{
	unaryCase("functions", -3, 3, op.Neg, op.Abs, op.Sign, op.Square, op.Exp, op.ReLU, op.ReLU6, op.Sigmoid, op.Tanh, op.Erf, op.Expm1, op.Softplus, op.Floor, op.Round, op.Sin, op.Cos, op.Ceil, op.Atan),
	unaryCase("functions of positive numbers", .01, 4, op.Sqrt, op.Log, op.Log1p),
	unaryCase("functions of small numbers", -1e-6, 1e-6, op.Expm1, op.Log1p),
	unaryCase("functions of large numbers", -90, 90, op.Expm1, op.Softplus),
	{"comparisons", [][]int{{3, 5}, {3, 1}}, true, func(b *graph.Builder, in []*graph.Value) (out []*graph.Value) {
		for _, fn := range []op.BinaryFn{op.Equal, op.Less, op.LessEqual, op.Greater, op.GreaterEqual} {
			out = append(out, b.Cast(b.Binary(fn, in[0], in[1]), tensor.Float32), b.Select(b.Binary(fn, in[1], in[0]), in[0], in[1]))
		}
		return out
	}},
	{"arithmetic", [][]int{{3, 2, 4, 5}, {3, 4, 5}, {5}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		x, y := in[0], b.ExpandDims(in[1], 1)
		return []*graph.Value{
			b.Add(x, y), b.Sub(y, x), b.Mul(b.Div(x, b.Offset(b.Abs(y), 1)), b.Constant(tensor.Float32, .3)),
			b.Max(x, y), b.Min(x, y), b.Binary(op.Pow, b.Offset(b.Abs(x), .1), y), b.Clip(x, -.5, .25),
		}
	}},
	{"images beside vectors and scalars", [][]int{{2, 6, 5, 4}, {2, 4}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		w := op.Window{Size: one, Stride: one, Dilation: one}
		y := b.Conv2D(in[0], weights(b, "filter", 1, 1, 4, 4), w)
		gate := b.Reshape(in[1], tensor.Unknown, 1, 1, 4)
		plane := weights(b, "plane", 6, 5, 1)
		return []*graph.Value{b.Mul(y, gate), b.Add(y, weights(b, "vector", 4)), b.Add(y, plane), b.Sub(plane, y), b.Add(in[0], y), b.Concat(2, in[0], y)}
	}},
	{"reductions", [][]int{{3, 4, 5, 2}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		w := op.Window{Size: one, Stride: one, Dilation: one}
		y := b.Conv2D(in[0], weights(b, "filter", 1, 1, 2, 3), w)
		return []*graph.Value{
			b.Sum(y, 1), b.SumKeep(y, 2), b.Mean(y, 1, 2), b.Mean(y, 3), b.Mean(y, 1, 3), b.ReduceMax(y, 1, 2), b.ReduceMax(y, 2, 3), b.ReduceMaxKeep(y, 0),
			b.Reshape(b.Sum(y), 1), b.Reshape(b.Mean(y), 1), b.Cast(b.ArgMax(y), tensor.Float32), b.CumSum(y, false), b.CumSum(in[0], true), b.Softmax(y),
			b.Reshape(b.Size(y, 0, 1), 1),
		}
	}},
	{"shapes", [][]int{{3, 4, 5, 2}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		w := op.Window{Size: one, Stride: one, Dilation: one}
		x, y := in[0], b.Conv2D(in[0], weights(b, "filter", 1, 1, 2, 2), w)
		all := tensor.Unknown
		return []*graph.Value{
			b.Transpose(y, 0, 3, 1, 2), b.Transpose(b.Transpose(x, 3, 0, 1, 2), 1, 2, 3, 0), b.Reshape(y, all, 40), b.Reshape(y, all, 2, 20), b.Reshape(x, all, 1, 4, 5, 2),
			b.Slice(y, []int{0, 1, 0, 1}, []int{all, 2, all, 1}), b.Pad(y, []int{0, 1, 0, 2}, []int{0, 0, 3, 1}, .5), b.Concat(3, x, y, x), b.Concat(1, y, y),
			b.Squeeze(b.ExpandDims(y, 2), 2), b.ExpandDims(b.Sum(y, 3), 3), b.BroadcastLike(weights(b, "plane", 5, 1), y), b.Op(op.ReshapeLike{}, b.Reshape(y, all, 40), y),
			b.Mul(b.Index(y, 2), x), b.Mul(b.Index(x, 0), x), b.Iota(y, 3), b.Op(op.StraightThrough{}, y, b.Floor(y)),
			b.Op(op.Slice{Begin: []int{0, 1, 0, 0}, Size: []int{all, all, all, all}, End: []int{0, 1, 2, 0}}, y),
		}
	}},
	{"products", [][]int{{3, 4}, {3, 4, 6}, {3, 5, 6}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		w := weights(b, "w", 4, 2)
		return []*graph.Value{
			b.MatMul(in[0], w), b.Add(b.MatMul(in[0], w), weights(b, "bias", 2)), b.Op(op.MatMul{TransposeB: true}, in[0], weights(b, "v", 5, 4)),
			b.Op(op.MatMul{TransposeA: true}, in[0], in[0]), b.MatMul(b.Transpose(weights(b, "u", 4, 7), 1, 0), b.Transpose(in[0], 1, 0)),
			b.Op(op.BatchMatMul{TransposeB: true}, in[1], in[2]), b.Op(op.BatchMatMul{TransposeA: true}, in[1], in[1]), b.BatchMatMul(in[1], b.Transpose(in[2], 0, 2, 1)),
			b.Reshape(b.MatMul(b.Reshape(in[1], tensor.Unknown, 6), weights(b, "k", 6, 3)), tensor.Unknown, 4, 3),
			b.Reshape(b.MatMul(b.Reshape(in[1], tensor.Unknown, 6), weights(b, "l", 6, 4)), tensor.Unknown, 4, 2, 2),
		}
	}},
	{"tables", [][]int{{4, 3}}, true, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		i := b.Cast(in[0], tensor.Int32)
		j := b.Cast(b.Abs(in[0]), tensor.Int32)
		return []*graph.Value{b.Gather(weights(b, "table", 5, 2), j), b.Gather(weights(b, "table", 5, 2), i), b.OneHot(i, 3, tensor.Float32)}
	}},
	{"remainders", [][]int{{3, 5}, {5}}, true, func(b *graph.Builder, in []*graph.Value) (out []*graph.Value) {
		x, y := in[0], b.Offset(in[1], .5)
		i, j := b.Cast(in[0], tensor.Int32), b.Cast(b.Offset(b.Scale(in[1], 2), 1), tensor.Int32)
		for _, fn := range []op.BinaryFn{op.Mod, op.FMod} {
			out = append(out, b.Binary(fn, x, y), b.Cast(b.Binary(fn, i, j), tensor.Float32))
		}
		return out
	}},
	{"bits", [][]int{{3, 5}, {5}}, true, func(b *graph.Builder, in []*graph.Value) (out []*graph.Value) {
		x, y := b.Cast(b.Abs(in[0]), tensor.Uint8), b.Cast(b.Abs(in[1]), tensor.Uint8)
		for _, fn := range []op.BinaryFn{op.BitAnd, op.BitOr, op.BitXor, op.ShiftLeft, op.ShiftRight} {
			out = append(out, b.Cast(b.Binary(fn, x, y), tensor.Float32))
		}
		return out
	}},
	{"entries", [][]int{{3, 4, 5}, {3, 6}}, true, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		x := b.Op(op.Binary{Fn: op.Add}, in[0], weights(b, "w", 4, 5))
		at := tensor.Of([]int32{2, 0, -1}, 3)
		i := b.Op(op.Const{Value: at})
		top := b.Op(op.TopK{K: 3}, x)
		table := weights(b, "table", 6, 2)
		rows := weights(b, "rows", 3, 2)
		return []*graph.Value{
			b.Op(op.Gather{Axis: 1}, x, i), b.Op(op.Gather{Axis: 2}, x, i), top, b.Cast(top.Node.Out[1], tensor.Float32), b.Op(op.TopK{K: 2, Smallest: true}, b.Transpose(x, 0, 2, 1)),
			b.Op(op.Scatter{}, table, i, rows), b.Op(op.Scatter{Fn: op.Add}, table, i, rows), b.Op(op.Scatter{Fn: op.Mul}, table, i, rows),
			b.Op(op.Reduce{Fn: op.ReduceMin, Axes: []int{1}}, x), b.Op(op.Reduce{Fn: op.ReduceProd, Axes: []int{2}, KeepDims: true}, x),
		}
	}},
	{"normalizations", [][]int{{3, 4, 5, 6}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		x, gamma, beta := in[0], weights(b, "gamma", 6), weights(b, "beta", 6)
		variance := b.Square(weights(b, "deviation", 6))
		scale := b.Div(gamma, b.Sqrt(b.Offset(variance, .01)))
		plain := b.Div(b.Constant(tensor.Float32, 1), b.Sqrt(b.Offset(variance, .01)))
		mean := weights(b, "mean", 6)
		flat := b.Reshape(x, tensor.Unknown, 6)
		return []*graph.Value{
			b.Add(b.Mul(x, scale), b.Sub(beta, b.Mul(mean, scale))), b.Add(b.Mul(x, plain), b.Neg(b.Mul(mean, plain))), b.Add(b.Mul(flat, scale), b.Sub(beta, b.Mul(mean, scale))),
			b.LayerNorm(x, gamma, beta, 1e-3), b.LayerNorm(x, nil, nil, 1e-3), b.LayerNorm(b.Transpose(x, 0, 2, 1, 3), gamma, nil, 1e-3), b.LayerNorm(x, nil, beta, 1e-3),
			b.Sparsemax(x),
		}
	}},
	{"windows", [][]int{{2, 9, 8, 4}}, false, func(b *graph.Builder, in []*graph.Value) (out []*graph.Value) {
		x := in[0]
		for _, w := range []op.Window{
			{Size: [2]int{3, 2}, Stride: [2]int{2, 1}, Dilation: one, Padding: op.Same}, {Size: [2]int{2, 3}, Stride: one, Dilation: [2]int{2, 1}},
			{Size: [2]int{3, 3}, Stride: [2]int{2, 3}, Dilation: one, Padding: op.Explicit, Pads: [2][2]int{{2, 1}, {0, 1}}}, {Size: [2]int{3, 2}, Stride: one, Dilation: one, Padding: op.Causal},
		} {
			filter := weights(b, fmt.Sprintf("filter%d%d", w.Size[0], w.Size[1]), w.Size[0], w.Size[1], 4, 3)
			out = append(out, b.Conv2D(x, filter, w), b.DepthwiseConv2D(x, filter, w))
			out = append(out, b.Op(op.Conv2D{Window: w, Groups: 2}, x, weights(b, fmt.Sprintf("groups%d%d", w.Size[0], w.Size[1]), w.Size[0], w.Size[1], 2, 6)))
			if w.Dilation == one && w.Padding != op.Causal {
				out = append(out, b.MaxPool2D(x, w), b.AveragePool2D(x, w))
			}
		}
		padded := b.Pad(x, []int{0, 1, 2, 0}, []int{0, 0, 1, 0}, 0)
		w := op.Window{Size: [2]int{3, 3}, Stride: one, Dilation: one}
		computed := b.Scale(weights(b, "filter33", 3, 3, 4, 3), .5)
		out = append(out, b.Conv2D(padded, weights(b, "filter33", 3, 3, 4, 3), w), b.MaxPool2D(padded, w), b.MaxPool2D(b.Pad(b.ReLU(x), []int{0, 1, 2, 0}, []int{0, 0, 1, 0}, 0), w))
		out = append(out, b.Conv2D(x, computed, w), b.DepthwiseConv2D(x, computed, w))
		up := weights(b, "up", 3, 2, 5, 4)
		for _, o := range []op.Conv2DTranspose{
			{Window: op.Window{Size: [2]int{3, 2}, Stride: [2]int{2, 3}, Dilation: one, Padding: op.Same}, Last: [2]int{2, 3}},
			{Window: op.Window{Size: [2]int{3, 2}, Stride: [2]int{2, 1}, Dilation: one}, Last: [2]int{4, 2}},
			{Window: op.Window{Size: [2]int{3, 2}, Stride: one, Dilation: [2]int{2, 2}}, Last: [2]int{5, 3}},
		} {
			out = append(out, b.Op(o, x, up))
		}
		return out
	}},
	{"resizing", [][]int{{2, 6, 9, 3}}, false, func(b *graph.Builder, in []*graph.Value) (out []*graph.Value) {
		for m := op.Nearest; m <= op.AdaptiveMean; m++ {
			out = append(out, b.Op(op.Resize{Size: [2]int{4, 5}, Method: m}, in[0]), b.Op(op.Resize{Size: [2]int{3, 18}, Method: m, Antialias: m != op.Nearest && m < op.Area}, in[0]))
		}
		out = append(out, b.Op(op.Resize{Scale: [2]int{2, 3}}, in[0]), b.Op(op.Resize{Scale: [2]int{2, 3}, Method: op.Bilinear}, in[0]))
		return append(out, b.Op(op.AdaptiveMaxPool2D{Size: [2]int{2, 3}}, in[0]), b.Op(op.AdaptiveMaxPool2D{Size: [2]int{4, 2}}, in[0]))
	}},
	{"sequences", [][]int{{2, 9, 4}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		w := op.Window{Size: [2]int{1, 3}, Stride: [2]int{1, 2}, Dilation: one, Padding: op.Same}
		row := b.ExpandDims(in[0], 1)
		filter := b.ExpandDims(weights(b, "filter", 3, 4, 5), 0)
		y := b.Conv2D(row, filter, w)
		return []*graph.Value{
			b.Squeeze(b.ReLU(b.Add(y, weights(b, "bias", 5))), 1), b.Squeeze(b.MaxPool2D(row, w), 1), b.Squeeze(b.DepthwiseConv2D(row, filter, w), 1),
			b.Squeeze(b.Mul(b.Scale(y, 2), b.Sigmoid(y)), 1), y, b.Add(y, weights(b, "plane", 5, 1)),
			b.Squeeze(b.Conv2D(row, b.Scale(filter, 2), w), 1),
		}
	}},
	{"outputs", [][]int{{2, 3}}, false, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		y := b.Exp(in[0])
		return []*graph.Value{in[0], y, y, weights(b, "w", 2, 3)}
	}},
}

// since has the oldest opsets of cases that need a newer one than the default.
var since = map[string]int{"bits": 18}

// TestWrite compares the ops of all rules with ONNX Runtime, in all opsets and both orders of dimensions.
func TestWrite(t *testing.T) {
	written := map[string]bool{}
	dir := t.TempDir()
	var jobs []pyrun.Job
	var want [][]*tensor.Tensor
	var names []string
	for i, c := range writeCases {
		in := make([]*tensor.Tensor, len(c.in))
		for k, shape := range c.in {
			in[k] = graphtest.Formula(k+1, -1, 1, shape...)
			if c.floor {
				for j := range in[k].Float32s() {
					in[k].Float32s()[j] = float32((j*7+k*3)%9 - 4)
				}
			}
		}
		m := graphtest.New(t, false, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value { return c.build(b.In("it", ""), in) })
		for _, n := range m.Graph.Nodes {
			written[n.Op.Name()] = true
		}
		for _, opset := range onnxgraph.Opsets {
			for _, first := range []bool{false, true} {
				model, err := onnxgraph.Write(m.Graph, m.Store, onnxgraph.WriteOptions{Opset: opset, ChannelsFirst: first})
				if opset < since[c.name] {
					if err == nil || !strings.Contains(err.Error(), "opset 21") {
						t.Errorf("%s: error is %v, want one that names the newer opset", c.name, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
					continue
				}
				if err := onnxcheck.Structure(model); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				path := filepath.Join(dir, fmt.Sprintf("%d-%d-%v.onnx", i, opset, first))
				f, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := onnx.Write(f, model); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
				given := make([]*tensor.Tensor, len(in))
				for k, x := range in {
					if given[k] = x; first && len(x.Shape()) == 4 {
						given[k] = transposed(x)
					}
				}
				jobs, names = append(jobs, pyrun.Job{Path: path, Inputs: given}), append(names, fmt.Sprintf("%s, opset %d, channels first %v", c.name, opset, first))
				want = append(want, m.Run(t, in...))
			}
		}
	}
	for _, name := range onnxgraph.Written() {
		if !written[name] {
			t.Errorf("no case has the op %s", name)
		}
	}
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("the comparison needs ONNX Runtime: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	results, err := onnxcheck.Run(context.Background(), python, jobs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %v", names[i], r.Err)
			continue
		}
		for k, w := range want[i] {
			got := r.Outputs[k]
			if !got.Shape().Equal(w.Shape()) {
				t.Errorf("%s: output %d has shape %v, want %v", names[i], k, got.Shape(), w.Shape())
				continue
			}
			for j, x := range w.Float32s() {
				if !graphtest.Near(float64(got.Float32s()[j]), float64(x), 1e-5, 1e-6) {
					t.Errorf("%s: output %d: element %d is %v, want %v", names[i], k, j, got.Float32s()[j], x)
					break
				}
			}
		}
	}
}

// transposed returns images with the channels before the height.
func transposed(x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	y := tensor.New(x.DType(), s[0], s[3], s[1], s[2])
	for i := range y.Float32s() {
		n, c, p := i/(s[3]*s[1]*s[2]), i/(s[1]*s[2])%s[3], i%(s[1]*s[2])
		y.Float32s()[i] = x.Float32s()[(n*s[1]*s[2]+p)*s[3]+c]
	}
	return y
}

// TestWriteRefuses checks that the error lists each op that ONNX lacks, with its layer.
func TestWriteRefuses(t *testing.T) {
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, tensor.Unknown, 6, 3)
	y := b.In("clahe", "").Op(op.LocalEqualization{Limit: 2, Grid: [2]int{2, 2}}, x)
	y = b.In("resizing", "").Op(op.Resize{Size: [2]int{4, 4}, Method: op.Bicubic}, y)
	g, err := b.Finish(graph.Output{Key: "y", Value: y})
	if err != nil {
		t.Fatal(err)
	}
	_, err = onnxgraph.Write(g, store, onnxgraph.WriteOptions{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"clahe: LocalEqualization: ONNX has no such operator", "resizing: Resize: ONNX has no operator for this with images of unknown height or width"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	for want, o := range map[string]onnxgraph.WriteOptions{"opset is 13": {Opset: 13}, "there are 2 names for 1 outputs": {Outputs: []string{"a", "b"}}} {
		if _, err := onnxgraph.Write(g, store, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}
