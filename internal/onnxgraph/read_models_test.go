package onnxgraph

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// goldenModel is a model that internal/golden/onnx_models.py wrote, with an input and the outputs of ONNX Runtime.
type goldenModel struct {
	name    string
	model   *onnx.Model
	input   *tensor.Tensor
	outputs map[string]*tensor.Tensor
}

// goldenModels reads all models of a folder.
func goldenModels(t testing.TB, dir string) []goldenModel {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no models in ", dir, err)
	}
	var list []goldenModel
	for _, path := range paths {
		g := goldenModel{name: strings.TrimSuffix(filepath.Base(path), ".onnx"), outputs: map[string]*tensor.Tensor{}}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if g.model, err = onnx.Read(bytes.NewReader(b), int64(len(b)), nil); err != nil {
			t.Fatal(path, err)
		}
		arrays, err := npy.ReadArchive(strings.TrimSuffix(path, ".onnx") + ".npz")
		if err != nil {
			t.Fatal(err)
		}
		for name, a := range arrays {
			if out, ok := strings.CutPrefix(name, "out:"); ok {
				g.outputs[out] = a
				continue
			}
			x := a.Float32s()
			var shape []int
			for _, d := range x[2:] {
				shape = append(shape, int(d))
			}
			g.input = graphtest.Formula(1, float64(x[0]), float64(x[1]), shape...)
		}
		list = append(list, g)
	}
	return list
}

// run runs a graph that was read from the model, on its input.
func (g goldenModel) run(b backend.Backend, r *Result) (map[string]*tensor.Tensor, error) {
	x := g.input
	if s := r.Graph.Inputs[0].Shape; !s.Fits(x.Shape()) { // channels last
		x = numbers.Permute(x, []int{0, 2, 3, 1})
	}
	s, err := r.Graph.Specialize([]tensor.Shape{x.Shape()})
	if err != nil {
		return nil, err
	}
	p, err := b.Compile(r.Graph, r.Store)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out := map[string]*tensor.Tensor{}
	var list []*tensor.Tensor
	for _, o := range s.Outputs {
		out[o.Key] = tensor.New(o.Value.DType, o.Value.Shape...)
		list = append(list, out[o.Key])
	}
	return out, p.Run([]*tensor.Tensor{x}, list)
}

// check compares the outputs of a run with those of ONNX Runtime.
func (g goldenModel) check(t *testing.T, out map[string]*tensor.Tensor, bound float64) {
	t.Helper()
	if len(out) != len(g.outputs) {
		t.Errorf("got %d outputs, want %d", len(out), len(g.outputs))
	}
	for name, want := range g.outputs {
		got := out[name]
		if got == nil {
			t.Errorf("no output %s", name)
			continue
		}
		if s := want.Shape(); len(s) == 4 && !got.Shape().Equal(s) { // channels last
			got = numbers.Permute(got, []int{0, 3, 1, 2})
		}
		if !got.Shape().Equal(want.Shape()) || got.DType() != want.DType() {
			t.Errorf("output %s is %v, want %v", name, got, want)
			continue
		}
		largest := 0.0
		for i, w := range want.Float32s() {
			largest = max(largest, math.Abs(float64(got.Float32s()[i]-w)))
		}
		if !(largest <= bound) {
			t.Errorf("output %s differs by %v, want at most %v", name, largest, bound)
		}
	}
}

// bound is the largest difference from ONNX Runtime that float32 justifies. One step of a quantized value may go the other way.
func (g goldenModel) bound() float64 {
	if strings.HasPrefix(g.name, "quantized") {
		return .06
	}
	return 2e-5
}

func newEngine(t testing.TB) backend.Backend {
	t.Helper()
	e, err := engine.New(engine.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestModels compares networks that the usual exporters wrote with ONNX Runtime, in the layout of the file and in lince's, and with
// a batch of 3 where the file has 1 or 2.
func TestModels(t *testing.T) {
	e := newEngine(t)
	for _, g := range goldenModels(t, "testdata/models") {
		for _, o := range []ReadOptions{{}, {ChannelsLast: true, FreeBatch: true}} {
			t.Run(fmt.Sprintf("%s/last=%v", g.name, o.ChannelsLast), func(t *testing.T) {
				r, err := Read(g.model, o)
				if err != nil {
					t.Fatal(err)
				}
				out, err := g.run(e, r)
				if err != nil {
					t.Fatal(err)
				}
				g.check(t, out, g.bound())
				if !o.ChannelsLast {
					return
				}
				if in := r.Graph.Inputs[0]; in.Shape[0] != tensor.Unknown || in.Shape[3] != 3 {
					t.Errorf("the input is %v, want (None, height, width, 3)", in.Shape)
				}
				// A batch that repeats the first image gives the first result for each.
				x := g.input
				g.input = tensor.New(tensor.Float32, append([]int{3}, x.Shape()[1:]...)...)
				for i := range 3 {
					copy(g.input.Row(i).Float32s(), x.Row(0).Float32s())
				}
				for name, y := range g.outputs {
					rows := tensor.New(tensor.Float32, append([]int{3}, y.Shape()[1:]...)...)
					for i := range 3 {
						copy(rows.Row(i).Float32s(), y.Row(0).Float32s())
					}
					g.outputs[name] = rows
				}
				if out, err = g.run(e, r); err != nil {
					t.Fatal(err)
				}
				g.check(t, out, g.bound())
				for name, y := range g.outputs {
					g.outputs[name] = y.Rows(0, min(3, x.Shape()[0]))
				}
			})
		}
	}
}

// TestRecurrent compares LSTM, GRU and RNN with ONNX Runtime.
func TestRecurrent(t *testing.T) {
	e := newEngine(t)
	for _, g := range goldenModels(t, "testdata/recurrent") {
		t.Run(g.name, func(t *testing.T) {
			r, err := Read(g.model, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			out, err := g.run(e, r)
			if err != nil {
				t.Fatal(err)
			}
			g.check(t, out, g.bound())
		})
	}
}

// TestOpsets compares models in each opset from 7 to 23 with ONNX Runtime.
func TestOpsets(t *testing.T) {
	dir := t.TempDir()
	testenv.Python(t, "onnx_models.py", "opsets", dir)
	e := newEngine(t)
	models := goldenModels(t, dir)
	if len(models) != 2*17 {
		t.Errorf("got %d models, want 34", len(models))
	}
	for _, g := range models {
		t.Run(g.name, func(t *testing.T) {
			r, err := Read(g.model, ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			out, err := g.run(e, r)
			if err != nil {
				t.Fatal(err)
			}
			g.check(t, out, 1e-6)
		})
	}
}

// TestLayout counts the transposes in graphs of networks that PyTorch exported: at most one at the input, which has the channels
// first, and one before Flatten.
func TestLayout(t *testing.T) {
	for _, g := range goldenModels(t, "testdata/models") {
		if !slices.ContainsFunc([]string{"resnet", "mobilenet", "densenet", "squeezenet", "shufflenet", "convnext", "unet", "tf2onnx", "keras"}, func(net string) bool { return strings.Contains(g.name, net) }) {
			continue
		}
		for _, last := range []bool{false, true} {
			r, err := Read(g.model, ReadOptions{ChannelsLast: last, FreeBatch: true})
			if err != nil {
				t.Fatal(g.name, err)
			}
			most := 1
			if last {
				most = 0
			}
			if !last && strings.Contains(g.name, "unet") || strings.Contains(g.name, "shufflenet") { // its output is an image; it shuffles channels
				most++
			}
			if n := transposes(r.Graph); len(n) > most {
				t.Errorf("%s, channels last %v: %d transposes, want at most %d: %v", g.name, last, len(n), most, n)
			}
		}
	}
}

// transposes describes the Transpose nodes of a graph.
func transposes(g *graph.Graph) []string {
	var list []string
	for _, n := range g.Nodes {
		if o, ok := n.Op.(op.Transpose); ok {
			list = append(list, fmt.Sprint(n.Layer, n.In[0].Type, o.Perm))
		}
	}
	return list
}
