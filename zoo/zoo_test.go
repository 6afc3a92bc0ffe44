package zoo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/safetensors"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// golden is what efficientnet_lite_pytorch computes; see internal/golden/torch_networks.py.
type golden struct {
	Side, Classes    int
	Names            []string
	Logits, Features []float32
}

func goldens(t testing.TB) map[string]golden {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "efficientnet_lite.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g map[string]golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// order returns the names of the state dict in PyTorch's order.
func (v liteVariant) order() (names []string) {
	module := func(name string, normalization bool) {
		names = append(names, name+".weight")
		if normalization {
			names = append(names, name+".bias", name+".running_mean", name+".running_var", name+".num_batches_tracked")
		}
	}
	v.torchModules(func(_, name string, kernel tensor.Shape, _ int) { module(name, kernel == nil) })
	return append(names, "_fc.weight", "_fc.bias")
}

// stateDict writes a safetensors file with PyTorch's names, and weights by the formula of the script.
func stateDict(t testing.TB, v liteVariant, classes int) string {
	t.Helper()
	shapes := v.torchShapes(classes)
	tensors := map[string]*tensor.Tensor{}
	for salt, name := range v.order() {
		shape := shapes[name]
		if strings.HasSuffix(name, "num_batches_tracked") {
			tensors[name] = tensor.Of([]int64{1})
			continue
		}
		n := max(shape[1:].Elements(), 1)
		limit := math.Sqrt(3 / float64(n))
		low, high := -limit, limit
		switch {
		case strings.HasSuffix(name, "running_var"):
			low, high = .5, 1.5
		case len(shape) == 1:
			low, high = -1, 1
		}
		tensors[name] = graphtest.Formula(salt, low, high, shape...)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), v.name+".safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// largest returns the largest difference relative to the largest element.
func largest(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	most, scale := 0., 0.
	for i, w := range want {
		most = max(most, math.Abs(float64(got[i]-w)))
		scale = max(scale, math.Abs(float64(w)))
	}
	return most / scale
}

// The models compute what the PyTorch library does with the same weights.
func TestEfficientNetLite(t *testing.T) {
	for i, v := range liteVariants {
		t.Run(v.name, func(t *testing.T) {
			if testing.Short() && i > 0 {
				t.Skip("the other variants differ in numbers only")
			}
			g := goldens(t)[v.name]
			path := stateDict(t, v, g.Classes)
			shape := []int{g.Side, g.Side, 3}
			m, err := v.model(Options{InputShape: shape, Classes: g.Classes, ClassifierActivation: layer.Linear, Weights: path})
			if err != nil {
				t.Fatal(err)
			}
			x := graphtest.Formula(100, -1, 1, 1, g.Side, g.Side, 3)
			y, err := m.PredictBatch(x)
			if err != nil {
				t.Fatal(err)
			}
			if d := largest(y.Float32s(), g.Logits); d > 1e-4 {
				t.Errorf("logits differ by %g", d)
			}
			features, err := v.model(Options{InputShape: shape, NoTop: true, Pooling: AvgPooling, Weights: path})
			if err != nil {
				t.Fatal(err)
			}
			if y, err = features.PredictBatch(x); err != nil {
				t.Fatal(err)
			}
			var some []float32
			for k := 0; k < liteHead; k += 64 {
				some = append(some, y.Float32s()[k])
			}
			if d := largest(some, g.Features); d > 1e-4 {
				t.Errorf("features differ by %g", d)
			}
		})
	}
	if names := goldens(t)["efficientnet-lite0"].Names; !slices.Equal(names, liteVariants[0].order()) {
		t.Errorf("the names of the state dict differ from PyTorch's")
	}
}

func TestParameters(t *testing.T) {
	for i, make := range []func(Options) (*lince.Model, error){EfficientNetLite0, EfficientNetLite1, EfficientNetLite2, EfficientNetLite3, EfficientNetLite4} {
		// The counts of trainable parameters are those of the PyTorch library; BatchNormalization has two more arrays.
		want := []int{4694024, 5470344, 6150168, 8273768, 13118936}[i]
		m, err := make(Options{})
		if err != nil || m.CountParams() != want || m.Name() != liteVariants[i].name {
			t.Errorf("%v parameters of %s (%v), want %d of %s", m.CountParams(), m.Name(), err, want, liteVariants[i].name)
		}
	}
	m, err := EfficientNetLite0(Options{NoTop: true, InputShape: []int{tensor.Unknown, tensor.Unknown, 3}})
	if err != nil {
		t.Fatal(err)
	}
	if s := m.OutputShape(); !s.Equal(tensor.Shape{tensor.Unknown, tensor.Unknown, tensor.Unknown, liteHead}) || m.Preprocessing != nil {
		t.Errorf("output %v, preprocessing %v", s, m.Preprocessing)
	}
}

func TestMistakes(t *testing.T) {
	for want, o := range map[string]Options{
		"InputShape is [224 224 0]":         {InputShape: []int{224, 224, 0}},
		"no option Alpha":                   {Alpha: .5},
		"at least 32 pixels":                {InputShape: []int{31, 224, 3}},
		"tensor.Unknown needs NoTop":        {InputShape: []int{tensor.Unknown, 224, 3}},
		`Pooling is "avg", which needs`:     {Pooling: AvgPooling},
		`Pooling is "mean", want "", "avg"`: {Pooling: "mean", NoTop: true},
		"the field Classes is -1":           {Classes: -1},
		"no such file":                      {Weights: "missing.pth"},
	} {
		if _, err := EfficientNetLite0(o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "zoo: efficientnet-lite0: ") {
			t.Errorf("%+v: error is %v, want %q", o, err, want)
		}
	}
}

// A file of weights opens as the network whose names and shapes it has.
func TestRecognize(t *testing.T) {
	for _, v := range liteVariants {
		shapes := v.torchShapes(3)
		m, names, err := Recognize(lince.Options{}, shapes)
		if err != nil || m == nil || m.Name() != v.name || names["stem_conv"] != "_conv_stem" || m.OutputShape()[1] != 3 {
			t.Fatalf("%s is recognized as %v (%v)", v.name, m, err)
		}
		if !m.GivesLogits() {
			t.Errorf("%s: want logits", v.name)
		}
		for what, change := range map[string]func(map[string]tensor.Shape){
			"a missing tensor":   func(s map[string]tensor.Shape) { delete(s, "_bn0.bias") },
			"one more tensor":    func(s map[string]tensor.Shape) { s["_bn2.bias"] = tensor.Shape{3} },
			"another shape":      func(s map[string]tensor.Shape) { s["_conv_head.weight"] = tensor.Shape{1280, 320, 1, 2} },
			"another classifier": func(s map[string]tensor.Shape) { s["_fc.bias"] = tensor.Shape{4} },
			"no classes":         func(s map[string]tensor.Shape) { s["_fc.weight"] = tensor.Shape{0, 1280} },
		} {
			other := maps.Clone(shapes)
			change(other)
			if m, _, err := Recognize(lince.Options{}, other); m != nil || err != nil {
				t.Errorf("%s with %s is recognized (%v)", v.name, what, err)
			}
		}
	}
	path := stateDict(t, liteVariants[0], 7)
	m, err := lince.Options{Recognize: Recognize}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := m.InputShape(); !s.Equal(tensor.Shape{tensor.Unknown, 224, 224, 3}) || m.Preprocessing == nil {
		t.Errorf("input %v, preprocessing %v", s, m.Preprocessing)
	}
	same, err := EfficientNetLite0(Options{Classes: 7, Weights: path})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range m.Weights() {
		if !bytes.Equal(w.Raw(), same.Weights()[i].Raw()) {
			t.Errorf("%s differs", m.Variables()[i].Path())
		}
	}
	if _, err := lince.Open(path); err == nil || !strings.Contains(err.Error(), "without a network") {
		t.Errorf("without Recognize: error is %v", err)
	}
}

// The names of layers are those of keras.applications' EfficientNet.
func TestNames(t *testing.T) {
	m, err := EfficientNetLite0(Options{InputShape: []int{64, 64, 3}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	got := fmt.Sprint(names[:24], names[len(names)-6:])
	want := "[input_layer stem_conv_pad stem_conv stem_bn stem_activation block1a_dwconv block1a_bn block1a_activation block1a_project_conv block1a_project_bn " +
		"block2a_expand_conv block2a_expand_bn block2a_expand_activation block2a_dwconv_pad block2a_dwconv block2a_bn block2a_activation " +
		"block2a_project_conv block2a_project_bn block2b_expand_conv block2b_expand_bn block2b_expand_activation block2b_dwconv block2b_bn] " +
		"[top_conv top_bn top_activation avg_pool top_dropout predictions]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The ImageNet weights are looked for where Keras stores them, and an error says how to fetch them.
func TestImageNet(t *testing.T) {
	home := t.TempDir()
	t.Setenv("KERAS_HOME", home)
	name := filepath.Join(home, "models", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5")
	o := Options{Weights: ImageNet, NoTop: true}
	check := func(want ...string) {
		t.Helper()
		_, err := VGG16(o)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("error is %v, want %q", err, w)
			}
		}
	}
	check(name, "(59 MB)", "curl ", "https://")
	if err := os.Mkdir(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("other"), 0o666); err != nil {
		t.Fatal(err)
	}
	check("MD5", "6d6bbae143d832006294945121d1f1fc", "curl ")
	o = Options{Weights: ImageNet, Classes: 10}
	check("Classes is 10")
	if n, err := Find("VGG-16"); err != nil || n.Title != "VGG16" {
		t.Errorf("got %v, %v", n.Title, err)
	}
	if _, err := Find("vgg61"); err == nil || !strings.Contains(err.Error(), "did you mean vgg16?") {
		t.Errorf("error is %v", err)
	}
}

// TestOtherClasses loads a file of a classifier of other classes: the body alone, or an error that says how.
func TestOtherClasses(t *testing.T) {
	o := Options{InputShape: []int{32, 32, 3}, Alpha: .25, Classes: 3, Model: lince.Options{Seed: 1}}
	m, err := MobileNet(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"three.weights.h5", "three.h5"} {
		o.Weights = filepath.Join(t.TempDir(), name)
		if err := m.SaveWeights(o.Weights); err != nil {
			t.Fatal(err)
		}
		o.Classes, o.NoTop = 5, false
		if _, err := MobileNet(o); err == nil || !strings.Contains(err.Error(), "fits the body of the network, but not a classifier of 5 classes") || !strings.Contains(err.Error(), "NoTop") {
			t.Errorf("%s: %v", name, err)
		}
		o.Alpha = .5
		if _, err := MobileNet(o); err == nil || strings.Contains(err.Error(), "fits the body") {
			t.Errorf("%s: another body: %v", name, err)
		}
		o.Alpha, o.NoTop = .25, true
		body, err := MobileNet(o)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range body.Variables() {
			if string(v.Value().Raw()) != string(m.Variables()[i].Value().Raw()) {
				t.Fatalf("%s: %s differs", name, v.Path())
			}
		}
	}
}

// TestTwins refuses files of networks that have ResNet50's tensors, by their names.
func TestTwins(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	if err := checkTwin(path("resnet50.a1_in1k.safetensors")); err != nil {
		t.Error(err)
	}
	if err := checkTwin(path("ResNetBlur50.bt_in1k.safetensors")); err == nil || !strings.Contains(err.Error(), "timm's resnetblur") {
		t.Errorf("error is %v", err)
	}
	if err := os.WriteFile(path("config.json"), []byte(`{"architecture": "resnetaa50", "num_classes": 1000}`), 0o666); err != nil {
		t.Fatal(err)
	}
	_, _, err := RecognizeFile(path("model.safetensors"))(lince.Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "timm's resnetaa") {
		t.Errorf("error is %v", err)
	}
	for _, other := range []string{`{"architecture": "resnet50"}`, `[1]`, `{`, ``} {
		if err := os.WriteFile(path("config.json"), []byte(other), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := checkTwin(path("model.safetensors")); err != nil {
			t.Errorf("%s: %v", other, err)
		}
	}
}
