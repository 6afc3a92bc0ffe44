package main

import (
	"fmt"
	"strconv"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// trainedBlocks lists blocks for a training step. peers/keras_block_step.py and peers/torch_block_step.py have the same
// networks: a pointwise convolution, the block, global average pooling and a dense layer of 10 classes.
var trainedBlocks = map[string]struct {
	height, width, channels int
	block                   func(x *lince.Symbol) *lince.Symbol
}{
	"MobileNetV3": {14, 14, 112, mobileNetV3Block},
	"ConvNeXt":    {32, 32, 96, convNeXtBlock},
}

// mobileNetV3Block is a block of MobileNetV3-Large with squeeze-and-excite (Howard et al., 2019, arXiv:1905.02244).
func mobileNetV3Block(x *lince.Symbol) *lince.Symbol {
	norm := layer.BatchNormalization{Momentum: new(.999)}
	pointwise := func(filters int) layer.Layer {
		return layer.Conv2D{Filters: filters, Kernel: layer.Size{1, 1}, NoBias: true}
	}
	y := x.Then(
		pointwise(672), norm, layer.HardSiLU,
		layer.DepthwiseConv2D{Kernel: layer.Size{5, 5}, Padding: layer.Same, NoBias: true}, norm, layer.HardSiLU,
	)
	s := y.Then(
		layer.GlobalAveragePool2D{KeepDims: true},
		layer.Conv2D{Filters: 168, Kernel: layer.Size{1, 1}, Activation: layer.ReLU},
		layer.Conv2D{Filters: 672, Kernel: layer.Size{1, 1}, Activation: layer.HardSigmoid},
	)
	y = lince.Apply(layer.Multiply{}, y, s).Then(pointwise(112), norm)
	return lince.Apply(layer.Add{}, x, y)
}

// convNeXtBlock is a block of ConvNeXt-Tiny's first stage (Liu et al., 2022, arXiv:2201.03545).
func convNeXtBlock(x *lince.Symbol) *lince.Symbol {
	y := x.Then(
		layer.DepthwiseConv2D{Kernel: layer.Size{7, 7}, Padding: layer.Same},
		layer.LayerNormalization{Epsilon: new(1e-6)},
		layer.Dense{Units: 384, Activation: layer.GELU},
		layer.Dense{Units: 96}, layerScale{},
	)
	return lince.Apply(layer.Add{}, x, y)
}

// layerScale multiplies each channel by a trained number.
type layerScale struct {
	Name string `keras:"name,omitempty"`
}

func (l layerScale) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(x, b.Variable(graph.Variable{
		Path: "gamma", Type: op.Type{DType: tensor.Float32, Shape: x.Shape[3:]}, Role: graph.Weight, Init: initializer.Constant{Value: 1e-6},
	}))
}

// blockModel builds the network of a block. Its arguments are NAME BATCH.
func blockModel(args []string, threads int) (m *lince.Model, batch int, err error) {
	c, ok := trainedBlocks[args[0]]
	if !ok {
		return nil, 0, fmt.Errorf("there is no block %q", args[0])
	}
	if batch, err = strconv.Atoi(args[1]); err != nil {
		return nil, 0, err
	}
	in := lince.Input(layer.Input{Shape: []int{c.height, c.width, c.channels}})
	x := c.block(in.Then(layer.Conv2D{Filters: c.channels, Kernel: layer.Size{1, 1}}))
	x = x.Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 10, Activation: layer.Softmax})
	m, err = lince.Options{Threads: threads}.Functional(in, x)
	return m, batch, err
}

// blockStep measures a training step. Its arguments are NAME BATCH.
func blockStep(args []string, threads int) (values, error) {
	m, batch, err := blockModel(args, threads)
	if err != nil {
		return nil, err
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{Momentum: .9}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
		return nil, err
	}
	ms, err := trainSteps(m, batch, 3, 20, lince.FitOptions{})
	return values{"step": ms}, err
}
