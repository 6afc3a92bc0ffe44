package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// ResNet is the network of He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, 2015, arXiv:1512.03385.
// Source: keras.applications.ResNet50, ResNet101 and ResNet152, in which the first convolution of a block has the stride.

// resNet is a variant: its name and the number of blocks in each stage.
type resNet struct {
	name     string
	blocks   [4]int
	imageNet []WeightsFile
}

var resNets = []resNet{
	{"resnet50", [4]int{3, 4, 6, 3}, resNetFiles("resnet50", 25636712, "2cb95161c43110f7111970584f804107", 23587712, "4d473c1dd8becc155b73f8504c6f6626")},
	{"resnet101", [4]int{3, 4, 23, 3}, resNetFiles("resnet101", 44707176, "f1aeb4b969a6efcfb50fad2f0c20cfc5", 42658176, "88cf7a10940856eca736dc7b7e228a21")},
	{"resnet152", [4]int{3, 8, 36, 3}, resNetFiles("resnet152", 60419944, "100835be76be38e30d865e96f2aaae62", 58370944, "ee4c566cf9a93f14d82f913c2dc6dd0c")},
}

func resNetFiles(name string, parameters int, hash string, noTopParameters int, noTopHash string) []WeightsFile {
	return weightsFiles(address+"resnet/", name+"_weights_tf_dim_ordering_tf_kernels", [2]string{hash, noTopHash}, [2]int{parameters, noTopParameters})
}

// ResNet50 makes the network with 50 layers that have weights: 224x224 pixels, 25.6 million parameters.
func ResNet50(o Options) (*lince.Model, error) { return o.model(resNets[0].architecture()) }

// ResNet101 makes the network with 101 layers that have weights: 224x224 pixels, 44.7 million parameters.
func ResNet101(o Options) (*lince.Model, error) { return o.model(resNets[1].architecture()) }

// ResNet152 makes the network with 152 layers that have weights: 224x224 pixels, 60.4 million parameters.
func ResNet152(o Options) (*lince.Model, error) { return o.model(resNets[2].architecture()) }

func (r resNet) architecture() architecture {
	return architecture{
		name: r.name, side: 224, minSide: 32,
		body:          resNetForm{}.of(r),
		preprocessing: resized(preprocess.Input{Mode: preprocess.Caffe}),
		imageNet:      r.imageNet,
		torch:         []torchForm{r.torch()},
		strict:        true,
	}
}

// torch returns the form of torchvision and timm: convolutions have no biases, the second one of a block has the stride, and epsilon is less.
func (r resNet) torch() torchForm {
	m := map[string]string{"conv1_conv": "conv1", "conv1_bn": "bn1", "predictions": "fc"}
	for i, blocks := range r.blocks {
		for j := range blocks {
			name, at := fmt.Sprintf("conv%d_block%d_", i+2, j+1), fmt.Sprintf("layer%d.%d.", i+1, j)
			if j == 0 {
				m[name+"0_conv"], m[name+"0_bn"] = at+"downsample.0", at+"downsample.1"
			}
			for k := 1; k <= 3; k++ {
				m[fmt.Sprintf("%s%d_conv", name, k)], m[fmt.Sprintf("%s%d_bn", name, k)] = fmt.Sprintf("%sconv%d", at, k), fmt.Sprintf("%sbn%d", at, k)
			}
		}
	}
	return torchForm{
		library: "torchvision", modules: m, classifier: "predictions",
		// ResNeXt and wide ResNet have other channels.
		shapes: map[string]tensor.Shape{"conv1.weight": {64, 3, 7, 7}, "layer1.0.conv1.weight": {64, 64, 1, 1}, "layer1.0.conv2.weight": {64, 64, 3, 3}},
		change: func(a architecture) architecture {
			a.body = resNetForm{torch: true}.of(r)
			a.preprocessing = resized(preprocess.Input{Mode: preprocess.Torch})
			return a
		},
	}
}

// resNetForm is what the layers of a network have in common.
type resNetForm struct {
	torch bool // torchvision's form
}

// of returns a function that adds the stages.
func (f resNetForm) of(r resNet) func(x *lince.Symbol) *lince.Symbol {
	return func(x *lince.Symbol) *lince.Symbol { return f.body(x, r) }
}

func (f resNetForm) body(x *lince.Symbol, r resNet) *lince.Symbol {
	x = f.stem(x, f.normalization("conv1_bn"), relu("conv1_relu"))
	filters := 64
	for i, blocks := range r.blocks {
		for j := range blocks {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			x = f.block(x, fmt.Sprintf("conv%d_block%d_", i+2, j+1), filters, stride, j == 0)
		}
		filters *= 2
	}
	return x
}

// stem adds the first convolution, layers after it, and the pool.
func (f resNetForm) stem(x *lince.Symbol, after ...layer.Layer) *lince.Symbol {
	return x.Then(padding(3, "conv1_pad"), f.conv(64, 7, 2, layer.Valid, "conv1_conv")).
		Then(after...).
		Then(padding(1, "pool1_pad"), layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Name: "pool1_pool"})
}

// block adds a bottleneck. With project, the shortcut has a convolution.
func (f resNetForm) block(in *lince.Symbol, name string, filters, stride int, project bool) *lince.Symbol {
	shortcut := in
	if project {
		shortcut = in.Then(f.conv(4*filters, 1, stride, layer.Valid, name+"0_conv"), f.normalization(name+"0_bn"))
	}
	first, second := f.conv(filters, 1, stride, layer.Valid, name+"1_conv"), []layer.Layer{f.conv(filters, 3, 1, layer.Same, name+"2_conv")}
	if f.torch {
		first = f.conv(filters, 1, 1, layer.Valid, name+"1_conv")
		second = []layer.Layer{padding(1, name+"2_pad"), f.conv(filters, 3, stride, layer.Valid, name+"2_conv")}
	}
	x := in.Then(first, f.normalization(name+"1_bn"), relu(name+"1_relu")).
		Then(second...).
		Then(f.normalization(name+"2_bn"), relu(name+"2_relu"), f.conv(4*filters, 1, 1, layer.Valid, name+"3_conv"), f.normalization(name+"3_bn"))
	return lince.Apply(layer.Add{Name: name + "add"}, shortcut, x).Then(relu(name + "out"))
}

func (f resNetForm) conv(filters, kernel, stride int, padding layer.Padding, name string) layer.Layer {
	return layer.Conv2D{
		Filters: filters, Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: padding, NoBias: f.torch, Name: name,
	}
}

func (f resNetForm) normalization(name string) layer.Layer {
	epsilon := 1.001e-5
	if f.torch {
		epsilon = 1e-5
	}
	return layer.BatchNormalization{Epsilon: &epsilon, Name: name}
}
