package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// setStatistics sets the moving statistics of a BatchNormalization to those of images.
func setStatistics(t *testing.T, m *lince.Model, bn *lince.Layer, images *tensor.Tensor) {
	t.Helper()
	net, err := lince.Functional(m.Inputs(), bn.Input())
	if err != nil {
		t.Fatal(err)
	}
	y, err := net.PredictBatch(images)
	if err != nil {
		t.Fatal(err)
	}
	channels := y.Shape()[3]
	for c := range channels {
		sum, squares, n := 0., 0., 0.
		for i := c; i < len(y.Float32s()); i += channels {
			v := float64(y.Float32s()[i])
			sum, squares, n = sum+v, squares+v*v, n+1
		}
		for _, v := range bn.Variables() {
			x := v.Value()
			switch {
			case strings.HasSuffix(v.Path(), "moving_mean"):
				x.Float32s()[c] = float32(sum / n)
			case strings.HasSuffix(v.Path(), "moving_variance"):
				x.Float32s()[c] = float32(squares/n - sum*sum/n/n)
			}
			if err := v.Set(x); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// demoPixels returns the pixels of demo images, which are no noise.
func demoPixels(t *testing.T, n, side, channels int) *tensor.Tensor {
	t.Helper()
	x := tensor.New(tensor.Float32, n, side, side, channels)
	files := pngs(t, n)
	for i, name := range slices.Sorted(maps.Keys(files)) {
		o := picture.Options{Height: side, Width: side}
		if channels == 1 {
			o.ColorMode = picture.Grayscale
		}
		if _, _, err := new(picture.Decoder).LoadFloat32(x.Row(i).Float32s(), files[name], o); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// TestGuessScale finds the scale of the images on which a network was trained, in the statistics of its first batch normalization. Those are of other images than
// the noise from which the scale is guessed.
func TestGuessScale(t *testing.T) {
	for _, channels := range []int{1, 3} {
		list := scales()
		if channels == 1 {
			list = list[:3]
		}
		for _, nested := range []bool{false, true} {
			for _, s := range list {
				o := lince.Options{Seed: 3}
				body, err := o.Sequential(layer.Input{Shape: []int{48, 48, channels}}, layer.Conv2D{Filters: 16, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}}, layer.BatchNormalization{Name: "bn"}, layer.ReLU)
				if err != nil {
					t.Fatal(err)
				}
				images := demoPixels(t, 16, 48, channels)
				if s.steps != nil {
					steps, err := s.steps.Compile()
					if err != nil {
						t.Fatal(err)
					}
					for i := range 16 {
						steps.Apply(images.Row(i).Float32s())
					}
				}
				setStatistics(t, body, body.Layer("bn"), images)
				m := body
				if nested {
					if m, err = o.Sequential(layer.Input{Shape: []int{48, 48, channels}}, body, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2}); err != nil {
						t.Fatal(err)
					}
				}
				got, guessed, err := guessScale(m, size{})
				if err != nil || !guessed || got.name != s.name {
					t.Errorf("%d channels, nested %v: got %s, %v, %v, want %s", channels, nested, got.name, guessed, err, s.name)
				}
			}
		}
	}
	for name, layers := range map[string][]layer.Layer{
		"no batch normalization":           {layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}}},
		"a network that was never trained": {layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}}, layer.BatchNormalization{}},
	} {
		m, err := lince.Sequential(append([]layer.Layer{layer.Input{Shape: []int{16, 16, 3}}}, layers...)...)
		if err != nil {
			t.Fatal(err)
		}
		if got, guessed, err := guessScale(m, size{}); err != nil || guessed || got.name != "x/255" {
			t.Errorf("%s: got %s, %v, %v", name, got.name, guessed, err)
		}
	}
}

// TestOneScale uses a model file that does not say how pixels are scaled in all commands: they scale them in the same way, and say so. --rescale sets another.
func TestOneScale(t *testing.T) {
	long(t)
	workIn(t)
	bodyModel(t)
	put(t, "set/cat", pngs(t, 8))
	put(t, "set/dog", pngs(t, 8))
	put(t, "trees/oak", pngs(t, 8))
	put(t, "trees/elm", pngs(t, 8))
	put(t, "trees/ash", pngs(t, 8))
	for i, args := range [][]string{
		{"predict", "trees.keras", "set"},
		{"evaluate", "trees.keras", "trees"},
		{"features", "trees.keras", "set", "--out", "f.npy", "--overwrite"},
		{"check", "trees", "--model", "trees.keras"},
		{"check", "set", "--model", "trees.keras", "--folds", "2"},
		{"clean", "set", "--out", "keep.csv", "--overwrite", "--drop", "label", "--model", "trees.keras", "--folds", "2"},
		{"train", "set", "--model", "trees.keras", "--epochs", "1", "--overwrite"},
		{"train", "trees", "--model", "trees.keras", "--epochs", "1", "--overwrite"},
	} {
		if args[0] == "train" {
			args = append(args, "--out", fmt.Sprint("run", i))
		}
		text := "the model trees.keras does not say how pixels are scaled; taking x/127.5 - 1, for which the statistics of batch normalization fit best (--rescale sets another)"
		if o := succeed(t, args...); strings.Count(o.stderr, text) != 1 {
			t.Errorf("%v: %s", args, o.stderr)
		}
		if o := succeed(t, slices.Concat(args, []string{"--rescale", "1/255"})...); strings.Contains(o.stderr, "scaled") {
			t.Errorf("%v with --rescale: %s", args, o.stderr)
		}
		if args[0] == "train" {
			r := decode[record](t, read(t, fmt.Sprint("run", i), "run.json"))
			m, err := lince.Open(fmt.Sprint("run", i) + "/model.keras")
			if err != nil {
				t.Fatal(err)
			}
			if _, changes := m.Preprocessing.Split(); fmt.Sprint(changes) != "[{0.00392156862745098 0}]" {
				t.Errorf("%v: --rescale 1/255 makes %v (%v)", args, changes, r.Model.Size)
			}
		}
	}
	for _, args := range [][]string{{"train", "set", "--rescale", "tf"}, {"train", "set", "--model", "trees.keras", "--rescale", "2x"}, {"check", "set", "--rescale", "tf"}} {
		if o := run(t, args...); o.code != 2 || !strings.Contains(o.stderr, "--rescale") {
			t.Errorf("%v: exit code %d, %s", args, o.code, o.stderr)
		}
	}
}
