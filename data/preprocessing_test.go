package data

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// TestPreprocessing checks that steps and the options with the same meaning give the same batches, and what
// Preprocessing returns.
func TestPreprocessing(t *testing.T) {
	tab := open(t, "demo:cats-and-dogs?n=9", OpenOptions{})
	tutorial := augment.Tutorial()
	moves := tutorial
	moves.Rescale = 0
	mean := &augment.Statistics{Mean: []float32{.25, .5, .125}, Std: []float32{.75, .1, 0}}
	for name, c := range map[string]struct {
		options, steps ImageOptions
	}{
		"the default": {ImageOptions{}, ImageOptions{Preprocessing: preprocess.Steps{preprocess.Decode{}, preprocess.Resize{Height: 256, Width: 256}}}},
		"gray, box": {ImageOptions{TargetSize: [2]int{20, 30}, ColorMode: picture.Grayscale, Interpolation: picture.Box},
			ImageOptions{Preprocessing: preprocess.Steps{preprocess.Decode{ColorMode: picture.Grayscale}, preprocess.Resize{Height: 20, Width: 30, Interpolation: picture.Box}}}},
		"augmented": {ImageOptions{TargetSize: [2]int{16, 16}, Augment: tutorial, Seed: 3},
			ImageOptions{Augment: moves, Seed: 3, Preprocessing: preprocess.Steps{preprocess.Decode{}, preprocess.Resize{Height: 16, Width: 16}, preprocess.Rescale{Scale: 1. / 255}}}},
		"featurewise": {ImageOptions{TargetSize: [2]int{16, 16}, Interpolation: picture.BilinearTF, Statistics: mean,
			Augment: augment.Generator{Rescale: .5, FeaturewiseStdNormalization: true}},
			ImageOptions{Preprocessing: preprocess.Steps{preprocess.Decode{}, preprocess.Resize{Height: 16, Width: 16, Interpolation: picture.BilinearTF},
				preprocess.Rescale{Scale: .5}, preprocess.Normalize{Mean: []float64{.25, .5, .125}, Std: []float64{float64(float32(.75) + 1e-6), float64(float32(.1) + 1e-6), float64(float32(1e-6))}}}}},
	} {
		for _, o := range []*ImageOptions{&c.options, &c.steps} {
			o.BatchSize = 4
			o.NoShuffle = true
		}
		a, b := images(t, tab, c.options), images(t, tab, c.steps)
		if err := sameBatches(copies(t, a, 0, 0), copies(t, b, 0, 0)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := c.steps.Preprocessing
		if got := a.Preprocessing(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the options are %+v, want %+v", name, got, want)
		}
		if got := b.Preprocessing(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the steps are %+v, want %+v", name, got, want)
		}
		c.steps.Preprocessing = append(slices.Clone(want), preprocess.Rescale{Offset: 1})
		if d := images(t, tab, c.steps); d.Fingerprint() == b.Fingerprint() {
			t.Errorf("%s: one more step, and the same fingerprint", name)
		}
	}
}

// TestPreprocessingSteps checks that a batch holds what the steps make of each file, with and without a cache.
func TestPreprocessingSteps(t *testing.T) {
	tab := open(t, "demo:cats-and-dogs?n=5", OpenOptions{})
	for _, how := range []picture.Interpolation{picture.Nearest, picture.Bilinear, picture.BilinearTF} {
		steps := preprocess.Steps{
			preprocess.Resize{ShortSide: 20, Interpolation: how}, preprocess.CenterCrop{Height: 16, Width: 12},
			preprocess.Rescale{Scale: .5}, preprocess.Input{}, preprocess.Normalize{Std: []float64{3}},
		}
		p, err := steps.Compile()
		if err != nil {
			t.Fatal(err)
		}
		f := images(t, tab, ImageOptions{Preprocessing: steps, BatchSize: 2, NoShuffle: true, Cache: NewCache(1 << 20)})
		if f.KeepsDecoded() == (how == picture.BilinearTF) {
			t.Errorf("%v: kept in memory: %v", how, f.KeepsDecoded())
		}
		var d picture.Decoder
		for epoch := range 2 {
			for _, b := range copies(t, f, epoch, 0) {
				for i, row := range b.Index {
					file, err := tab.Row(row).Bytes()
					if err != nil {
						t.Fatal(err)
					}
					want, h, w, err := d.AppendFloat32(nil, file, p.Options())
					if err != nil || h != 16 || w != 12 {
						t.Fatalf("%dx%d, %v", h, w, err)
					}
					p.Apply(want)
					if got := b.X.Row(i).Float32s(); !slices.Equal(got, want) {
						t.Errorf("%v, epoch %d, row %d: got %v..., want %v...", how, epoch, row, got[:3], want[:3])
					}
				}
			}
		}
	}
}

func TestPreprocessingErrors(t *testing.T) {
	tab := open(t, "demo:cats-and-dogs?n=5", OpenOptions{})
	resize := preprocess.Steps{preprocess.Resize{Height: 16, Width: 16}}
	for want, o := range map[string]ImageOptions{
		"TargetSize, ColorMode and Interpolation must be zero": {TargetSize: [2]int{16, 16}, Preprocessing: resize},
		"Augment must not rescale or normalize":                {Augment: augment.Tutorial(), Preprocessing: resize},
		"leave images of different sizes":                      {Preprocessing: preprocess.Steps{preprocess.Resize{ShortSide: 16}}},
		"step 1 (resize)":                                      {Preprocessing: preprocess.Steps{preprocess.Resize{}}},
	} {
		if _, err := Images(tab, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	// Preprocessing is nil if no list of steps describes the options.
	for _, g := range []augment.Generator{{SamplewiseCenter: true}, {PreprocessingFunction: func([]float32, int, int, int) {}}} {
		if got := images(t, tab, ImageOptions{TargetSize: [2]int{8, 8}, Augment: g}).Preprocessing(); got != nil {
			t.Errorf("%v is said to be %+v", g, got)
		}
	}
}
