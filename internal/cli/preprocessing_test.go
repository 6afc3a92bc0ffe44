package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// TestModelPreprocessing checks that all commands use the preprocessing in the model's file.
func TestModelPreprocessing(t *testing.T) {
	long(t)
	workIn(t)
	m, err := lince.Open(filepath.Join(trained(t), "model.keras"))
	if err != nil {
		t.Fatal(err)
	}
	in := m.InputShape()
	m.Preprocessing = lince.Preprocessing{
		preprocess.Decode{Orient: true}, preprocess.Resize{ShortSide: in[1] + 3, Interpolation: picture.Bilinear},
		preprocess.CenterCrop{Height: in[1], Width: in[2]}, preprocess.Input{Mode: preprocess.Caffe}, preprocess.Rescale{Scale: 1. / 128},
	}
	if err := m.Save("crop.keras"); err != nil {
		t.Fatal(err)
	}
	p := pngs(t, 4)
	put(t, ".", map[string][]byte{"set/cat.0.png": p["cat.0.png"], "set/dog.0.png": p["dog.0.png"]})
	got := decode[predictions](t, succeed(t, "predict", "crop.keras", "set", "--json").stdout)
	want, err := m.ClassifyImages(t.Context(), p["cat.0.png"], p["dog.0.png"])
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		if p := got.Predictions[i].Probabilities; p["cat"] != w.Probabilities[0] || p["dog"] != w.Probabilities[1] {
			t.Errorf("image %d: the command predicts %v, the library %v", i, p, w.Probabilities)
		}
	}
	succeed(t, "evaluate", "crop.keras", "demo:cats-and-dogs?n=12")
	succeed(t, "train", "demo:cats-and-dogs?n=20", "--model", "crop.keras", "--epochs", "1", "--out", "out")
	on, err := lince.Open("out/model.keras")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(on.Preprocessing, m.Preprocessing) {
		t.Errorf("trained on, the model has %+v", on.Preprocessing)
	}
	text, err := os.ReadFile("out/run.json")
	if err != nil {
		t.Fatal(err)
	}
	if r := decode[struct {
		Model struct{ Preprocessing lince.Preprocessing }
	}](t, string(text)); !reflect.DeepEqual(r.Model.Preprocessing, m.Preprocessing) {
		t.Errorf("run.json has %+v", r.Model.Preprocessing)
	}
	o := run(t, "train", "demo:cats-and-dogs?n=20", "--model", "crop.keras", "--augment", "hflip,rescale=1/255", "--out", "out2")
	if o.code != 2 {
		t.Errorf("a second rescaling: exit code %d", o.code)
	}
	contains(t, "the error", o.stderr, "crop.keras", "remove rescale")
	shown := decode[struct{ Shape [3]int }](t, succeed(t, "show", "set/cat.0.png", "--model", "crop.keras", "--json").stdout)
	if shown.Shape != [3]int{in[1], in[2], 3} {
		t.Errorf("the model's input is %v, show prints the shape %v", in, shown.Shape)
	}
	if o := run(t, "show", "set/cat.0.png", "--model", "crop.keras", "--size", "8x8"); o.code != 2 {
		t.Errorf("--size with --model: exit code %d", o.code)
	}
	// --rescale replaces the normalization of the file, and nothing else.
	m.Preprocessing = append(m.Preprocessing[:3:3], preprocess.Rescale{Scale: 1. / 255})
	if want, err = m.ClassifyImages(t.Context(), p["cat.0.png"]); err != nil {
		t.Fatal(err)
	}
	got = decode[predictions](t, succeed(t, "predict", "crop.keras", "set/cat.0.png", "--rescale", "1/255", "--json").stdout)
	if p := got.Predictions[0].Probabilities["cat"]; p != want[0].Probabilities[0] {
		t.Errorf("rescaled, the command predicts %v, the library %v", p, want[0].Probabilities[0])
	}
}
