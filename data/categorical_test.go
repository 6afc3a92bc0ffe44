package data_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

func ExampleToCategorical() {
	y, err := data.ToCategorical(tensor.Of([]int32{0, 2, 1}, 3), 0)
	if err != nil {
		panic(err)
	}
	fmt.Println(y.Shape(), y.Float32s())
	// Output: (3, 3) [1 0 0 0 0 1 0 1 0]
}

func ExampleNormalize() {
	x, err := data.Normalize(tensor.Of([]float32{3, 4, 0, 2}, 2, 2), data.NormalizeOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Println(x.Float32s())
	// Output: [0.6 0.8 0 1]
}

// keras.utils.to_categorical and normalize give the same numbers.
func TestUtilsAgainstKeras(t *testing.T) {
	labels := []float64{2, 0, 1, 3, 3, 0}
	values := make([]float64, 24)
	for i := range values {
		values[i] = math.Sin(float64(i)) * float64(i%5)
	}
	clear(values[4:8])
	var want struct {
		Categorical [][]float32
		Shapes      [][]int
		Normalized  [][]float32
	}
	graphtest.Keras(t, `
import json, sys
import numpy as np
from keras import utils
i = json.load(sys.stdin)
y, x = np.array(i["labels"], "int64"), np.array(i["values"], "f")
c = [utils.to_categorical(y), utils.to_categorical(y, 6), utils.to_categorical(y.reshape(6, 1)), utils.to_categorical(y.reshape(2, 3), 4)]
n = [utils.normalize(x.reshape(6, 4)), utils.normalize(x.reshape(6, 4), 1, 1), utils.normalize(x.reshape(2, 3, 4), 1, np.inf), utils.normalize(x.reshape(2, 3, 4), -1, 3)]
json.dump({"Categorical": [v.reshape(-1).tolist() for v in c], "Shapes": [v.shape for v in c], "Normalized": [v.reshape(-1).tolist() for v in n]}, sys.stdout)
`, map[string]any{"labels": labels, "values": values}, &want)
	for i, c := range []struct {
		shape   []int
		classes int
	}{{[]int{6}, 0}, {[]int{6}, 6}, {[]int{6, 1}, 0}, {[]int{2, 3}, 4}} {
		got, err := data.ToCategorical(tensor.Of(labels, c.shape...), c.classes)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal([]int(got.Shape()), want.Shapes[i]) || !slices.Equal(got.Float32s(), want.Categorical[i]) {
			t.Errorf("%v: %v %v, want %v %v", c, got.Shape(), got.Float32s(), want.Shapes[i], want.Categorical[i])
		}
	}
	var x []float32
	for _, v := range values {
		x = append(x, float32(v))
	}
	for i, c := range []struct {
		shape []int
		o     data.NormalizeOptions
	}{
		{[]int{6, 4}, data.NormalizeOptions{}}, {[]int{6, 4}, data.NormalizeOptions{Axis: new(1), Order: 1}},
		{[]int{2, 3, 4}, data.NormalizeOptions{Axis: new(1), Order: math.Inf(1)}}, {[]int{2, 3, 4}, data.NormalizeOptions{Axis: new(-1), Order: 3}},
	} {
		got, err := data.Normalize(tensor.Of(x, c.shape...), c.o)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Normalized[i], got.Float32s(), cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Errorf("%v: -Keras +lince\n%s", c.shape, diff)
		}
	}
}

func TestNormalizeAxes(t *testing.T) {
	// Along axis 0, each column has the norm 1; a vector keeps its shape.
	got, err := data.Normalize(tensor.Of([]float32{3, 0, 4, 5, 0, 12}, 3, 2), data.NormalizeOptions{Axis: new(0)})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{.6, 0, .8, 5. / 13, 0, 12. / 13}; !slices.Equal(got.Float32s(), want) {
		t.Errorf("%v, want %v", got.Float32s(), want)
	}
	if got, err = data.Normalize(tensor.Of([]float32{3, 4}, 2), data.NormalizeOptions{}); err != nil || !slices.Equal([]int(got.Shape()), []int{2}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestUtilsMistakes(t *testing.T) {
	x := tensor.New(tensor.Float32, 2, 2)
	for want, f := range map[string]func() error{
		"y is nil":              func() error { _, err := data.ToCategorical(nil, 2); return err },
		"got -1":                func() error { _, err := data.ToCategorical(x, -1); return err },
		"element 1 is 0.5":      func() error { _, err := data.ToCategorical(tensor.Of([]float32{0, .5}, 2), 2); return err },
		"element 0 is NaN":      func() error { _, err := data.ToCategorical(tensor.Of([]float64{math.NaN()}, 1), 2); return err },
		"element 0 is -1, want": func() error { _, err := data.ToCategorical(tensor.Of([]int32{-1}, 1), 2); return err },
		"element 1 is 2, want a class index from 0 to 1": func() error { _, err := data.ToCategorical(tensor.Of([]int64{1, 2}, 2), 2); return err },
		"has no elements":              func() error { _, err := data.ToCategorical(tensor.New(tensor.Int32, 0), 0); return err },
		"the class 1e+12 is too large": func() error { _, err := data.ToCategorical(tensor.Of([]float64{1e12}, 1), 0); return err },
		"2 x 2147483647 elements":      func() error { _, err := data.ToCategorical(tensor.Of([]int32{0, math.MaxInt32 - 1}, 2), 0); return err },
		"want numbers, got":            func() error { _, err := data.ToCategorical(tensor.New(tensor.Bool, 2), 0); return err },
		"want a float32 tensor": func() error {
			_, err := data.Normalize(tensor.New(tensor.Int32, 2), data.NormalizeOptions{})
			return err
		},
		"the axis must be from -2 to 1, got 2":  func() error { _, err := data.Normalize(x, data.NormalizeOptions{Axis: new(2)}); return err },
		"the order must be at least 1, got 0.5": func() error { _, err := data.Normalize(x, data.NormalizeOptions{Order: .5}); return err },
		"between 0 and 1, got 1": func() error {
			ds, _ := data.Tensors(x, nil, data.TensorOptions{})
			_, _, err := ds.ValidationSplit(1)
			return err
		},
		"2 examples are too few": func() error {
			ds, _ := data.Tensors(x, nil, data.TensorOptions{})
			_, _, err := ds.ValidationSplit(.9)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}

func TestValidationSplit(t *testing.T) {
	x, y := tensor.New(tensor.Float32, 7, 1), tensor.New(tensor.Float32, 7, 1)
	w := make([]float32, 7)
	for i := range 7 {
		x.Float32s()[i], y.Float32s()[i], w[i] = float32(i), float32(-i), float32(10*i)
	}
	ds, err := data.NamedTensors(map[string]*tensor.Tensor{"a": x}, map[string]*tensor.Tensor{"b": y},
		data.TensorOptions{BatchSize: 10, Seed: 1, SampleWeights: map[string]*tensor.Tensor{"b": tensor.Of(w, 7)}})
	if err != nil {
		t.Fatal(err)
	}
	train, validation, err := ds.ValidationSplit(.3) // 7 * .7 is 4.9
	if err != nil {
		t.Fatal(err)
	}
	rows := func(ds data.Dataset) (list []float32) {
		for b, err := range ds.Batches(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range b.Inputs["a"].Float32s() {
				list = append(list, v)
				if b.Targets["b"].Float32s()[i] != -v || b.SampleWeights["b"].Float32s()[i] != 10*v {
					t.Errorf("row %v has the target %v and the weight %v", v, b.Targets["b"].Float32s()[i], b.SampleWeights["b"].Float32s()[i])
				}
			}
		}
		return list
	}
	if got := rows(validation); !slices.Equal(got, []float32{4, 5, 6}) {
		t.Errorf("the validation data are %v, want the last 3 rows in order", got)
	}
	got := rows(train)
	if slices.IsSorted(got) {
		t.Errorf("the training data are %v, want them shuffled", got)
	}
	if slices.Sort(got); !slices.Equal(got, []float32{0, 1, 2, 3}) {
		t.Errorf("the training data are %v, want the first 4 rows", got)
	}
	if train.Fingerprint() == ds.Fingerprint() || train.Fingerprint() == validation.Fingerprint() {
		t.Error("the parts have the fingerprint of another dataset")
	}
}
