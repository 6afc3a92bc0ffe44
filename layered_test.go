package lince

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// noiseFor returns values for a model's inputs.
func noiseFor(m *Model) (list []*tensor.Tensor) {
	for _, s := range m.inputs {
		shape := s.Shape()
		for i, d := range shape {
			if d == tensor.Unknown {
				shape[i] = []int{2, 16, 16, 3}[i]
			}
		}
		list = append(list, graphtest.Formula(3, -1, 1, shape...))
	}
	return list
}

// layeredModels are files of other kinds whose graphs become layers, with layers that they must have. exact says that the graph has the ops
// of the layers, so that the bits are equal.
var layeredModels = map[string]struct {
	classes []string
	exact   bool
}{
	onnxModels + "/torch_resnet.onnx":              {[]string{"ZeroPadding2D", "Conv2D", "MaxPooling2D", "Add", "GlobalAveragePooling2D", "Dense"}, true},
	onnxModels + "/torch_resnet_train.onnx":        {[]string{"BatchNormalization"}, true},
	onnxModels + "/torch_mobilenetv2.onnx":         {[]string{"DepthwiseConv2D"}, true},
	onnxModels + "/dynamo_mobilenetv3.onnx":        {[]string{"Multiply", "Activation"}, true},
	onnxModels + "/torch_densenet.onnx":            {[]string{"Concatenate", "BatchNormalization", "AveragePooling2D"}, true},
	onnxModels + "/dynamo_squeezenet.onnx":         {[]string{"Concatenate"}, true},
	onnxModels + "/torch_shufflenet.onnx":          {[]string{"Reshape"}, true},
	onnxModels + "/torch_unet.onnx":                {[]string{"Conv2DTranspose"}, true},
	onnxModels + "/torch_convnext.onnx":            {[]string{"LayerNormalization", "Dense"}, false},
	onnxModels + "/tf2onnx_18.onnx":                {[]string{"Rescaling", "UpSampling2D", "LeakyReLU", "ELU"}, false},
	onnxModels + "/quantized_qdq.onnx":             {[]string{"Round"}, true},
	"internal/tflitegraph/testdata/cnn.tflite":     {[]string{"Conv2D", "Dense"}, true},
	"internal/tflitegraph/testdata/decoder.tflite": {[]string{"Conv2DTranspose"}, true},
	"internal/tflitegraph/testdata/mobile.tflite":  {[]string{"DepthwiseConv2D"}, true},
}

// A graph becomes layers that predict the same, also after they are saved.
func TestLayered(t *testing.T) {
	for path, c := range layeredModels {
		t.Run(filepath.Base(path), func(t *testing.T) {
			m := must(on(1).Open(path))
			l, err := m.Layered()
			if err != nil {
				t.Fatal(err)
			}
			var classes []string
			for _, x := range l.layers {
				classes = append(classes, x.Class())
			}
			for _, want := range append(c.classes, "InputLayer") {
				if !slices.Contains(classes, want) {
					t.Errorf("the layers are %q, want a %s", classes, want)
				}
			}
			if slices.Contains(classes, "Graph") || !slices.Equal(l.InputNames(), m.InputNames()) {
				t.Errorf("layers %q, inputs %q", classes, l.InputNames())
			}
			x := noiseFor(m)
			want, bound := must(m.Call(x...)), float32(1e-6)
			if c.exact {
				bound = 0
			}
			for name, y := range map[string]*Model{"new": l, "opened": must(reopen(l))} {
				got := must(y.Call(x...))
				if len(got) != len(want) {
					t.Fatalf("%s: %d outputs, want %d", name, len(got), len(want))
				}
				for i := range want {
					if !closeTo(got[i], want[i], bound) {
						t.Errorf("%s: output %d is %v, want %v", name, i, got[i], want[i])
					}
				}
			}
		})
	}
}

// The layers' names are those of the nodes, and the weights are copies.
func TestLayeredWeights(t *testing.T) {
	m := must(on(1).Open(onnxModels + "/torch_resnet_train.onnx"))
	x := noiseFor(m)
	want := must(m.PredictBatch(x[0]))
	m.Classes, m.Preprocessing = []string{"a", "b", "c", "d", "e"}, Preprocessing{preprocess.Rescale{Scale: 1. / 255}}
	l := must(m.Layered())
	if !slices.Equal(l.Classes, m.Classes) || l.Preprocessing == nil {
		t.Errorf("classes %q, preprocessing %v", l.Classes, l.Preprocessing)
	}
	var names []string
	for _, x := range l.layers {
		names = append(names, x.name)
	}
	for _, name := range []string{"c_c.0_Conv_pad", "a_a.0_Conv", "a_a.1_BatchNormalization", "head_head.2_Gemm"} {
		if !slices.Contains(names, name) {
			t.Errorf("the layers are %q, want %s", names, name)
		}
	}
	for _, v := range l.Variables() {
		if moving := strings.Contains(v.Path(), "moving_"); v.Trainable() == moving {
			t.Errorf("%s is trainable: %v", v.Path(), v.Trainable())
		}
	}
	for _, w := range l.store.Variables() {
		clear(w.Value().Raw())
	}
	l.store.Changed()
	if !bytes.Equal(must(m.PredictBatch(x[0])).Raw(), want.Raw()) {
		t.Error("the model changes with the weights of its layers")
	}
}

// Patterns are built once, not for each node: a graph of many equal nodes has those of a small one.
func TestLayeredPatterns(t *testing.T) {
	patterns := func(nodes int) int {
		b := graph.NewBuilder(graph.NewStore(), false)
		x := b.Input("x", tensor.Float32, tensor.Unknown, 4, 4, 2)
		y := x
		for range nodes {
			y = b.ReLU(b.Sub(b.Add(y, x), x))
		}
		g := must(b.Finish(graph.Output{Key: "y", Value: y}))
		r := &raiser{patterns: map[patternKey]*pattern{}}
		if matches := must(r.cover(g)); len(matches) != 3*nodes {
			t.Errorf("%d nodes have layers, want %d", len(matches), 3*nodes)
		}
		for _, n := range g.Nodes {
			for _, propose := range raisers {
				for _, c := range propose(n.Out[0]) {
					if c.key.name == "" {
						t.Fatalf("the pattern of %T for a %s is not kept", c.layer, n.Op.Name())
					}
				}
			}
		}
		return len(r.patterns)
	}
	if few, many := patterns(2), patterns(40); few != many {
		t.Errorf("%d patterns for 6 nodes, %d for 120", few, many)
	}
}

// What no layer computes is named, all at once; models with layers stay unchanged.
func TestLayeredRefused(t *testing.T) {
	m := must(on(1).Open(onnxModels + "/torch_vit.onnx"))
	_, err := m.Layered()
	const want = "the graph in layer graph cannot become layers: no layer of Keras computes BatchMatMul (2 times, first in /MatMul), BroadcastLike (once, in /Expand), Index (once, in /Expand)"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	b := graph.NewBuilder(graph.NewStore(), false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 4, 4, 2)
	// A maximum of negative numbers and zeros is not that of the numbers.
	y := b.MaxPool2D(x, op.Window{Size: [2]int{3, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Padding: op.Explicit, Pads: [2][2]int{{1, 1}, {1, 1}}})
	m = must(on(1).FromGraph(must(b.Finish(graph.Output{Key: "y", Value: y})), b.Store()))
	if _, err := m.Layered(); err == nil || !strings.Contains(err.Error(), "MaxPool2D (once") {
		t.Errorf("error %v, want one about MaxPool2D", err)
	}
	l := must(must(on(1).Open(onnxModels + "/torch_resnet.onnx")).Layered())
	if again := must(l.Layered()); again != l {
		t.Error("a model with layers is not returned unchanged")
	}
}
