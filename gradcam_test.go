package lince_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// gradCAMCase is a case of internal/golden/gradcam.py.
type gradCAMCase struct {
	Model   json.RawMessage
	Layer   string
	Named   bool
	Classes []int
	Shape   []int
	Maps    []float32
}

// model returns the network with the weights of the case.
func (c gradCAMCase) model(t *testing.T) *lince.Model {
	t.Helper()
	m, err := lince.FromJSON(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	var weights []*tensor.Tensor
	for i, w := range m.Weights() {
		low, high := -.3, .3
		if strings.Contains(m.Variables()[i].Path(), "variance") {
			low, high = .5, 1.5
		}
		weights = append(weights, graphtest.Formula(i, low, high, w.Shape()...))
	}
	if err := m.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	return m
}

// gradCAMError bounds the difference from TensorFlow's maps, relative to the largest value of a case. A value is a chain of sums of at most 120 terms in float32, of which each
// rounds by 2^-24.
const gradCAMError = 120 * 0x1p-24

// closeMaps compares heat maps with those of a case.
func (c gradCAMCase) closeMaps(t *testing.T, got *tensor.Tensor) {
	t.Helper()
	if !slices.Equal(got.Shape(), c.Shape) {
		t.Fatalf("the maps have the shape %v, want %v", got.Shape(), c.Shape)
	}
	largest := float64(slices.Max(c.Maps))
	for i, v := range got.Float32s() {
		if math.Abs(float64(v-c.Maps[i])) > gradCAMError*largest {
			t.Errorf("value %d is %v, TensorFlow's %v", i, v, c.Maps[i])
		}
	}
}

// TestGradCAM compares heat maps with those of tf.GradientTape.
func TestGradCAM(t *testing.T) {
	var cases map[string]gradCAMCase
	readJSON(t, &cases, "testdata", "gradcam.json")
	if len(cases) != 7 {
		t.Fatalf("%d cases", len(cases))
	}
	images := graphtest.Formula(100, 0, 1, 3, 12, 10, 3)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := c.model(t)
			var o lince.GradCAMOptions
			if c.Named {
				o.Layer = c.Layer
			}
			g, err := m.GradCAM(o)
			if err != nil {
				t.Fatal(err)
			}
			if g.Layer() != c.Layer {
				t.Errorf("the feature map is that of %s, want %s", g.Layer(), c.Layer)
			}
			maps, err := g.Maps(images, c.Classes)
			if err != nil {
				t.Fatal(err)
			}
			c.closeMaps(t, maps)
		})
	}

	t.Run("nested", func(t *testing.T) {
		c := cases["residual"]
		m := c.model(t)
		body, err := lince.Options{Name: "body"}.Functional(m.Inputs(), m.Layer("last").Output())
		if err != nil {
			t.Fatal(err)
		}
		whole, err := lince.Sequential(body, layer.GlobalAveragePool2D{}, layer.Dense{Units: 4, Activation: layer.Softmax, Name: "classes"})
		if err != nil {
			t.Fatal(err)
		}
		dense := m.Layers()[len(m.Layers())-1]
		if err := whole.Layer("classes").SetWeights(dense.Weights()); err != nil {
			t.Fatal(err)
		}
		g, err := whole.GradCAM(lince.GradCAMOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if g.Layer() != "body/last" {
			t.Errorf("the feature map is that of %s", g.Layer())
		}
		maps, err := g.Maps(images, c.Classes)
		if err != nil {
			t.Fatal(err)
		}
		c.closeMaps(t, maps)
	})

	t.Run("onnx", func(t *testing.T) {
		c := cases["tutorial"]
		path := t.TempDir() + "/model.onnx"
		if err := c.model(t).Export(path, lince.ExportOptions{}); err != nil {
			t.Fatal(err)
		}
		m, err := lince.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.GradCAM(lince.GradCAMOptions{})
		if err != nil {
			t.Fatal(err)
		}
		maps, err := g.Maps(images, c.Classes)
		if err != nil {
			t.Fatal(err)
		}
		c.closeMaps(t, maps)
	})
}

// TestGradCAMErrors checks networks without a feature map, and wrong arguments.
func TestGradCAMErrors(t *testing.T) {
	make := func(layers ...layer.Layer) *lince.Model {
		m, err := lince.Sequential(append([]layer.Layer{layer.Input{Shape: []int{8, 8, 3}}}, layers...)...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	softmax := layer.Dense{Units: 3, Activation: layer.Softmax}
	for name, m := range map[string]*lince.Model{
		"dense":   make(layer.Flatten{}, softmax),
		"patches": make(layer.Conv2D{Filters: 4, Kernel: layer.Size{4, 4}, Strides: layer.Size{4, 4}}, layer.Reshape{Shape: []int{4, 4}}, layer.Conv1D{Filters: 3, Kernel: 2}, layer.Flatten{}, softmax),
		"pixel":   make(layer.Conv2D{Filters: 4, Kernel: layer.Size{8, 8}}, layer.Flatten{}, softmax),
	} {
		if _, err := m.GradCAM(lince.GradCAMOptions{}); !errors.Is(err, lince.ErrNoFeatureMap) {
			t.Errorf("%s: got %v, want ErrNoFeatureMap", name, err)
		}
	}
	m := make(layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Name: "conv"}, layer.GlobalAveragePool2D{Name: "pool"}, softmax)
	for name, want := range map[string]string{"none": `no layer "none"`, "pool": "must have the shape (batch, height, width, channels), got"} {
		if _, err := m.GradCAM(lince.GradCAMOptions{Layer: name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("layer %s: got %v, want %q", name, err, want)
		}
	}
	g, err := m.GradCAM(lince.GradCAMOptions{})
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 2, 8, 8, 3)
	for want, classes := range map[string][]int{
		"one class for each example of the batch, got 1 classes":    {0},
		"example 1 has the class 3, want a class index from 0 to 2": {0, 3},
		"example 0 has the class -1":                                {-1, 0},
	} {
		if _, err := g.Maps(x, classes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("classes %v: got %v, want %q", classes, err, want)
		}
	}
	if _, err := g.Maps(nil, nil); err == nil {
		t.Error("no error for a nil tensor")
	}
	sequence := make(layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}})
	if _, err := sequence.GradCAM(lince.GradCAMOptions{}); err == nil || !strings.Contains(err.Error(), "(batch, classes)") {
		t.Errorf("got %v for a model of images", err)
	}
}
