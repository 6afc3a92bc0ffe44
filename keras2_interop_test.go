package lince_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// keras2 lists the files of Keras 2 in format/keras/testdata, made by internal/golden/keras2.py. Keras 2.13 names the
// group of the layers differently and numbers layers differently; 2.15 has batch_input_shape in the first layer's
// config.
var keras2 = []struct{ version, name string }{{"2.13", "nested"}, {"2.13", "several"}, {"2.15", "chain"}}

// TestKeras2 opens files of Keras 2. They must give the same predictions, and the same losses in further training.
func TestKeras2(t *testing.T) {
	for _, k := range keras2 {
		t.Run(k.version+"-"+k.name, func(t *testing.T) {
			testKeras2(t, k.version, k.name, openKnown(t, keras2File(k.version, k.name)))
		})
	}
}

func keras2File(version, name string) string {
	return filepath.Join("format", "keras", "testdata", version+"-"+name+".keras")
}

func testKeras2(t *testing.T, version, name string, m *lince.Model) {
	t.Helper()
	var golden map[string]struct{ Predictions, Losses []float64 }
	readJSON(t, &golden, "format", "keras", "testdata", version+".json")
	want, ok := golden[name]
	if !ok || len(want.Losses) != 3 {
		t.Fatalf("the golden file has %v", golden)
	}
	x := graphtest.Formula(100, 0, 1, 4, 6, 6, 1)
	y := tensor.Of([]float32{1, 0, 0, 1, 0, 1, 1, 0}, 4, 2)
	got, err := m.PredictBatch(x)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Len(); n != len(want.Predictions) {
		t.Fatalf("%d predictions, want %d", n, len(want.Predictions))
	}
	for i, p := range got.Float32s() {
		if math.Abs(float64(p)-want.Predictions[i]) > 1e-6 {
			t.Errorf("prediction %d is %v, want %v", i, p, want.Predictions[i])
		}
	}
	ds, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	h, err := m.Fit(t.Context(), ds, lince.FitOptions{Epochs: 3, Verbose: lince.Silent})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range want.Losses {
		if loss := h.Values("loss")[i]; math.Abs(loss-want) > 1e-6 {
			t.Errorf("step %d: loss %v, want %v", i, loss, want)
		}
	}
}

// TestKeras2Windows opens a file in the form that Keras 2.14 writes on Windows: the path of a layer is one name with
// backslashes.
func TestKeras2Windows(t *testing.T) {
	for _, k := range keras2 {
		old, err := os.ReadFile(keras2File(k.version, k.name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := keras.Read(bytes.NewReader(old), int64(len(old)))
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range f.Weights {
			f.Weights[i].Path = strings.ReplaceAll(e.Path, "/", `\`)
		}
		var b bytes.Buffer
		if err := keras.Write(&b, f); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b.Bytes(), []byte(`layers\conv2d`)) {
			t.Fatal("the file has no backslashes")
		}
		m, err := lince.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		testKeras2(t, k.version, k.name, m)
	}
}

// TestKeras2JSON makes models from Keras 2's to_json, which has no compile config, and loads the weights of the files.
func TestKeras2JSON(t *testing.T) {
	for _, k := range keras2 {
		text, err := os.ReadFile(strings.TrimSuffix(keras2File(k.version, k.name), ".keras") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		m, err := lince.FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		file := openKnown(t, keras2File(k.version, k.name))
		if got, want := summaryOf(t, m, lince.SummaryOptions{ExpandNested: true}), summaryOf(t, untrained(t, file), lince.SummaryOptions{ExpandNested: true}); got != want {
			t.Errorf("the JSON's network is\n%s\nthe file's is\n%s", got, want)
		}
		if err := m.SetWeights(file.Weights()); err != nil {
			t.Fatal(err)
		}
		x := graphtest.Formula(100, 0, 1, 4, 6, 6, 1)
		got, err := m.PredictBatch(x)
		if err != nil {
			t.Fatal(err)
		}
		want, err := file.PredictBatch(x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Float32s(), want.Float32s()) {
			t.Errorf("%s: predictions %v, the file's %v", k.name, got.Float32s(), want.Float32s())
		}
	}
}

// untrained returns the model without its optimizer, because the summary counts its parameters.
func untrained(t *testing.T, m *lince.Model) *lince.Model {
	t.Helper()
	b := saved(t, m)
	again, err := lince.Options{NoCompile: true}.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return again
}
