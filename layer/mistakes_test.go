package layer_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

func TestBuildMistakes(t *testing.T) {
	conv := layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}}
	for _, c := range []struct {
		layer layer.Layer
		in    tensor.Shape
		want  string
	}{
		{layer.Conv2D{}, nil, "Filters is not set, want an integer from 1 to 16777216\nKernel is not set, want 2 integers from 1 to 16777216"},
		{layer.Conv2D{Filters: -4, Kernel: layer.Size{3, 0}, Strides: layer.Size{-1, 1}, Activation: layer.Function("rleu")}, nil, `Filters is -4, want an integer from 1 to 16777216
Kernel is 3x0, want 2 integers from 1 to 16777216
Strides is -1x1, want 2 integers from 1 to 16777216
Activation: there is no activation "rleu"; did you mean relu?`},
		{layer.Conv2D{Filters: 1 << 30, Kernel: layer.Size{3, 3}, Padding: 7}, nil, "Filters is 1073741824, want an integer from 1 to 16777216\nPadding: got 7, want layer.Valid or layer.Same"},
		{layer.Conv2D{Filters: 1, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Dilation: layer.Size{2, 2}}, nil, "Strides is 2x2 and Dilation 2x2: one of them must be 1x1"},
		{conv, tensor.Shape{-1, 2, 2, 3}, "a 3x3 kernel does not fit into an image of 2x2; use padding same, a smaller kernel or larger images"},
		{conv, tensor.Shape{-1, -1, 2, 3}, "a 3x3 kernel does not fit into an image of Nonex2; use padding same, a smaller kernel or larger images"},
		{layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Dilation: layer.Size{2, 2}}, tensor.Shape{-1, 4, 9, 3}, "a 5x5 dilated kernel does not fit into an image of 4x9; use padding same, a smaller kernel or larger images"},
		{conv, tensor.Shape{-1, 100}, "got shape (None, 100), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{conv, tensor.Shape{-1, 28, 28}, "got shape (None, 28, 28), want (batch, height, width, channels); gray images have 1 channel: (batch, height, width, 1)"},
		{conv, tensor.Shape{-1, 28, 28, -1}, "got shape (None, 28, 28, None), want (batch, height, width, channels), with a known number of channels"},
		{layer.Conv2D{Filters: 1 << 24, Kernel: layer.Size{64, 64}, Padding: layer.Same}, tensor.Shape{-1, 64, 64, 64}, "kernel would have shape (64, 64, 64, 16777216), more than 2147483648 numbers; use smaller images, more pooling or fewer units"},
		{layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Groups: -2}, nil, "Groups is -2, want an integer from 1 to 16777216"},
		{layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Groups: 3}, nil, "Filters is 4, want a multiple of Groups, which is 3"},
		{layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Groups: 2}, tensor.Shape{-1, 4, 4, 3}, "got 3 channels, want a multiple of Groups, which is 2"},
		{layer.DepthwiseConv2D{}, nil, "Kernel is not set, want 2 integers from 1 to 16777216"},
		{layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, DepthMultiplier: -1, Padding: 3, Activation: layer.Function("relu5")}, nil, "Padding: got 3, want layer.Valid or layer.Same\nDepthMultiplier is -1, want an integer from 1 to 16777216\nActivation: there is no activation \"relu5\"; did you mean relu?"},
		{layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}}, tensor.Shape{-1, 2, 9, 3}, "a 3x3 kernel does not fit into an image of 2x9; use padding same, a smaller kernel or larger images"},
		{layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}}, tensor.Shape{-1, 28, 28}, "got shape (None, 28, 28), want (batch, height, width, channels); gray images have 1 channel: (batch, height, width, 1)"},
		{layer.DepthwiseConv2D{Kernel: layer.Size{1, 1}, DepthMultiplier: 1 << 24}, tensor.Shape{-1, 4, 4, 1 << 24}, "kernel would have shape (1, 1, 16777216, 16777216), more than 2147483648 numbers; use smaller images, more pooling or fewer units"},
		{layer.SeparableConv2D{}, nil, "Filters is not set, want an integer from 1 to 16777216\nKernel is not set, want 2 integers from 1 to 16777216"},
		{layer.SeparableConv2D{Filters: 2, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Dilation: layer.Size{2, 2}, PointwiseInitializer: initializer.RandomNormal{Stddev: -1}}, nil,
			"PointwiseInitializer: Stddev is -1, want a number greater than 0\nStrides is 2x2 and Dilation 2x2: one of them must be 1x1"},
		{layer.SeparableConv2D{Filters: 2, Kernel: layer.Size{3, 3}}, tensor.Shape{-1, 100}, "got shape (None, 100), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{layer.ReLULayer{MaxValue: new(-1.), NegativeSlope: -2, Threshold: math.NaN()}, nil, "MaxValue is -1, want a number greater than or equal to 0\nNegativeSlope is -2, want a number greater than or equal to 0\nThreshold is NaN, want a number greater than or equal to 0"},
		{layer.LeakyReLU{NegativeSlope: new(-.1)}, nil, "NegativeSlope is -0.1, want a number greater than or equal to 0"},
		{layer.MaxPool2D{}, tensor.Shape{-1, 1, 8, 3}, "a 2x2 pool does not fit into an image of 1x8; use padding same, a smaller pool or larger images"},
		{layer.MaxPool2D{}, tensor.Shape{-1, 8}, "got shape (None, 8), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{layer.MaxPool2D{Pool: layer.Size{2, -2}, Strides: layer.Size{0, 1}}, nil, "Pool is 2x-2, want 2 integers from 1 to 16777216\nStrides is 0x1, want 2 integers from 1 to 16777216"},
		{layer.MaxPool2D{Pool: layer.Size{16, 16}}, nil, "Pool is 16x16, want at most 255 pixels"},
		{layer.AveragePool2D{Pool: layer.Size{3, 3}}, tensor.Shape{-1, 2, 2, 1}, "a 3x3 pool does not fit into an image of 2x2; use padding same, a smaller pool or larger images"},
		{layer.Dense{}, nil, "Units is not set, want an integer from 1 to 16777216"},
		{layer.Dense{Units: 1, KernelInitializer: initializer.VarianceScaling{Mode: "fan"}, BiasInitializer: initializer.RandomNormal{Stddev: -1}}, nil,
			"KernelInitializer: Mode is \"fan\", want one of fan_in, fan_out, fan_avg\nBiasInitializer: Stddev is -1, want a number greater than 0"},
		{layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}, KernelInitializer: initializer.VarianceScaling{Scale: -1}}, nil,
			"KernelInitializer: Scale is -1, want a number greater than 0"},
		{layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}, BiasInitializer: initializer.Constant{Value: math.NaN()}}, nil, "BiasInitializer: Value is NaN, want a number"},
		{layer.Dense{Units: 3}, tensor.Shape{-1}, "got shape (None,), want (batch, features)"},
		{layer.Dense{Units: 3}, tensor.Shape{-1, -1}, "got shape (None, None), want a known number of features; set all sizes in the Shape of Input"},
		{layer.Dense{Units: 3}, tensor.Shape{-1, -1, 4}, "got shape (None, None, 4), want known dimensions after the batch"},
		{layer.Dense{Units: 1 << 20}, tensor.Shape{-1, 1 << 20}, "kernel would have shape (1048576, 1048576), more than 2147483648 numbers; use smaller images, more pooling or fewer units"},
		{layer.Flatten{}, tensor.Shape{-1, -1, 4}, "got shape (None, None, 4), want known dimensions after the batch; set all sizes in the Shape of Input"},
		{layer.Flatten{}, tensor.Shape{-1, math.MaxInt, 4}, "an example of shape (9223372036854775807, 4) has more than 68719476736 numbers"},
		{layer.Conv2D{Filters: 1 << 24, Kernel: layer.Size{1, 1}}, tensor.Shape{-1, 1 << 20, 1 << 20, 1}, "an example of shape (1048576, 1048576, 16777216) has more than 68719476736 numbers"},
		{layer.Dense{Units: 1 << 20}, tensor.Shape{-1, 1 << 20, 1}, "an example of shape (1048576, 1048576) has more than 68719476736 numbers"},
		{layer.Dense{Units: 2}, tensor.Shape{-1, 1 << 20, 1 << 20, 1 << 24}, "an example of shape (1048576, 1048576, 16777216) has more than 68719476736 numbers"},
		{layer.Dropout{Rate: 1.5}, nil, "Rate is 1.5, want a number from 0 to 1"},
		{layer.Dropout{NoiseShape: layer.Dims{-1, 1}}, tensor.Shape{-1, 3, 4}, "NoiseShape (None, 1) is for 2 dimensions, got shape (None, 3, 4)"},
		{layer.Dropout{NoiseShape: layer.Dims{-1, 2, 4}}, tensor.Shape{-1, 3, 4}, "NoiseShape (None, 2, 4) does not broadcast to shape (None, 3, 4)"},
		{layer.Dropout{Rate: math.NaN()}, nil, "Rate is NaN, want a number from 0 to 1"},
		{layer.Activate{Activation: layer.Function("sotfmax")}, nil, `Activation: there is no activation "sotfmax"; did you mean softmax?`},
		{layer.BatchNormalization{Momentum: new(1.5), Epsilon: new(math.NaN()), GammaInitializer: initializer.RandomNormal{Stddev: -1}}, nil,
			"Momentum is 1.5, want a number from 0 to 1\nEpsilon is NaN, want a number greater than or equal to 0\nGammaInitializer: Stddev is -1, want a number greater than 0"},
		{layer.BatchNormalization{}, tensor.Shape{-1}, "got shape (None,), want (batch, ..., channels)"},
		{layer.BatchNormalization{}, tensor.Shape{-1, -1}, "got shape (None, None), want a known number of channels"},
		{layer.BatchNormalization{Axis: 1}, tensor.Shape{-1, 3, 4, 4}, "Axis is 1 for shape (None, 3, 4, 4), want the last dimension; others are not supported yet"},
		{layer.Activate{Activation: layer.Softmax}, tensor.Shape{-1}, "got shape (None,) for softmax, want (batch, ..., classes)"},
		{layer.SoftmaxLayer{Axis: 1}, tensor.Shape{-1, 3, 4}, "Axis is 1 for shape (None, 3, 4), want the last dimension; others are not supported yet"},
		{layer.GlobalAveragePool2D{}, tensor.Shape{-1, 9}, "got shape (None, 9), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{layer.GlobalMaxPool2D{}, tensor.Shape{-1, 9, 9}, "got shape (None, 9, 9), want (batch, height, width, channels); gray images have 1 channel: (batch, height, width, 1)"},
		{layer.ZeroPadding2D{Padding: &layer.Pads{{0, -1}}}, nil, "Padding: got [[0 -1] [0 0]], want integers from 0 to 16777216"},
		{layer.ZeroPadding2D{Padding: &layer.Pads{{1 << 24, 0}, {1 << 24, 0}}}, tensor.Shape{-1, 1, 1, 1}, "an example of shape (16777217, 16777217, 1) has more than 68719476736 numbers"},
		{layer.Reshape{}, nil, "Shape is not set; set it as in Shape: []int{7, 7, -1}"},
		{layer.Reshape{Shape: []int{-1, -1}}, nil, "Shape is [-1 -1], want sizes from 1 to 16777216, one of which may be -1"},
		{layer.Reshape{Shape: []int{2, 0}}, nil, "Shape is [2 0], want sizes from 1 to 16777216, one of which may be -1"},
		{layer.Reshape{Shape: []int{5}}, tensor.Shape{-1, 3, 4}, "cannot reshape examples of shape (3, 4), which have 12 numbers, to [5]"},
		{layer.Reshape{Shape: []int{5, -1}}, tensor.Shape{-1, 3, 4}, "cannot reshape examples of shape (3, 4), which have 12 numbers, to [5 -1]"},
		{layer.Reshape{Shape: []int{1 << 24, 1 << 24, 1 << 24, -1}}, tensor.Shape{-1, 3, 4}, "cannot reshape examples of shape (3, 4), which have 12 numbers, to [16777216 16777216 16777216 -1]"},
		{layer.Reshape{Shape: []int{4, -1}}, tensor.Shape{-1, -1, 4}, "got shape (None, None, 4), want known dimensions after the batch; set all sizes in the Shape of Input"},
		{layer.Rescaling{}, nil, "Scale is not set"},
		{layer.Rescaling{Scale: []float64{}, Offset: []float64{math.NaN()}}, nil, "Scale: got no numbers, want 1 or one for each feature\nOffset: got [NaN], want numbers in the range of float32"},
		{layer.Rescaling{Scale: []float64{1, 2}}, tensor.Shape{-1, 4, 3}, "Scale has 2 numbers for shape (None, 4, 3), want 1 or one for each index of the last dimension"},
		{layer.Rescaling{Scale: []float64{1}, Offset: []float64{1, 2}}, tensor.Shape{-1}, "Offset has 2 numbers for shape (None,), want 1 or one for each index of the last dimension"},
		{layer.Normalization{Mean: []float64{1}}, nil, "Mean and Variance differ in length; set both or neither"},
		{layer.Normalization{Mean: []float64{1}, Variance: []float64{-1}}, nil, "Variance is [-1], want numbers greater than or equal to 0"},
		{layer.Normalization{Axis: []int{}, Mean: []float64{1, 2}, Variance: []float64{1, 2}}, nil, "Mean has 2 numbers, want 1 because Axis is empty"},
		{layer.Normalization{Axis: []int{0}}, tensor.Shape{-1, 3}, "Axis is 0 for shape (None, 3), want a dimension after the batch"},
		{layer.Normalization{Axis: []int{-3}}, tensor.Shape{-1, 3}, "Axis is -3 for shape (None, 3), want a dimension after the batch"},
		{layer.Normalization{}, tensor.Shape{-1, 3, -1}, "got shape (None, 3, None), want a known size of dimension 2, because Axis contains it"},
		{layer.Normalization{Mean: []float64{1, 2}, Variance: []float64{1, 2}}, tensor.Shape{-1, 3}, "Mean has 2 numbers for shape (None, 3), want 1 or one for each index of dimension 1"},
		{layer.Normalization{Axis: []int{1, 2}}, tensor.Shape{-1, 1 << 20, 1 << 20}, "mean would have shape (1048576, 1048576), more than 2147483648 numbers"},
		{layer.Concatenate{Axis: 2}, tensor.Shape{-1, 3}, "Axis is 2 for shape (None, 3), want a dimension after the batch"},
		{layer.Subtract{}, tensor.Shape{-1, 3}, "got 1 operands, want 2"},
		{layer.Dot{}, nil, "Axes is [0 0], but 0 is the batch; set it to a dimension of each operand, as in Axes: [2]int{1, 1}"},
		{layer.Input{}, nil, "Shape is not set; set it to the shape of an example, as in Input{Shape: []int{128, 128, 3}}"},
		{layer.Input{Shape: []int{8, 0, 3}, Batch: -1}, nil, "Shape is (8, 0, 3), want sizes from 1 to 16777216, without the batch"},
		{layer.Input{Shape: []int{1 << 20, 1 << 20, 3}}, nil, "an example of shape (1048576, 1048576, 3) has more than 68719476736 numbers"},
		{layer.Input{Shape: []int{8, 8, 3}}, tensor.Shape{-1, 8, 9, 3}, "got float32 (None, 8, 9, 3), want float32 (None, 8, 8, 3)"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		x := b.Invalid() // the result of a layer with a mistake
		if c.in != nil {
			x = b.Input("x", tensor.Float32, c.in...)
		}
		if y := c.layer.Build(b.In("it", "layer 1 (X it)"), x); y.Valid() {
			t.Errorf("%+v: the result is valid", c.layer)
		}
		err := b.Err()
		if err == nil {
			t.Errorf("%+v: no mistake of %v", c.layer, c.in)
			continue
		}
		want := "layer 1 (X it): " + strings.ReplaceAll(c.want, "\n", "\nlayer 1 (X it): ")
		if got := err.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		var e *graph.Error
		if !errors.As(err, &e) {
			t.Errorf("%T is not a graph.Error", err)
		}
		if _, err := layer.Decode(layer.ClassOf(c.layer), layer.GetConfig(c.layer)); c.in == nil && err == nil && !strings.Contains(c.want, "example") {
			t.Errorf("%+v: decoded from its config", c.layer)
		}
	}
}

func TestActivationMistakes(t *testing.T) {
	for _, c := range []struct {
		activation layer.Activation
		want       string
	}{
		{layer.Dense{Units: 1}, "layer 1: the activation, a layer.Dense, has variables; add it to the network as a layer"},
		{layer.ReLULayer{Threshold: -1}, "layer 1: Threshold is -1, want a number greater than or equal to 0"},
		{layer.Function(""), `layer 1: Activation: there is no activation ""; want one of ` + strings.Join(layer.Activations(), ", ")},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		l := layer.Dense{Units: 2, Activation: c.activation}
		if y := l.Build(b.In("it", "layer 1"), b.Input("x", tensor.Float32, -1, 3)); y.Valid() {
			t.Errorf("%T: the result is valid", c.activation)
		}
		if err := b.Err(); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// TestOperandMistakes checks messages about operands that do not fit together.
func TestOperandMistakes(t *testing.T) {
	shapes := func(s ...tensor.Shape) []tensor.Shape { return s }
	for _, c := range []struct {
		layer layer.Layer
		in    []tensor.Shape
		want  string
	}{
		{layer.Add{}, shapes(tensor.Shape{-1, 3}, tensor.Shape{-1, 4}), "got operands of shapes (None, 3), (None, 4), want dimensions that are equal or 1"},
		{layer.Add{}, shapes(tensor.Shape{2, 3}, tensor.Shape{1, 3}), "got operands of shapes (2, 3), (1, 3), want the same batch"},
		{layer.Subtract{}, shapes(tensor.Shape{-1}, tensor.Shape{-1}, tensor.Shape{-1}), "got 3 operands, want 2"},
		{layer.Multiply{}, shapes(tensor.Shape{}, tensor.Shape{-1}), "got operands of shapes (), (None,), want (batch, ...)"},
		{layer.Average{}, shapes(tensor.Shape{-1, -1}, tensor.Shape{-1, 2, 3}), "got operands of shapes (None, None), (None, 2, 3), want known dimensions after the batch where the ranks differ"},
		{layer.Maximum{}, shapes(tensor.Shape{-1, 1 << 20, 1}, tensor.Shape{-1, 1, 1 << 20}), "got operands of shapes (None, 1048576, 1), (None, 1, 1048576), want dimensions that are equal or 1"},
		{layer.Concatenate{}, shapes(tensor.Shape{-1, 3, 2}, tensor.Shape{-1, 4, 2}), "got operands of shapes (None, 3, 2), (None, 4, 2), want equal shapes except along axis -1"},
		{layer.Concatenate{}, shapes(tensor.Shape{-1, 3}, tensor.Shape{-1, 3, 1}), "got operands of shapes (None, 3), (None, 3, 1), want equal shapes except along axis -1"},
		{layer.Dot{Axes: [2]int{1, 1}}, shapes(tensor.Shape{-1, 3}, tensor.Shape{-1, 4}), "got operands of shapes (None, 3), (None, 4), want the same size along Axes [1 1]"},
		{layer.Dot{Axes: [2]int{2, 1}}, shapes(tensor.Shape{-1, 3}, tensor.Shape{-1, 3}), "Axes is 2 for shape (None, 3), want a dimension after the batch"},
		{layer.Dot{Axes: [2]int{-1, 1}}, shapes(tensor.Shape{-1, -1, 3}, tensor.Shape{-1, 3}), "got operands of shapes (None, None, 3), (None, 3), want known dimensions after the batch"},
		{layer.Dot{Axes: [2]int{-1, -1}}, shapes(tensor.Shape{-1, 1 << 20, 3}, tensor.Shape{-1, 1 << 20, 3}), "an example of shape (1048576, 1048576) has more than 68719476736 numbers"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		var in []*graph.Value
		for i, s := range c.in {
			in = append(in, b.Input(fmt.Sprint("x", i), tensor.Float32, s...))
		}
		if y := c.layer.Build(b.In("it", "layer 1"), graph.List(in...)); y.Valid() {
			t.Errorf("%+v: the result is valid", c.layer)
		}
		if err := b.Err(); err == nil || err.Error() != "layer 1: "+c.want {
			t.Errorf("got  %v\nwant layer 1: %s", err, c.want)
		}
		b = graph.NewBuilder(graph.NewStore(), true)
		if y := c.layer.Build(b.In("it", ""), graph.List(b.Invalid(), b.Invalid())); y.Valid() || b.Err() != nil {
			t.Errorf("%+v of invalid operands: %v, %v", c.layer, y, b.Err())
		}
	}
}

// TestBytes checks the layers that convert integers to float32, as in Keras.
func TestBytes(t *testing.T) {
	pixels := tensor.Of([]uint8{0, 51, 255, 102}, 2, 2)
	for _, l := range []layer.Layer{
		layer.Rescaling{Scale: []float64{1. / 255}, Offset: []float64{1}},
		layer.Normalization{Mean: []float64{-255}, Variance: []float64{255 * 255}},
	} {
		m := graphtest.New(t, false, []*tensor.Tensor{pixels}, build("", l))
		for i, want := range []float64{1, 1.2, 2, 1.4} {
			if got := float64(m.Run(t, pixels)[0].Float32s()[i]); !graphtest.Near(got, want, 1e-6, 0) {
				t.Errorf("%s: element %d is %v, want %v", layer.ClassOf(l), i, got, want)
			}
		}
	}
	b := graph.NewBuilder(graph.NewStore(), true)
	layer.Rescaling{Scale: []float64{1}}.Build(b.In("it", "layer 1"), b.Input("x", tensor.Bool, -1, 4))
	if err := b.Err(); err == nil || err.Error() != "layer 1: got values of type bool, want numbers" {
		t.Error(err)
	}
}

func TestListsAreRefused(t *testing.T) {
	for _, c := range layers {
		if _, most := layer.Operands(c.layer); most != 1 {
			continue
		}
		b := graph.NewBuilder(graph.NewStore(), true)
		x := b.Input("x", tensor.Float32, c.in...)
		c.layer.Build(b.In("it", "layer 1"), graph.List(x, x))
		if err := b.Err(); err == nil || err.Error() != "layer 1: got a list of 2 operands, want one operand" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestIntegersAreRefused(t *testing.T) {
	for _, l := range []layer.Layer{
		layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}}, layer.MaxPool2D{}, layer.AveragePool2D{},
		layer.DepthwiseConv2D{Kernel: layer.Size{1, 1}}, layer.SeparableConv2D{Filters: 1, Kernel: layer.Size{1, 1}}, layer.ReLULayer{},
		layer.LeakyReLU{}, layer.Dense{Units: 1}, layer.Dropout{Rate: .5}, layer.Activate{Activation: layer.ReLU}, layer.SoftmaxLayer{}, layer.BatchNormalization{},
		layer.GlobalAveragePool2D{}, layer.GlobalMaxPool2D{}, layer.ZeroPadding2D{}, layer.Add{}, layer.Maximum{}, layer.Concatenate{},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		l.Build(b.In("it", "layer 1"), b.Input("x", tensor.Uint8, -1, 4, 4, 1))
		want := "layer 1: got numbers of type uint8, want float32; do not set DType of Input, so that the data are converted to float32"
		if err := b.Err(); err == nil || err.Error() != want {
			t.Errorf("%s: %v", layer.ClassOf(l), err)
		}
	}
}

// TestInvalidOperand checks that a valid layer after an invalid one reports nothing.
func TestInvalidOperand(t *testing.T) {
	for _, c := range layers {
		b := graph.NewBuilder(graph.NewStore(), true)
		if y := c.layer.Build(b.In("it", ""), b.Invalid()); y.Valid() || b.Err() != nil {
			t.Errorf("%s: %v, %v", c.name, y, b.Err())
		}
	}
}

func TestDecodeMistakes(t *testing.T) {
	type config = map[string]any
	for _, c := range []struct {
		class  string
		config config
		want   string
	}{
		{"Conv2d", nil, `there is no layer class "Conv2d"; did you mean Conv2D?`},
		{"LSTM", nil, `there is no layer class "LSTM"; want one of ` + strings.Join(layer.Classes(), ", ")},
		{"Conv2D", nil, "Conv2D: filters is missing\nConv2D: kernel_size is missing"},
		{"Conv2D", config{"name": "c", "filters": -3, "kernel_size": []any{3., "x"}, "groups": 0., "data_format": "channels_first", "paddin": "same"}, `Conv2D "c": filters is -3, want an integer from 1 to 16777216
Conv2D "c": kernel_size is [3,"x"], want 2 integers from 1 to 16777216
Conv2D "c": groups is 0, want an integer from 1 to 16777216
Conv2D "c": data_format is "channels_first": not supported yet, want "channels_last"
Conv2D "c": unknown key "paddin"; did you mean padding?`},
		{"Conv2D", config{"filters": 1e300, "kernel_size": 3, "kernel_regularizer": config{"class_name": "L2"}}, `Conv2D: filters is 1e+300, want an integer from 1 to 16777216
Conv2D: kernel_regularizer is {"class_name":"L2"}: not supported in training yet, want null`},
		{"Conv2D", config{"filters": 1, "kernel_size": 3, "strides": 2, "dilation_rate": 2, "activation": "swishh"}, `Conv2D: there is no activation "swishh"; want one of linear, relu, relu6, sigmoid, softmax, silu, tanh
Conv2D: Strides is 2x2 and Dilation 2x2: one of them must be 1x1`},
		{"Dense", config{"units": 2.5, "use_bias": "no", "kernel_initializer": config{"class_name": "Orthogonal", "config": config{}}, "dtype": "float64"}, `Dense: units is 2.5, want an integer from 1 to 16777216
Dense: use_bias is "no", want true or false
Dense: kernel_initializer: there is no initializer class "Orthogonal"; want one of ` + strings.Join(initializer.Classes(), ", ") + `
Dense: dtype is "float64": not supported, want one of float32, bfloat16, float16, mixed_bfloat16, mixed_float16`},
		{"Dense", config{"units": 2, "activation": 7}, "Dense: activation is 7, want the name of a function or a layer"},
		{"Dense", config{"units": 2, "activation": config{"class_name": "Swish", "config": config{}}}, "Dense: activation: there is no layer class \"Swish\"; want one of " + strings.Join(layer.Classes(), ", ")},
		{"Dense", config{"units": 2, "activation": config{"class_name": "ReLU", "config": config{"threshold": -1.}}}, "Dense: activation: ReLU: threshold is -1, want a number greater than or equal to 0"},
		{"Dense", config{"units": 2, "dtype": config{"class_name": "QuantizedDTypePolicy", "config": config{}}}, "Dense: dtype is {\"class_name\":\"QuantizedDTypePolicy\",\"config\":{}}: not supported, want one of float32, bfloat16, float16, mixed_bfloat16, mixed_float16"},
		{"Dense", config{"units": 2, "bias_constraint": 3.}, "Dense: bias_constraint is 3, want null or a Keras object"},
		{"Flatten", config{"activity_regularizer": "l2"}, "Flatten: activity_regularizer is \"l2\": not supported in training yet, want null"},
		{"Dense", config{"units": 2, "lora_rank": 4}, `Dense: unknown key "lora_rank"`},
		{"DepthwiseConv2D", config{"depth_multiplier": 0., "filters": 3.}, "DepthwiseConv2D: kernel_size is missing\nDepthwiseConv2D: depth_multiplier is 0, want an integer from 1 to 16777216\nDepthwiseConv2D: unknown key \"filters\""},
		{"SeparableConv2D", config{"filters": 3., "kernel_size": 3., "pointwise_regularizer": "l2"}, `SeparableConv2D: pointwise_regularizer is "l2": not supported in training yet, want null`},
		{"ReLU", config{"max_value": -1., "slope": .1}, "ReLU: max_value is -1, want a number greater than or equal to 0\nReLU: unknown key \"slope\""},
		{"LeakyReLU", config{"negative_slope": "much"}, `LeakyReLU: negative_slope is "much", want a number greater than or equal to 0`},
		{"BatchNormalization", config{"axis": []any{1., 2.}, "momentum": 2., "renorm": true, "renorm_momentum": .9, "synchronized": true, "beta_regularizer": "l2"}, `BatchNormalization: axis is [1,2], want an integer other than 0, the batch
BatchNormalization: momentum is 2, want a number from 0 to 1
BatchNormalization: beta_regularizer is "l2": not supported in training yet, want null
BatchNormalization: renorm is true: not supported yet, want false
BatchNormalization: synchronized is true: not supported yet, want false`},
		{"MaxPooling2D", config{"strides": []any{0., 0.}, "padding": "sme"}, "MaxPooling2D: strides is [0,0], want 2 integers from 1 to 16777216\nMaxPooling2D: padding is \"sme\"; did you mean same?"},
		{"AveragePooling2D", config{}, "AveragePooling2D: pool_size is missing"},
		{"Dropout", config{"rate": "half"}, `Dropout: rate is "half", want a number from 0 to 1`},
		{"Dropout", config{"rate": .5, "noise_shape": []any{nil, 0.}}, "Dropout: noise_shape is [null,0], want a list of null and integers from 1 to 16777216"},
		{"Dropout", config{"rate": .5, "noise_shape": 2.}, "Dropout: noise_shape is 2, want a list of null and integers from 1 to 16777216"},
		{"InputLayer", config{"dtype": "string"}, "InputLayer: dtype: tensor: unknown element type \"string\"\nInputLayer: batch_shape is missing"},
		{"InputLayer", config{"batch_shape": []any{nil, -2., 3.}, "sparse": true}, "InputLayer: sparse is true: not supported yet, want false\nInputLayer: batch_shape is [null,-2,3], want null or integers from 1 to 16777216"},
		{"InputLayer", config{"batch_shape": "x"}, `InputLayer: batch_shape is "x", want a list as in [null, 128, 128, 3]`},
		{"Activation", config{}, "Activation: activation is missing"},
		{"Softmax", config{"axis": []any{1., 2.}}, "Softmax: axis is [1,2], want an integer other than 0, the batch"},
		{"Concatenate", config{"axis": 0.}, "Concatenate: axis is 0, want an integer other than 0, the batch"},
		{"Dot", config{"axes": []any{1., 0.}}, "Dot: Axes is [1 0], but 0 is the batch; set it to a dimension of each operand, as in Axes: [2]int{1, 1}"},
		{"Dot", config{"axes": []any{1., 2., 3.}}, "Dot: axes is [1,2,3], want 2 integers\nDot: Axes is [0 0], but 0 is the batch; set it to a dimension of each operand, as in Axes: [2]int{1, 1}"},
		{"ZeroPadding2D", config{"padding": []any{1., 2., 3.}}, "ZeroPadding2D: padding is [1,2,3], want [[top, bottom], [left, right]], integers from 0 to 16777216"},
		{"ZeroPadding2D", config{"padding": []any{[]any{1., 2.}, []any{1.}}}, "ZeroPadding2D: padding is [[1,2],[1]], want [[top, bottom], [left, right]], integers from 0 to 16777216"},
		{"ZeroPadding2D", config{"padding": -1., "data_format": "channels_first"}, "ZeroPadding2D: padding is -1, want [[top, bottom], [left, right]], integers from 0 to 16777216\nZeroPadding2D: data_format is \"channels_first\": not supported yet, want \"channels_last\""},
		{"Rescaling", config{"scale": []any{[]any{1.}}, "offset": "x"}, "Rescaling: scale is [[1]], want a number or a list of numbers\nRescaling: offset is \"x\", want a number or a list of numbers"},
		{"Rescaling", config{"scale": []any{}}, "Rescaling: scale is [], want a number or a list of numbers"},
		{"Normalization", config{"mean": []any{1., 2.}, "variance": 1.}, "Normalization: Mean and Variance differ in length; set both or neither"},
	} {
		l, err := layer.Decode(c.class, c.config)
		if err == nil {
			t.Errorf("%s %v: got %+v", c.class, c.config, l)
		} else if got := err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestDecodeKeras2 decodes configs as Keras 2 writes them.
func TestDecodeKeras2(t *testing.T) {
	l, err := layer.Decode("InputLayer", map[string]any{"batch_input_shape": []any{8., 28., 28., 1.}, "dtype": "float32", "sparse": false, "ragged": false, "name": "in"})
	if err != nil {
		t.Fatal(err)
	}
	if in := l.(layer.Input); in.Batch != 8 || in.Type().Shape.String() != "(8, 28, 28, 1)" || layer.NameOf(in) != "in" {
		t.Errorf("got %+v", in)
	}
	l, err = layer.Decode("BatchNormalization", map[string]any{
		"name": "bn", "trainable": true, "dtype": "float32", "axis": []any{3.}, "momentum": .9, "epsilon": 1.001e-5, "center": true, "scale": false,
		"beta_initializer":        map[string]any{"class_name": "Zeros", "config": map[string]any{}},
		"gamma_initializer":       map[string]any{"class_name": "Ones", "config": map[string]any{}},
		"moving_mean_initializer": map[string]any{"class_name": "Zeros", "config": map[string]any{}}, "moving_variance_initializer": map[string]any{"class_name": "Ones", "config": map[string]any{}},
		"beta_regularizer": nil, "gamma_regularizer": nil, "beta_constraint": nil, "gamma_constraint": nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	if bn := l.(layer.BatchNormalization); bn.Axis != 3 || *bn.Momentum != .9 || *bn.Epsilon != 1.001e-5 || !bn.NoScale || bn.NoCenter {
		t.Errorf("got %+v", bn)
	}
}
