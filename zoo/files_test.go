package zoo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestWeightsFiles loads the files that internal/golden/zoo_weights.py (.ci/zoo runs it) and zoo_torch.py wrote to the folder that LINCE_ZOO names: weights-only files of Keras
// 3 and Keras 2 with and without a classifier, and state dicts of PyTorch's libraries. Predictions must be those of the library.
func TestWeightsFiles(t *testing.T) {
	folder := os.Getenv("LINCE_ZOO")
	if folder == "" {
		t.Skip("LINCE_ZOO names no folder made by internal/golden/zoo_weights.py and zoo_torch.py")
	}
	results, err := filepath.Glob(filepath.Join(folder, "*", "*.npz"))
	if err != nil || len(results) == 0 {
		t.Fatalf("%d files, %v", len(results), err)
	}
	for _, result := range results {
		path := strings.TrimSuffix(result, ".npz")
		title := filepath.Base(filepath.Dir(path))
		t.Run(title+"/"+filepath.Base(path), func(t *testing.T) {
			n, err := Find(title)
			if err != nil {
				t.Fatal(err)
			}
			want, err := npy.ReadArchive(result, "x", "y")
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Weights: path, InputShape: want["x"].Shape()[1:], Classes: want["y"].Shape()[1], ClassifierActivation: layer.Linear}
			k, err := lince.FileKindOf(path)
			if err != nil {
				t.Fatal(err)
			}
			if foreign(k) {
				checkTorch(t, n, o, want["x"], want["y"])
				return
			}
			if !strings.HasPrefix(filepath.Base(path), "top") {
				o.NoTop, o.Classes, o.Pooling = true, 0, AvgPooling
			}
			m, err := n.New(o)
			if err != nil {
				t.Fatal(err)
			}
			predicts(t, m, want["x"], want["y"], 5e-5) // TestAgainstKeras has the bound of rounding
			if o.NoTop {
				return
			}
			features, err := n.New(Options{Weights: path, InputShape: o.InputShape, NoTop: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range features.Variables() {
				if string(v.Value().Raw()) != string(m.Variables()[i].Value().Raw()) {
					t.Fatalf("%s differs without the classifier", v.Path())
				}
			}
		})
	}
}

// checkTorch checks a state dict. x has pixels.
func checkTorch(t *testing.T, n Network, o Options, x, y *tensor.Tensor) {
	m, err := n.New(o)
	if err != nil {
		t.Fatal(err)
	}
	x = prepared(t, m, x)
	predicts(t, m, x, y, 1e-4)
	// Without the classifier, the body has the same weights.
	o.NoTop, o.Pooling, o.Classes = true, AvgPooling, 0
	body, err := n.New(o)
	if err != nil {
		t.Fatal(err)
	}
	weights := m.Variables()
	if classifier := weights[len(weights)-2].Shape(); classifier[0] == body.OutputShape()[1] {
		in := lince.Input(layer.Input{Shape: o.InputShape})
		head, err := lince.Functional(in, lince.Apply(body, in).Then(layer.Dense{Units: y.Shape()[1]}))
		if err != nil {
			t.Fatal(err)
		}
		last := head.Variables()
		for i, v := range last[len(last)-2:] {
			if err := v.Set(weights[len(weights)-2+i].Value()); err != nil {
				t.Fatal(err)
			}
		}
		predicts(t, head, x, y, 1e-4)
	} else { // there are other layers before the classifier
		for i, v := range body.Variables() {
			if string(v.Value().Raw()) != string(weights[i].Value().Raw()) {
				t.Fatalf("%s differs without the classifier", v.Path())
			}
		}
	}

	other, err := lince.Options{Recognize: Recognize}.Open(o.Weights)
	if strings.HasPrefix(n.Title, "EfficientNet") && strings.HasSuffix(o.Weights, ".safetensors") {
		if err == nil { // timm's two forms
			t.Error("a file that may be of two networks is recognized")
		}
		renamed := filepath.Join(t.TempDir(), "model.safetensors")
		if err := os.Symlink(o.Weights, renamed); err != nil {
			t.Fatal(err)
		}
		o.Weights = renamed
		if _, err = n.New(o); err == nil || !strings.Contains(err.Error(), "differ in padding") {
			t.Errorf("error is %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if other.Name() != n.architecture.name || !other.GivesLogits() {
		t.Errorf("recognized as %s", other.Name())
	}
	for i, v := range other.Variables() {
		if string(v.Value().Raw()) != string(weights[i].Value().Raw()) {
			t.Fatalf("%s differs in the recognized network", v.Path())
		}
	}
}

// prepared applies the model's preprocessing to pixels.
func prepared(t *testing.T, m *lince.Model, x *tensor.Tensor) *tensor.Tensor {
	x = x.Clone()
	for _, step := range m.Preprocessing {
		switch s := step.(type) {
		case preprocess.Resize:
		case preprocess.Input:
			for i, v := range x.Float32s() {
				switch s.Mode {
				case preprocess.Torch:
					x.Float32s()[i] = (v/255 - float32(imageNetMeans[i%3])) / float32(imageNetDeviations[i%3])
				case preprocess.TF:
					x.Float32s()[i] = v/127.5 - 1
				}
			}
		default:
			t.Fatalf("unexpected step %T", step)
		}
	}
	return x
}

func predicts(t *testing.T, m *lince.Model, x, want *tensor.Tensor, bound float64) {
	t.Helper()
	y, err := m.PredictBatch(x)
	if err != nil {
		t.Fatal(err)
	}
	if d := largest(y.Float32s(), want.Float32s()); !(d <= bound) {
		t.Errorf("predictions differ by %g of the largest", d)
	} else {
		t.Logf("predictions differ by %.2g of the largest", d)
	}
}
