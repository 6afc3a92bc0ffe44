package layer_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/regularizer"
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
		{layer.MaxPool2D{Pool: layer.Size{16, 256}}, nil, "Pool is 16x256, want a height and a width of at most 255 pixels"},
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
		{layer.BatchNormalization{Axis: 4}, tensor.Shape{-1, 3, 4, 4}, "Axis is 4 for shape (None, 3, 4, 4), want a dimension after the batch"},
		{layer.BatchNormalization{Axis: 1}, tensor.Shape{-1, -1, 4, 4}, "got shape (None, None, 4, 4), want a known number of channels"},
		{layer.Activate{Activation: layer.Softmax}, tensor.Shape{-1}, "got shape (None,) for softmax, want (batch, ..., classes)"},
		{layer.SoftmaxLayer{Axis: 2}, tensor.Shape{-1, 3}, "Axis is 2 for shape (None, 3), want a dimension after the batch"},
		{layer.SoftmaxLayer{}, tensor.Shape{-1}, "Axis is -1 for shape (None,), want a dimension after the batch"},
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
		{layer.Conv2DTranspose{Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Dilation: layer.Size{2, 2}}, nil, "Filters is not set, want an integer from 1 to 16777216\nStrides is 2x2 and Dilation 2x2: one of them must be 1x1"},
		{layer.Conv2DTranspose{Filters: 1, Kernel: layer.Size{3, 3}, OutputPadding: &layer.Size{0, -1}}, nil, "OutputPadding: got 0x-1, want integers from 0 to 16777216"},
		{layer.Conv2DTranspose{Filters: 1, Kernel: layer.Size{3, 3}, OutputPadding: &layer.Size{0, 1}}, nil, "OutputPadding is 1 for a stride of 1, want less than the stride"},
		{layer.Conv2DTranspose{Filters: 1, Kernel: layer.Size{2, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, OutputPadding: &layer.Size{0, 1}}, nil, "OutputPadding is 0 with padding same and a window of even size, want at least 1"},
		{layer.Conv2DTranspose{Filters: 1, Kernel: layer.Size{3, 3}}, tensor.Shape{-1, 100}, "got shape (None, 100), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{layer.Conv2DTranspose{Filters: 1 << 24, Kernel: layer.Size{1, 1}}, tensor.Shape{-1, 1 << 20, 1 << 20, 1}, "an example of shape (1048576, 1048576, 16777216) has more than 68719476736 numbers"},
		{layer.UpSampling2D{Size: layer.Size{2, -1}, Interpolation: "linear"}, nil, "Size is 2x-1, want 2 integers from 1 to 16777216\nInterpolation is \"linear\", want one of nearest, bilinear, bicubic, lanczos3, lanczos5, area"},
		{layer.UpSampling2D{Size: layer.Size{1 << 20, 1 << 20}}, tensor.Shape{-1, 1, 1, 1}, "an example of shape (1048576, 1048576, 1) has more than 68719476736 numbers"},
		{layer.Cropping2D{Cropping: layer.Pads{{0, -1}}}, nil, "Cropping: got [[0 -1] [0 0]], want integers from 0 to 16777216"},
		{layer.Cropping2D{Cropping: layer.Pads{{1, 2}, {0, 1}}}, tensor.Shape{-1, 3, 4, 1}, "Cropping cuts 1+2 elements off dimension 1 of shape (None, 3, 4, 1), want at least one element left"},
		{layer.Resizing{}, nil, "Height is not set, want an integer from 1 to 16777216\nWidth is not set, want an integer from 1 to 16777216"},
		{layer.Resizing{Height: 2, Width: 2, CropToAspectRatio: true, PadToAspectRatio: true, FillValue: math.NaN()}, nil, "FillValue is NaN, want a number\nCropToAspectRatio and PadToAspectRatio are both set, want at most one of them"},
		{layer.Resizing{Height: 2, Width: 2, CropToAspectRatio: true}, tensor.Shape{-1, -1, 4, 1}, "got shape (None, None, 4, 1), want images of known height and width; set them in the Shape of Input"},
		{layer.Resizing{Height: 1 << 24, Width: 1, PadToAspectRatio: true}, tensor.Shape{-1, 1, 1 << 20, 1}, "an example of shape (17592186044415, 1048576, 1) has more than 68719476736 numbers"},
		{layer.Resizing{Height: 1 << 20, Width: 1 << 20}, tensor.Shape{-1, 1, 1, 1}, "an example of shape (1048576, 1048576, 1) has more than 68719476736 numbers"},
		{layer.CenterCrop{Height: 2, Width: 2}, tensor.Shape{-1, 4, -1, 1}, "got shape (None, 4, None, 1), want images of known height and width; set them in the Shape of Input"},
		{layer.CenterCrop{Height: 1 << 20, Width: 1 << 20}, tensor.Shape{-1, 1, 1, 1}, "an example of shape (1048576, 1048576, 1) has more than 68719476736 numbers"},
		{layer.AdaptiveAveragePool2D{}, nil, "Size is not set, want 2 integers from 1 to 16777216"},
		{layer.AdaptiveMaxPool2D{Size: layer.Size{2, 2}}, tensor.Shape{-1, 9}, "got shape (None, 9), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{layer.AdaptiveMaxPool2D{Size: layer.Size{1 << 20, 1 << 20}}, tensor.Shape{-1, 1, 1, 1}, "an example of shape (1048576, 1048576, 1) has more than 68719476736 numbers"},
		{layer.Permute{}, nil, "Dims is not set; set it as in Dims: []int{2, 1}"},
		{layer.Permute{Dims: []int{1, 3}}, nil, "Dims is [1 3], want a permutation of 1, 2 and so on"},
		{layer.Permute{Dims: []int{2, 1}}, tensor.Shape{-1, 3}, "got shape (None, 3), want the batch and 2 more dimensions, because Dims is [2 1]"},
		{layer.RepeatVector{}, nil, "N is not set, want an integer from 1 to 16777216"},
		{layer.RepeatVector{N: 2}, tensor.Shape{-1, 3, 3}, "got shape (None, 3, 3), want (batch, features)"},
		{layer.RepeatVector{N: 1 << 20}, tensor.Shape{-1, 1 << 20}, "an example of shape (1048576, 1, 1048576) has more than 68719476736 numbers"},
		{layer.GaussianNoise{Stddev: 1.5}, nil, "Stddev is 1.5, want a number from 0 to 1"},
		{layer.GaussianDropout{Rate: 1}, nil, "Rate is 1, want a number greater than or equal to 0 and less than 1"},
		{layer.AlphaDropout{Rate: -.5}, nil, "Rate is -0.5, want a number greater than or equal to 0 and less than 1"},
		{layer.AlphaDropout{Rate: .5, NoiseShape: layer.Dims{-1, 1}}, tensor.Shape{-1, 3, 4}, "NoiseShape (None, 1) is for 2 dimensions, got shape (None, 3, 4)"},
		{layer.Conv1D{Kernel: -3, Padding: layer.Padding(2), Strides: 2, Dilation: 2, Groups: 2, Filters: 3}, nil, "Kernel is -3, want an integer from 1 to 16777216\nPadding is explicit, want one of valid, same, causal\nStrides is 2 and Dilation 2: one of them must be 1\nFilters is 3, want a multiple of Groups, which is 2"},
		{layer.Conv1D{Filters: 2, Kernel: 3}, tensor.Shape{-1, 2, 3}, "a kernel of 3 steps does not fit into a sequence of 2; use padding same, a smaller kernel or longer sequences"},
		{layer.Conv1D{Filters: 2, Kernel: 3, Dilation: 2}, tensor.Shape{-1, 4, 3}, "a dilated kernel of 5 steps does not fit into a sequence of 4; use padding same, a smaller kernel or longer sequences"},
		{layer.Conv1D{Filters: 2, Kernel: 3, Groups: 2}, tensor.Shape{-1, 4, 3}, "got 3 channels, want a multiple of Groups, which is 2"},
		{layer.Conv1D{Filters: 2, Kernel: 3}, tensor.Shape{-1, 100}, "got shape (None, 100), want (batch, steps, channels); sequences of numbers have 1 channel: (batch, steps, 1)"},
		{layer.Conv1D{Filters: 2, Kernel: 3}, tensor.Shape{-1, 8, 8, 3}, "got shape (None, 8, 8, 3), want (batch, steps, channels); for images there are layers whose names end in 2D"},
		{layer.Conv1D{Filters: 2, Kernel: 3}, tensor.Shape{-1, 8, -1}, "got shape (None, 8, None), want (batch, steps, channels), with a known number of channels"},
		{layer.Conv1D{Filters: 1 << 24, Kernel: 1}, tensor.Shape{-1, 1 << 20, 1}, "an example of shape (1, 1048576, 16777216) has more than 68719476736 numbers"},
		{layer.Conv2D{Filters: 1, Kernel: layer.Size{3, 3}, Padding: layer.Causal}, nil, "Padding: got 3, want layer.Valid or layer.Same"},
		{layer.Conv1DTranspose{Filters: 2, Kernel: 2, OutputPadding: new(1)}, nil, "OutputPadding is 1 for a stride of 1, want less than the stride"},
		{layer.Conv1DTranspose{Filters: 2, Kernel: 2, OutputPadding: new(-1)}, nil, "OutputPadding is -1, want an integer from 0 to 16777216"},
		{layer.Conv1DTranspose{Filters: 2, Kernel: 2, Strides: 2, Dilation: 3}, nil, "Strides is 2 and Dilation 3: one of them must be 1"},
		{layer.DepthwiseConv1D{}, nil, "Kernel is not set, want an integer from 1 to 16777216"},
		{layer.DepthwiseConv1D{Kernel: 3}, tensor.Shape{-1, 2, 3}, "a kernel of 3 steps does not fit into a sequence of 2; use padding same, a smaller kernel or longer sequences"},
		{layer.SeparableConv1D{Kernel: 3, Strides: -1}, nil, "Filters is not set, want an integer from 1 to 16777216\nStrides is -1, want an integer from 1 to 16777216"},
		{layer.SeparableConv1D{Filters: 1, Kernel: 3}, tensor.Shape{-1, 2, 3}, "a kernel of 3 steps does not fit into a sequence of 2; use padding same, a smaller kernel or longer sequences"},
		{layer.MaxPool1D{}, tensor.Shape{-1, 1, 3}, "a pool of 2 steps does not fit into a sequence of 1; use padding same, a smaller pool or longer sequences"},
		{layer.MaxPool1D{Pool: 256}, nil, "Pool is 256, want at most 255 steps"},
		{layer.AveragePool1D{Pool: -2}, nil, "Pool is -2, want an integer from 1 to 16777216"},
		{layer.GlobalAveragePool1D{}, tensor.Shape{-1, 3}, "got shape (None, 3), want (batch, steps, channels); sequences of numbers have 1 channel: (batch, steps, 1)"},
		{layer.GlobalMaxPool1D{}, tensor.Shape{-1, 3}, "got shape (None, 3), want (batch, steps, channels); sequences of numbers have 1 channel: (batch, steps, 1)"},
		{layer.AdaptiveAveragePool1D{}, nil, "Size is not set, want an integer from 1 to 16777216"},
		{layer.AdaptiveMaxPool1D{Size: -1}, nil, "Size is -1, want an integer from 1 to 16777216"},
		{layer.UpSampling1D{Size: -1}, nil, "Size is -1, want an integer from 1 to 16777216"},
		{layer.UpSampling1D{Size: 1 << 24}, tensor.Shape{-1, 1 << 20, 1}, "an example of shape (17592186044416, 1, 1) has more than 68719476736 numbers"},
		{layer.ZeroPadding1D{Padding: &layer.Ends{-1, 0}}, nil, "Padding: got [-1 0], want integers from 0 to 16777216"},
		{layer.Cropping1D{}, tensor.Shape{-1, 2, 3}, "Cropping cuts 1+1 elements off dimension 1 of shape (None, 2, 3), want at least one element left"},
		{layer.SpatialDropout1D{Rate: 2}, nil, "Rate is 2, want a number from 0 to 1"},
		{layer.Input{Shape: []int{8, 8, 3}}, tensor.Shape{-1, 8, 9, 3}, "got float32 (None, 8, 9, 3), want float32 (None, 8, 8, 3)"},
		{layer.ActivityRegularization{L1: -1, L2: math.NaN()}, nil, "L1 is -1, want a number greater than or equal to 0\nL2 is NaN, want a number greater than or equal to 0"},
		{layer.ELULayer{Alpha: new(math.Inf(1))}, nil, "Alpha is +Inf, want a number"},
		{layer.PReLU{SharedAxes: []int{0}, AlphaConstraint: constraint.MaxNorm{MaxValue: -2}}, nil, "AlphaConstraint: MaxValue is -2, want a number greater than 0\nSharedAxes is [0], want integers from 1 to 32"},
		{layer.PReLU{}, tensor.Shape{-1}, "got shape (None,), want (batch, ...)"},
		{layer.PReLU{SharedAxes: []int{1, 3}}, tensor.Shape{-1, 4, 3}, "SharedAxes has 3, but the operand has shape (None, 4, 3)"},
		{layer.PReLU{SharedAxes: []int{2}}, tensor.Shape{-1, -1, -1, 3}, "got shape (None, None, None, 3), want a known size of dimension 1; add it to SharedAxes, or set all sizes in the Shape of Input"},
		{layer.Dense{Units: 2, BiasInitializer: initializer.Identity{}, KernelRegularizer: regularizer.L1{L1: new(-1.)}}, nil, "KernelRegularizer: L1 is -1, want a number greater than or equal to 0"},
		{layer.Dense{Units: 2, BiasInitializer: initializer.Identity{}}, tensor.Shape{-1, 3}, "variable it/bias: the initializer Identity needs two dimensions, got shape (2,)"},
		{layer.Dense{Units: 1 << 20, KernelInitializer: initializer.Orthogonal{}}, tensor.Shape{-1, 2000}, "variable it/kernel: the initializer Orthogonal would take too long for shape (2000, 1048576); use another one, such as HeNormal"},
		{layer.LayerNormalization{Epsilon: new(-1.)}, nil, "Epsilon is -1, want a number greater than or equal to 0"},
		{layer.LayerNormalization{Axis: []int{0}}, tensor.Shape{-1, 3}, "Axis is 0 for shape (None, 3), want a dimension after the batch"},
		{layer.LayerNormalization{Axis: []int{-1, 1}}, tensor.Shape{-1, 3}, "Axis is [-1 1] for shape (None, 3), want different dimensions, at least one"},
		{layer.LayerNormalization{}, tensor.Shape{-1, -1}, "got shape (None, None), want a known size of dimension 1, because Axis contains it"},
		{layer.LayerNormalization{Axis: []int{1}}, tensor.Shape{-1, 3, -1}, "got shape (None, 3, None), want known dimensions after the batch, because Axis is [1]"},
		{layer.RMSNormalization{Axis: []int{1}}, tensor.Shape{-1, 3, 4}, "Axis is [1] for shape (None, 3, 4), want the last dimensions, in ascending order"},
		{layer.UnitNormalization{Axis: []int{}}, tensor.Shape{-1, 3}, "Axis is [] for shape (None, 3), want different dimensions, at least one"},
		{layer.GroupNormalization{Groups: -2}, nil, "Groups is -2, want an integer greater than or equal to -1"},
		{layer.GroupNormalization{}, tensor.Shape{-1, 4, 4, 24}, "got 24 channels, want a multiple of Groups, which is 32"},
		{layer.GroupNormalization{}, tensor.Shape{-1, -1, 32}, "got shape (None, None, 32), want (batch, ...) with known dimensions after the batch; set all sizes in the Shape of Input"},
		{layer.SpectralNormalization{}, nil, "Layer is not set"},
		{layer.SpectralNormalization{Layer: layer.Dense{}}, nil, "Units is not set, want an integer from 1 to 16777216"},
		{layer.SpectralNormalization{Layer: layer.Flatten{}, PowerIterations: -1}, tensor.Shape{-1, 3}, "PowerIterations is -1, want an integer from 1 to 1000"},
		{layer.SpectralNormalization{Layer: layer.Flatten{}}, tensor.Shape{-1, 3}, "Layer is Flatten, which has neither a kernel nor embeddings"},
		{layer.SpectralNormalization{Layer: layer.Subtract{}}, tensor.Shape{-1, 3}, "Layer is Subtract, want a layer with one operand and a kernel"},
		{layer.Embedding{}, nil, "InputDim is not set, want an integer from 1 to 16777216\nOutputDim is not set, want an integer from 1 to 16777216"},
		{layer.Embedding{InputDim: 1 << 24, OutputDim: 1 << 24}, tensor.Shape{-1, 3}, "embeddings would have shape (16777216, 16777216), more than 2147483648 numbers; use smaller images, more pooling or fewer units"},
		{layer.EinsumDense{}, tensor.Shape{-1, 3}, "OutputShape is not set\nEquation is not set; set it as in Equation: \"abc,cd->abd\""},
		{layer.EinsumDense{Equation: "ab,bc", OutputShape: layer.Dims{4}}, nil, `Equation is "ab,bc", want "x,kernel->y", "...x,kernel->...y" or "x...,kernel->y..." with letters for x, kernel and y`},
		{layer.EinsumDense{Equation: "...ab,bc->ac...", OutputShape: layer.Dims{4}}, nil, `Equation is "...ab,bc->ac...", want "x,kernel->y", "...x,kernel->...y" or "x...,kernel->y..." with letters for x, kernel and y`},
		{layer.EinsumDense{Equation: "aab,bc->ac", OutputShape: layer.Dims{4}}, nil, `Equation is "aab,bc->ac", which has a twice in aab`},
		{layer.EinsumDense{Equation: "ab,bd->ac", OutputShape: layer.Dims{4}}, nil, `Equation is "ab,bd->ac", but d of the kernel is neither in the operand nor in the result`},
		{layer.EinsumDense{Equation: "ab,b->ac", OutputShape: layer.Dims{4}}, nil, `Equation is "ab,b->ac", but c of the result is neither in the operand nor in the kernel`},
		{layer.EinsumDense{Equation: "ab,bc->ac", OutputShape: layer.Dims{0}}, nil, "OutputShape is [0], want sizes from 1 to 16777216, or tensor.Unknown"},
		{layer.EinsumDense{Equation: "ab,bc->ac", OutputShape: layer.Dims{4}}, tensor.Shape{-1, 3, 3}, "the operand has 3 dimensions, but ab in Equation"},
		{layer.EinsumDense{Equation: "ab,bc->ca", OutputShape: layer.Dims{4}}, tensor.Shape{-1, 3}, "the first dimension of the operand, the batch, is not that of the result: ab, ca"},
		{layer.EinsumDense{Equation: "ab,abc->ac", OutputShape: layer.Dims{4}}, tensor.Shape{-1, 3}, "the kernel abc has the dimension a, which is the batch"},
		{layer.EinsumDense{Equation: "ab,bc->ac", OutputShape: layer.Dims{-1}}, tensor.Shape{-1, 3}, "OutputShape is [-1], want a size for c"},
		{layer.EinsumDense{Equation: "abc,cd->abd", OutputShape: layer.Dims{4, 5}}, tensor.Shape{-1, 3, 2}, "OutputShape is [4 5], but b is 3 in the operand of shape (None, 3, 2)"},
		{layer.EinsumDense{Equation: "abc,cd->abd", OutputShape: layer.Dims{5}}, tensor.Shape{-1, 3, 2}, "OutputShape is [5], want 2 sizes"},
		{layer.EinsumDense{Equation: "ab,bc->ac", OutputShape: layer.Dims{4}, BiasAxes: "b"}, tensor.Shape{-1, 3}, `BiasAxes is "b", but the result is ac; want letters of the result, without the batch`},
		{layer.EinsumDense{Equation: "ab,bc->ac", OutputShape: layer.Dims{4}}, tensor.Shape{-1, -1}, "got shape (None, None), want (batch, ...) with known dimensions after the batch"},

		{layer.RandomFlip{Mode: "diagonal"}, nil, `Mode is "diagonal", want one of horizontal_and_vertical, horizontal, vertical`},
		{layer.RandomFlip{}, tensor.Shape{-1, 28, 28}, "got shape (None, 28, 28), want (batch, height, width, channels); gray images have 1 channel: (batch, height, width, 1)"},
		{layer.RandomFlip{}, tensor.Shape{-1, 4, 4, -1}, "got shape (None, 4, 4, None), want (batch, height, width, channels), with a known number of channels"},
		{layer.RandomRotation{}, nil, "Factor is not set"},
		{layer.RandomRotation{Factor: layer.Factor{1.5}, FillMode: "mirror", Interpolation: "cubic"}, nil, `FillMode is "mirror", want one of reflect, wrap, constant, nearest
Interpolation is "cubic", want one of bilinear, nearest
Factor is [1.5], want one number or two numbers from -1 to 1`},
		{layer.RandomRotation{Factor: layer.Factor{1, 2, 3}}, nil, "Factor: got 3 numbers, want one or two\nFactor is [1 2 3], want one number or two numbers from -1 to 1"},
		{layer.RandomRotation{Factor: layer.Factor{math.NaN()}}, nil, "Factor: got [NaN], want numbers in the range of float32"},
		{layer.RandomRotation{Factor: layer.Factor{1.5, 2}}, nil, "Factor is [1.5 2], want one number or two numbers from -1 to 1"},
		{layer.RandomZoom{HeightFactor: layer.Factor{-1}, WidthFactor: layer.Factor{0, 2}}, nil, `HeightFactor is [-1], want one number or two numbers greater than -1 and at most 1
WidthFactor is [0 2], want one number or two numbers greater than -1 and at most 1`},
		{layer.RandomTranslation{HeightFactor: layer.Factor{.1}}, nil, "WidthFactor is not set"},
		{layer.RandomTranslation{HeightFactor: layer.Factor{.1}, WidthFactor: layer.Factor{-1.5, 0}}, nil, "WidthFactor is [-1.5 0], want one number or two numbers from -1 to 1"},
		{layer.RandomShear{XFactor: layer.Factor{-.5, .4}}, nil, "XFactor is [-0.5 0.4], want one number or two numbers from 0 to 1"},
		{layer.RandomPerspective{Scale: new(2.)}, nil, "Scale is 2, want a number from 0 to 1"},
		{layer.RandomPerspective{Factor: layer.Factor{2}}, nil, "Factor is [2], want one number or two numbers from 0 to 1"},
		{layer.RandomContrast{Factor: layer.Factor{-.5}, ValueRange: layer.Range{1, 1}}, nil, "ValueRange: got [1 1], want two numbers, the smaller first\nFactor is [-0.5], want one number or two numbers from 0 to 1"},
		{layer.RandomBrightness{Factor: layer.Factor{.5}, ValueRange: layer.Range{0, math.Inf(1)}}, nil, "ValueRange: got [0 +Inf], want numbers in the range of float32"},
		{layer.RandomColorDegeneration{Factor: layer.Factor{.5}}, tensor.Shape{-1, 4, 4, 2}, "got images with 2 channels, want 3 (RGB) or 1 (gray)"},
		{layer.RandomGrayscale{Factor: new(1.5)}, nil, "Factor is 1.5, want a number from 0 to 1"},
		{layer.RandomHue{Factor: layer.Factor{.5}}, tensor.Shape{-1, 4, 4, 1}, "got images with 1 channels, want 3 (RGB)"},
		{layer.RandomSaturation{Factor: layer.Factor{-2}}, nil, "Factor is [-2], want one number or two numbers from -1 to 1"},
		{layer.RandomInvert{Factor: layer.Factor{2, 3}}, nil, "Factor is [2 3], want one number or two numbers from 0 to 1"},
		{layer.RandomPosterization{Factor: layer.Factor{2.5}}, nil, "Factor is [2.5], want one integer or two integers from 1 to 8"},
		{layer.RandomPosterization{Factor: layer.Factor{9}}, nil, "Factor is [9], want one integer or two integers from 1 to 8"},
		{layer.Solarization{AdditionFactor: layer.Factor{-1}, ThresholdFactor: layer.Factor{0, 2}}, nil, `AdditionFactor is [-1], want one number or two numbers from 0 to 1
ThresholdFactor is [0 2], want one number or two numbers from 0 to 1`},
		{layer.AutoContrast{}, tensor.Shape{-1, 9}, "got shape (None, 9), want (batch, height, width, channels); layers for images come before Flatten and Dense"},
		{layer.Equalization{Bins: 1 << 20}, nil, "Bins is 1048576, want an integer from 1 to 65536"},
		{layer.ContrastLimitedAdaptiveHistogramEqualization{ClipLimit: new(-1.), TileGridSize: layer.Size{0, 2}}, nil, "ClipLimit is -1, want a number greater than or equal to 0\nTileGridSize is 0x2, want 2 integers from 1 to 16777216"},
		{layer.ContrastLimitedAdaptiveHistogramEqualization{}, tensor.Shape{-1, 3, 9, 1}, "LocalEqualization: a grid of [8 8] tiles does not fit into images of shape (None, 3, 9, 1)"},
		{layer.ContrastLimitedAdaptiveHistogramEqualization{TileGridSize: layer.Size{1 << 24, 1 << 24}}, tensor.Shape{-1, 3, 9, 1}, "an example of shape (16777216, 16777216, 256, 1) has more than 68719476736 numbers"},
		{layer.RandomSharpness{}, nil, "Factor is not set"},
		{layer.RandomGaussianBlur{Kernel: layer.Size{3, 4}, Sigma: layer.Factor{2}}, nil, "Kernel is 3x4, want odd numbers"},
		{layer.RandomGaussianBlur{Sigma: layer.Factor{2}}, nil, "Sigma is [2], want one number or two numbers from 0 to 1"},
		{layer.RandomElasticTransform{Scale: layer.Factor{-.1}}, nil, "Scale is [-0.1], want one number or two numbers from 0 to 1"},
		{layer.RandomElasticTransform{}, tensor.Shape{-1, -1, 8, 1}, "got shape (None, None, 8, 1), want images of known height and width; set them in the Shape of Input"},
		{layer.MixUp{Alpha: -1}, nil, "Alpha is -1, want a number greater than 0"},
		{layer.CutMix{Factor: layer.Factor{-1}}, nil, "Factor is [-1], want one number or two numbers from 0 to 1"},
		{layer.RandomErasing{FillValue: layer.Numbers{1, 2}}, nil, "FillValue has 2 numbers, want 1 or 3"},
		{layer.RandomErasing{FillValue: layer.Numbers{1, 2, 3}}, tensor.Shape{-1, 4, 4, 1}, "FillValue has 3 numbers for shape (None, 4, 4, 1), want 1 or one for each index of the last dimension"},
		{layer.RandomCrop{Width: 3}, nil, "Height is not set, want an integer from 1 to 16777216"},
		{layer.RandomCrop{Height: 3, Width: 3}, tensor.Shape{-1, 8, -1, 1}, "got shape (None, 8, None, 1), want images of known height and width; set them in the Shape of Input"},
		{layer.RandomCrop{Height: 1 << 24, Width: 1 << 24}, tensor.Shape{-1, 8, 8, 1}, "an example of shape (16777216, 16777216, 1) has more than 68719476736 numbers"},
		{layer.RandomColorJitter{HueFactor: layer.Factor{2}, ContrastFactor: layer.Factor{-1}}, nil, "ContrastFactor is [-1], want one number or two numbers from 0 to 1\nHueFactor is [2], want one number or two numbers from 0 to 1"},
		{layer.RandomColorJitter{HueFactor: layer.Factor{.2}}, tensor.Shape{-1, 4, 4, 1}, "got images with 1 channels, want 3 (RGB)"},
		{layer.RandAugment{NumOps: 65, Factor: layer.Factor{2}}, nil, "NumOps is 65, want an integer from 1 to 64\nFactor is [2], want one number or two numbers from 0 to 1"},
		{layer.RandAugment{}, tensor.Shape{-1, 4, 4, 2}, "got images with 2 channels, want 3 (RGB) or 1 (gray)"},
		{layer.AugMix{NumChains: -1, ChainDepth: 65, Alpha: -1}, nil, "NumChains is -1, want an integer from 1 to 64\nChainDepth is 65, want an integer from 1 to 64\nAlpha is -1, want a number greater than 0"},
		{layer.Pipeline{}, nil, "Layers is not set"},
		{layer.Pipeline{Layers: layer.Layers{}}, nil, "Layers: got no layers, want at least one"},
		{layer.Pipeline{Layers: layer.Layers{layer.Add{}}}, nil, "Layers: layer 1 is a layer.Add, want a layer with one operand"},
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
		if _, err := layer.Decode(layer.ClassOf(c.layer), layer.ConfigOf(c.layer)); c.in == nil && err == nil && !strings.Contains(c.want, "example") {
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
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2}, shapes(tensor.Shape{-1, 3}, tensor.Shape{-1, 3}), "got operands of shapes (None, 3), (None, 3), want (batch, rows, features) for query, value and key"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2}, shapes(tensor.Shape{-1, -1, 3}, tensor.Shape{-1, 4, 3}), "got operands of shapes (None, None, 3), (None, 4, 3), want known dimensions after the batch; set all sizes in the Shape of Input"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2}, shapes(tensor.Shape{-1, 3, 3}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 5, 3}), "got a value of shape (None, 4, 3) and a key of shape (None, 5, 3), want the same number of rows"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2}, shapes(tensor.Shape{-1, 3, 3}), "got 1 operands, want 3"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2, AttentionAxes: []int{2}}, shapes(tensor.Shape{-1, 3, 3}, tensor.Shape{-1, 3, 3}), "AttentionAxes is [2] for a query of shape (None, 3, 3), want different dimensions from 1 to 1"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2, AttentionAxes: []int{2, 1}}, shapes(tensor.Shape{-1, 3, 3, 2}, tensor.Shape{-1, 3, 3, 2}), "AttentionAxes is [2 1], want at least one dimension, in ascending order"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2, AttentionAxes: []int{2}}, shapes(tensor.Shape{-1, 3, 3, 2}, tensor.Shape{-1, 4, 3, 2}), "got a query of shape (None, 3, 3, 2) and a value of shape (None, 4, 3, 2), want the same size of dimension 1, which is not in AttentionAxes"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2, CausalMask: true}, shapes(tensor.Shape{-1, 3, 3, 2}, tensor.Shape{-1, 3, 3, 2}), "got a query of shape (None, 3, 3, 2), want (batch, rows, features) with CausalMask or SlidingWindow"},
		{layer.MultiHeadAttention{NumHeads: 1, KeyDim: 2, NoBias: true, KernelInitializer: initializer.Identity{}}, shapes(tensor.Shape{-1, 3, 2}, tensor.Shape{-1, 3, 2}), "variable it/query/kernel: the initializer Identity needs two dimensions, got shape (2, 1, 2)\nlayer 1: variable it/key/kernel: the initializer Identity needs two dimensions, got shape (2, 1, 2)\nlayer 1: variable it/value/kernel: the initializer Identity needs two dimensions, got shape (2, 1, 2)"},
		{layer.GroupQueryAttention{HeadDim: 2, NumQueryHeads: 1, NumKeyValueHeads: 1, NoBias: true, KernelInitializer: initializer.Identity{}}, shapes(tensor.Shape{-1, 3, 2}, tensor.Shape{-1, 3, 2}), "variable it/query/kernel: the initializer Identity needs two dimensions, got shape (2, 1, 2)\nlayer 1: variable it/key/kernel: the initializer Identity needs two dimensions, got shape (2, 1, 2)\nlayer 1: variable it/value/kernel: the initializer Identity needs two dimensions, got shape (2, 1, 2)"},
		{layer.GroupQueryAttention{HeadDim: 1, NumQueryHeads: 2, NumKeyValueHeads: 1}, shapes(tensor.Shape{-1, 3, 3, 2}, tensor.Shape{-1, 3, 3, 2}), "got operands of shapes (None, 3, 3, 2), (None, 3, 3, 2), want (batch, rows, features) for query, value and key"},
		{layer.Attention{}, shapes(tensor.Shape{-1, 3, 2}, tensor.Shape{-1, 4, 3}), "got a query of shape (None, 3, 2) and a key of shape (None, 4, 3), want the same number of features"},
		{layer.AdditiveAttention{}, shapes(tensor.Shape{-1, 1 << 20, 2}, tensor.Shape{-1, 1 << 20, 2}), "an example of query (1048576, 2) and key (1048576, 2) has more than 68719476736 scores"},
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
		layer.ActivityRegularization{}, layer.ELULayer{}, layer.PReLU{},
		layer.Conv2DTranspose{Filters: 1, Kernel: layer.Size{1, 1}}, layer.UpSampling2D{}, layer.Cropping2D{}, layer.Resizing{Height: 1, Width: 1}, layer.CenterCrop{Height: 1, Width: 1},
		layer.AdaptiveAveragePool2D{Size: layer.Size{1, 1}}, layer.AdaptiveMaxPool2D{Size: layer.Size{1, 1}}, layer.Permute{Dims: []int{1}}, layer.RepeatVector{N: 1},
		layer.GaussianNoise{}, layer.GaussianDropout{}, layer.AlphaDropout{}, layer.Conv1D{Filters: 1, Kernel: 1}, layer.Conv1DTranspose{Filters: 1, Kernel: 1},
		layer.DepthwiseConv1D{Kernel: 1}, layer.SeparableConv1D{Filters: 1, Kernel: 1}, layer.MaxPool1D{}, layer.AveragePool1D{}, layer.GlobalAveragePool1D{},
		layer.GlobalMaxPool1D{}, layer.AdaptiveAveragePool1D{Size: 1}, layer.AdaptiveMaxPool1D{Size: 1}, layer.UpSampling1D{}, layer.ZeroPadding1D{}, layer.Cropping1D{}, layer.SpatialDropout1D{},
		layer.LayerNormalization{}, layer.RMSNormalization{}, layer.UnitNormalization{}, layer.GroupNormalization{},
		layer.EinsumDense{Equation: "...x,xy->...y", OutputShape: layer.Dims{2}},
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
		{"LSTM", nil, `there is no layer class "LSTM": lince has no recurrent layers`},
		{"Maximun", nil, `there is no layer class "Maximun"; did you mean Maximum?`},
		{"Conv2D", nil, "Conv2D: filters is missing\nConv2D: kernel_size is missing"},
		{"Conv2D", config{"name": "c", "filters": -3, "kernel_size": []any{3., "x"}, "groups": 0., "data_format": "channels_first", "paddin": "same"}, `Conv2D "c": filters is -3, want an integer from 1 to 16777216
Conv2D "c": kernel_size is [3,"x"], want 2 integers from 1 to 16777216
Conv2D "c": groups is 0, want an integer from 1 to 16777216
Conv2D "c": data_format is "channels_first": not supported yet, want "channels_last"
Conv2D "c": unknown key "paddin"; did you mean padding?`},
		{"Conv2D", config{"filters": 1e300, "kernel_size": 3, "kernel_regularizer": config{"class_name": "L2", "config": config{"l2": -1.}}}, `Conv2D: filters is 1e+300, want an integer from 1 to 16777216
Conv2D: kernel_regularizer: regularizer L2: l2 is -1, want a number greater than or equal to 0`},
		{"Conv2D", config{"filters": 1, "kernel_size": 3, "strides": 2, "dilation_rate": 2, "activation": "mishh"}, `Conv2D: there is no activation "mishh"; did you mean mish?
Conv2D: Strides is 2x2 and Dilation 2x2: one of them must be 1x1`},
		{"Dense", config{"units": 2.5, "use_bias": "no", "kernel_initializer": config{"class_name": "Sparse", "config": config{}}, "dtype": "float64"}, `Dense: units is 2.5, want an integer from 1 to 16777216
Dense: use_bias is "no", want true or false
Dense: kernel_initializer: there is no initializer class "Sparse"; want one of ` + strings.Join(initializer.Classes(), ", ") + `
Dense: dtype is "float64": not supported, want one of float32, bfloat16, float16, mixed_bfloat16, mixed_float16`},
		{"Dense", config{"units": 2, "activation": 7}, "Dense: activation is 7, want the name of a function or a layer"},
		{"Dense", config{"units": 2, "activation": config{"class_name": "Swish", "config": config{}}}, "Dense: activation: there is no layer class \"Swish\"; want one of " + strings.Join(layer.Classes(), ", ")},
		{"Dense", config{"units": 2, "activation": config{"class_name": "ReLU", "config": config{"threshold": -1.}}}, "Dense: activation: ReLU: threshold is -1, want a number greater than or equal to 0"},
		{"Dense", config{"units": 2, "dtype": config{"class_name": "QuantizedDTypePolicy", "config": config{}}}, "Dense: dtype is {\"class_name\":\"QuantizedDTypePolicy\",\"config\":{}}: not supported, want one of float32, bfloat16, float16, mixed_bfloat16, mixed_float16"},
		{"Dense", config{"units": 2, "bias_constraint": 3.}, "Dense: bias_constraint is 3, want a constraint"},
		{"Flatten", config{"activity_regularizer": "l2"}, "Flatten: activity_regularizer is \"l2\": not supported in training yet, want null"},
		{"Dense", config{"units": 2, "lora_rank": 4}, `Dense: unknown key "lora_rank"`},
		{"DepthwiseConv2D", config{"depth_multiplier": 0., "filters": 3.}, "DepthwiseConv2D: kernel_size is missing\nDepthwiseConv2D: depth_multiplier is 0, want an integer from 1 to 16777216\nDepthwiseConv2D: unknown key \"filters\""},
		{"SeparableConv2D", config{"filters": 3., "kernel_size": 3., "pointwise_regularizer": "l1_l2"}, `SeparableConv2D: pointwise_regularizer: there is no regularizer class "l1_l2"; did you mean L1L2?`},
		{"ReLU", config{"max_value": -1., "slope": .1}, "ReLU: max_value is -1, want a number greater than or equal to 0\nReLU: unknown key \"slope\""},
		{"LeakyReLU", config{"negative_slope": "much"}, `LeakyReLU: negative_slope is "much", want a number greater than or equal to 0`},
		{"BatchNormalization", config{"axis": []any{1., 2.}, "momentum": 2., "renorm": true, "renorm_momentum": .9, "synchronized": true, "beta_regularizer": "l2"}, `BatchNormalization: axis is [1,2], want an integer other than 0, the batch
BatchNormalization: momentum is 2, want a number from 0 to 1
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
		{"Cropping2D", config{"cropping": []any{1., -2.}}, "Cropping2D: cropping is [1,-2], want [[top, bottom], [left, right]], integers from 0 to 16777216"},
		{"Cropping1D", config{"cropping": []any{1., 2., 3.}}, "Cropping1D: cropping is [1,2,3], want 2 integers from 0 to 16777216"},
		{"Conv1D", config{"filters": 2., "kernel_size": []any{3., 3.}, "padding": "full"}, `Conv1D: kernel_size is [3,3], want an integer from 1 to 16777216
Conv1D: padding is "full"; want one of valid, same, causal`},
		{"Conv2D", config{"filters": 2., "kernel_size": 3., "padding": "causal"}, `Conv2D: padding is "causal"; want one of valid, same`},
		{"Conv2DTranspose", config{"filters": 2., "kernel_size": 3., "output_padding": "x"}, `Conv2DTranspose: output_padding is "x", want 2 integers from 0 to 16777216`},
		{"Resizing", config{"height": 2., "width": 3., "fill_mode": "reflect", "interpolation": "cubic"}, `Resizing: interpolation is "cubic"; did you mean bicubic?
Resizing: fill_mode is "reflect": not supported yet, want "constant"`},
		{"Masking", config{}, `there is no layer class "Masking": lince does not pass masks of time steps between layers`},
		{"Rescaling", config{"scale": []any{[]any{1.}}, "offset": "x"}, "Rescaling: scale is [[1]], want a number or a list of numbers\nRescaling: offset is \"x\", want a number or a list of numbers"},
		{"Rescaling", config{"scale": []any{}}, "Rescaling: scale is [], want a number or a list of numbers"},
		{"Normalization", config{"mean": []any{1., 2.}, "variance": 1.}, "Normalization: Mean and Variance differ in length; set both or neither"},
		{"LayerNormalization", config{"rms_scaling": true}, "LayerNormalization: rms_scaling is true: not supported yet, want false"},
		{"Embedding", config{"input_dim": 3., "output_dim": 2., "mask_zero": true}, "Embedding: mask_zero is true: not supported yet, want false"},
		{"SpectralNormalization", config{"layer": 3.}, "SpectralNormalization: layer is 3, want a layer"},
		{"SpectralNormalization", config{"layer": config{"class_name": "Dense", "config": config{"units": 0.}}}, "SpectralNormalization: layer: Dense: units is 0, want an integer from 1 to 16777216"},
		{"GroupQueryAttention", config{"head_dim": 2., "num_query_heads": 3., "num_key_value_heads": 2.}, "GroupQueryAttention: NumQueryHeads is 3, want a multiple of NumKeyValueHeads, which is 2"},
		{"MultiHeadAttention", config{"num_heads": 2., "key_dim": 0., "output_shape": []any{0.}, "sliding_window": 0., "dropout": 2.}, "MultiHeadAttention: key_dim is 0, want an integer from 1 to 16777216\nMultiHeadAttention: dropout is 2, want a number from 0 to 1\nMultiHeadAttention: output_shape is [0], want integers from 1 to 16777216\nMultiHeadAttention: sliding_window is 0, want an integer greater than or equal to 1"},
		{"Attention", config{"score_mode": "dots"}, `Attention: score_mode is "dots"; did you mean dot?`},
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
