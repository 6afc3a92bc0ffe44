package data

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/tensor"
)

// goldenArrays makes the arrays of internal/golden/directory.py.
func goldenArrays(channels int, dtype tensor.DType) (x, y, weights *tensor.Tensor) {
	const n, h, w = 11, 7, 9
	x = tensor.New(dtype, n, h, w, channels)
	for i := range x.Len() {
		switch v := i * 37 % 256; dtype {
		case tensor.Uint8:
			x.Raw()[i] = uint8(v)
		case tensor.Int32:
			tensor.Values[int32](x)[i] = int32(v)
		case tensor.Float32:
			x.Float32s()[i] = float32(v)
		case tensor.Float64:
			tensor.Values[float64](x)[i] = float64(v)
		}
	}
	y = tensor.New(tensor.Int64, n, 2)
	for i := range tensor.Values[int64](y) {
		tensor.Values[int64](y)[i] = int64(i * 5 % 3)
	}
	weights = tensor.New(tensor.Float32, n)
	for i := range weights.Float32s() {
		weights.Float32s()[i] = float32(i) / 4
	}
	return x, y, weights
}

// The golden batches are those of the real ImageDataGenerator.flow.
func TestImageTensorsIsKeras(t *testing.T) {
	type arguments struct {
		channels int
		dtype    tensor.DType
		o        ImageTensorOptions
		targets  bool
		weighted bool
	}
	all := map[string]arguments{
		"tutorial":   {3, tensor.Uint8, ImageTensorOptions{Augment: augment.Tutorial()}, true, false},
		"plain":      {2, tensor.Float64, ImageTensorOptions{NoShuffle: true}, true, true},
		"validation": {3, tensor.Int32, ImageTensorOptions{Augment: augment.Generator{VerticalFlip: true, ValidationSplit: .3}, Subset: Validation}, true, true},
		"training":   {1, tensor.Float32, ImageTensorOptions{Augment: augment.Generator{ZoomRange: augment.Around(.5), ValidationSplit: .3}, Subset: Training}, false, false},
	}
	for _, c := range readGoldenDirectory(t).Flow {
		t.Run(c.Name, func(t *testing.T) {
			a, ok := all[c.Name]
			if !ok {
				t.Fatal("no such case here")
			}
			x, y, weights := goldenArrays(a.channels, a.dtype)
			if !a.targets {
				y = nil
			}
			if a.weighted {
				a.o.Weights = weights
			}
			a.o.BatchSize, a.o.Seed = 4, 42
			for _, a.o.Workers = range []int{0, 1, 3} {
				f, err := ImageTensors(x, y, a.o)
				if err != nil {
					t.Fatal(err)
				}
				if f.Steps() != c.Steps || (len(f.Warnings()) == 1) != (a.channels == 2) {
					t.Errorf("%d steps %q, Keras has %d", f.Steps(), f.Warnings(), c.Steps)
				}
				for epoch := range len(c.Batches) / c.Steps {
					for i, got := range copies(t, f, epoch, 0) {
						c.Batches[epoch*c.Steps+i].compare(t, got, f, 1e-4)
					}
				}
			}
		})
	}
}

func TestImageTensorsWeightsStayWithTheirRows(t *testing.T) {
	x, y, weights := goldenArrays(3, tensor.Uint8)
	o := ImageTensorOptions{Weights: weights, Augment: augment.Generator{ValidationSplit: .3}, Subset: Training, BatchSize: 3}
	f, err := ImageTensors(x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range copies(t, f, 0, 0) {
		for i, row := range b.Index {
			if name, want := f.Table().Row(row).Filename, fmt.Sprintf("x[%d]", row+3); b.Weights.Float32s()[i] != float32(row+3)/4 || name != want {
				t.Errorf("row %d is %s with the weight %v; want %s and %v", row, name, b.Weights.Float32s()[i], want, float32(row+3)/4)
			}
		}
	}
	o.Seed = 3
	g, err := ImageTensors(x, y, o)
	if err != nil {
		t.Fatal(err)
	}
	if f.Fingerprint() == g.Fingerprint() {
		t.Error("the seed does not change the fingerprint")
	}
	o.Seed = 0
	x = x.Clone()
	x.Raw()[len(x.Raw())-1]++
	if g, err = ImageTensors(x, y, o); err != nil || f.Fingerprint() == g.Fingerprint() {
		t.Error("the images do not change the fingerprint", err)
	}
	if f.Found() != "" || f.Preprocessing() != nil || f.DecodedBytes() != 0 || f.Classes() != nil {
		t.Error("a dataset without files describes files")
	}
}

func TestImageTensorsRefuses(t *testing.T) {
	x, y, weights := goldenArrays(3, tensor.Uint8)
	sorted := tensor.New(tensor.Int64, 11)
	for i := range tensor.Values[int64](sorted) {
		tensor.Values[int64](sorted)[i] = int64(i / 6)
	}
	split := augment.Generator{ValidationSplit: .5}
	for _, c := range []struct {
		x, y  *tensor.Tensor
		o     ImageTensorOptions
		wants []string
	}{
		{nil, y, ImageTensorOptions{}, []string{"x is nil"}},
		{y, nil, ImageTensorOptions{}, []string{"want (n, height, width, channels)"}},
		{x, y.Rows(0, 4), ImageTensorOptions{BatchSize: -1, Workers: -2, Weights: y, Augment: augment.Generator{ValidationSplit: 2}},
			[]string{"batch size is -1", "workers is -2", "same number of examples", "want float32 of shape (11,)", "ValidationSplit"}},
		{tensor.New(tensor.Bool, 2, 3, 3, 1), nil, ImageTensorOptions{}, []string{"x: want numbers, got bool"}},
		{x, sorted, ImageTensorOptions{Subset: Training, Augment: split}, []string{"IgnoreClassSplit"}},
		{x, y, ImageTensorOptions{Subset: Training}, []string{"ValidationSplit, which is 0"}},
		{x, y, ImageTensorOptions{Subset: Validation, Augment: augment.Generator{ValidationSplit: .01}}, []string{"none of the 11 examples"}},
		{x, y, ImageTensorOptions{Augment: augment.Generator{FeaturewiseCenter: true}}, []string{"Fit"}},
	} {
		_, err := ImageTensors(c.x, c.y, c.o)
		for _, want := range c.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v; want %q", err, want)
			}
		}
	}
	f, err := ImageTensors(x, sorted, ImageTensorOptions{Subset: Training, Augment: split, IgnoreClassSplit: true, Weights: weights})
	if err != nil || f.Len() != 6 || !slices.Equal(f.weights, weights.Float32s()[5:]) {
		t.Error(f, err)
	}
}
