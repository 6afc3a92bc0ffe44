package main

import (
	"fmt"
	"strconv"

	"github.com/lince-ml/lince/graph"
)

// blocks lists blocks of networks, for inference, with batch normalization folded into weights and
// biases. peers/onnx_block.py has the same blocks.
var blocks = []struct {
	name   string
	layers []convLayer
	build  func(c *chain, x *graph.Value) *graph.Value
}{
	{
		"ResNet-50 bottleneck",
		[]convLayer{
			{height: 56, width: 56, channels: 256, filters: 64, kernel: 1, stride: 1, groups: 1},
			{height: 56, width: 56, channels: 64, filters: 64, kernel: 3, stride: 1, groups: 1},
			{height: 56, width: 56, channels: 64, filters: 256, kernel: 1, stride: 1, groups: 1},
		},
		func(c *chain, x *graph.Value) *graph.Value {
			h := c.b.ReLU(c.conv(x))
			h = c.b.ReLU(c.conv(h))
			return c.b.ReLU(c.b.Add(c.conv(h), x))
		},
	},
	{
		"MobileNetV2 inverted residual",
		[]convLayer{
			{height: 28, width: 28, channels: 32, filters: 192, kernel: 1, stride: 1, groups: 1},
			{height: 28, width: 28, channels: 192, filters: 192, kernel: 3, stride: 1, groups: 192},
			{height: 28, width: 28, channels: 192, filters: 32, kernel: 1, stride: 1, groups: 1},
		},
		func(c *chain, x *graph.Value) *graph.Value {
			h := c.b.ReLU6(c.conv(x))
			h = c.b.ReLU6(c.conv(h))
			return c.b.Add(c.conv(h), x)
		},
	},
}

// chain adds the layers of a block in sequence.
type chain struct {
	b      *graph.Builder
	layers []convLayer
}

// conv adds the next layer with its bias.
func (c *chain) conv(x *graph.Value) *graph.Value {
	l := c.layers[0]
	c.layers = c.layers[1:]
	name := fmt.Sprint("conv", len(c.layers))
	return c.b.Add(l.forward(c.b, x, weights(c.b, name+"/kernel", l.weights()...)), weights(c.b, name+"/bias", l.filters))
}

// blockForward measures a block. Its arguments are NAME BATCH.
func blockForward(args []string, threads int) (values, error) {
	batch, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	for _, block := range blocks {
		if block.name != args[0] {
			continue
		}
		ms, err := timeGraph(threads, func(b *graph.Builder) *graph.Value {
			return block.build(&chain{b, block.layers}, input(b, "x", block.layers[0].images(batch)...))
		})
		return values{"forward": ms}, err
	}
	return nil, fmt.Errorf("there is no block %q", args[0])
}

func blockWork(args []string) (map[string]work, error) {
	batch, err := strconv.Atoi(args[1])
	var all work
	for _, block := range blocks {
		for _, l := range block.layers {
			if block.name == args[0] {
				all.flops += l.work(batch).flops
			}
		}
	}
	return map[string]work{"forward": all}, err
}
