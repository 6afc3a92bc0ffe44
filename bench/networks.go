package main

import (
	"fmt"
	"strconv"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
)

// applications builds networks of keras.applications for images of size x size, with the layer names
// of Keras and random weights. peers/keras_networks.py and peers/torch_networks.py build the same
// networks.
var applications = map[string]func(size, classes, threads int) (*lince.Model, error){
	"ResNet-50":   resNet50,
	"MobileNetV2": mobileNetV2,
}

// resNet50 is keras.applications.ResNet50 (He et al., 2015, arXiv:1512.03385).
func resNet50(size, classes, threads int) (*lince.Model, error) {
	in := lince.Input(layer.Input{Shape: []int{size, size, 3}})
	norm := func(name string) layer.Layer {
		return layer.BatchNormalization{Axis: 3, Epsilon: new(1.001e-5), Name: name + "_bn"}
	}
	relu := func(name string) layer.Layer {
		return layer.Activate{Activation: layer.ReLU, Name: name}
	}
	pointwise := func(filters, stride int, name string) layer.Layer {
		return layer.Conv2D{Filters: filters, Kernel: layer.Size{1, 1}, Strides: layer.Size{stride, stride}, Name: name + "_conv"}
	}
	x := in.Then(
		layer.ZeroPadding2D{Padding: &layer.Pads{{3, 3}, {3, 3}}, Name: "conv1_pad"},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{7, 7}, Strides: layer.Size{2, 2}, Name: "conv1_conv"},
		norm("conv1"), relu("conv1_relu"),
		layer.ZeroPadding2D{Name: "pool1_pad"},
		layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Name: "pool1_pool"},
	)
	for stage, blocks := range []int{3, 4, 6, 3} {
		filters := 64 << stage
		for block := range blocks {
			name, stride := fmt.Sprintf("conv%d_block%d", stage+2, block+1), 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			shortcut := x
			if block == 0 {
				shortcut = x.Then(pointwise(4*filters, stride, name+"_0"), norm(name+"_0"))
			}
			x = x.Then(
				pointwise(filters, stride, name+"_1"), norm(name+"_1"), relu(name+"_1_relu"),
				layer.Conv2D{Filters: filters, Kernel: layer.Size{3, 3}, Padding: layer.Same, Name: name + "_2_conv"}, norm(name+"_2"), relu(name+"_2_relu"),
				pointwise(4*filters, 1, name+"_3"), norm(name+"_3"),
			)
			x = lince.Apply(layer.Add{Name: name + "_add"}, shortcut, x).Then(relu(name + "_out"))
		}
	}
	x = x.Then(layer.GlobalAveragePool2D{Name: "avg_pool"}, layer.Dense{Units: classes, Activation: layer.Softmax, Name: "predictions"})
	return lince.Options{Name: "resnet50", Threads: threads}.Functional(in, x)
}

// mobileNetV2 is keras.applications.MobileNetV2 (Sandler et al., 2018, arXiv:1801.04381).
func mobileNetV2(size, classes, threads int) (*lince.Model, error) {
	in := lince.Input(layer.Input{Shape: []int{size, size, 3}})
	norm := func(name string) layer.Layer {
		return layer.BatchNormalization{Momentum: new(.999), Name: name}
	}
	relu6 := func(name string) layer.Layer {
		return layer.ReLULayer{MaxValue: new(6.), Name: name}
	}
	pointwise := func(filters int, name string) layer.Layer {
		return layer.Conv2D{Filters: filters, Kernel: layer.Size{1, 1}, Padding: layer.Same, NoBias: true, Name: name}
	}
	x := in.Then(
		layer.Conv2D{Filters: 32, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, NoBias: true, Name: "Conv1"},
		norm("bn_Conv1"), relu6("Conv1_relu"),
	)
	block := 0
	for _, stage := range []struct{ expansion, filters, blocks, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for i := range stage.blocks {
			before, channels, name := x, x.Shape()[3], "expanded_conv_"
			if block > 0 {
				name = fmt.Sprintf("block_%d_", block)
				x = x.Then(pointwise(stage.expansion*channels, name+"expand"), norm(name+"expand_BN"), relu6(name+"expand_relu"))
			}
			depthwise := layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true, Name: name + "depthwise"}
			stride := 1
			if i == 0 {
				stride = stage.stride
			}
			if stride == 2 {
				// The sizes here are even. For odd ones Keras pads by 1 on each side.
				x = x.Then(layer.ZeroPadding2D{Padding: &layer.Pads{{0, 1}, {0, 1}}, Name: name + "pad"})
				depthwise.Strides, depthwise.Padding = layer.Size{2, 2}, layer.Valid
			}
			x = x.Then(
				depthwise, norm(name+"depthwise_BN"), relu6(name+"depthwise_relu"),
				pointwise(stage.filters, name+"project"), norm(name+"project_BN"),
			)
			if channels == stage.filters && stride == 1 {
				x = lince.Apply(layer.Add{Name: name + "add"}, before, x)
			}
			block++
		}
	}
	x = x.Then(
		layer.Conv2D{Filters: 1280, Kernel: layer.Size{1, 1}, NoBias: true, Name: "Conv_1"}, norm("Conv_1_bn"), relu6("out_relu"),
		layer.GlobalAveragePool2D{}, layer.Dense{Units: classes, Activation: layer.Softmax, Name: "predictions"},
	)
	return lince.Options{Name: fmt.Sprintf("mobilenetv2_1.00_%d", size), Threads: threads}.Functional(in, x)
}

// The measured networks have the 1000 classes of ImageNet. Images are trainedSize x trainedSize in
// training, and predictedSize x predictedSize in inference.
const (
	imageNet      = 1000
	trainedSize   = 128
	predictedSize = 224
)

// application builds a network. Its arguments are NETWORK BATCH.
func application(args []string, size, threads int) (m *lince.Model, batch int, err error) {
	build, ok := applications[args[0]]
	if !ok {
		return nil, 0, fmt.Errorf("there is no network %q", args[0])
	}
	if batch, err = strconv.Atoi(args[1]); err != nil {
		return nil, 0, err
	}
	m, err = build(size, imageNet, threads)
	return m, batch, err
}

// applicationStep measures a training step. Its arguments are NETWORK BATCH.
func applicationStep(args []string, threads int) (values, error) {
	m, batch, err := application(args, trainedSize, threads)
	if err != nil {
		return nil, err
	}
	err = m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{Momentum: .9}, Loss: loss.CategoricalCrossentropy{}})
	if err != nil {
		return nil, err
	}
	ms, err := trainSteps(m, batch, 2, 10, nil)
	return values{"step": ms}, err
}

// applicationPrediction measures PredictBatch. Its arguments are NETWORK BATCH.
func applicationPrediction(args []string, threads int) (values, error) {
	m, batch, err := application(args, predictedSize, threads)
	if err != nil {
		return nil, err
	}
	return predict(m, batch)
}

// flops returns the number of operations of a network's convolutions and dense layers in a forward
// pass of one image. all is that of all layers; first is that of the first layer, whose input needs no
// gradient.
func flops(m *lince.Model) (all, first float64) {
	for _, l := range m.Layers() {
		if l.Class() != "Conv2D" && l.Class() != "DepthwiseConv2D" && l.Class() != "Dense" {
			continue
		}
		kernel, y := l.Variables()[0].Shape(), l.Output().Shape()
		f := 2 * float64(kernel.Elements())
		if len(y) == 4 {
			f *= float64(y[1] * y[2])
		}
		if all += f; first == 0 {
			first = f
		}
	}
	return all, first
}

// applicationWork returns the work of a prediction, or of a training step, which has a forward pass
// and two gradients. Its arguments are NETWORK BATCH.
func applicationWork(args []string, size int, training bool) (work, error) {
	m, batch, err := application(args, size, 1)
	if err != nil {
		return work{}, err
	}
	all, first := flops(m)
	if training {
		all = 3*all - first
	}
	return work{flops: float64(batch) * all}, nil
}

func applicationStepWork(args []string) (map[string]work, error) {
	w, err := applicationWork(args, trainedSize, true)
	return map[string]work{"step": w}, err
}

func applicationPredictionWork(args []string) (map[string]work, error) {
	w, err := applicationWork(args, predictedSize, false)
	return map[string]work{"predict": w}, err
}
