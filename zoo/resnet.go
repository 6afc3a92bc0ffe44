package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
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
	const folder = address + "resnet/"
	file := name + "_weights_tf_dim_ordering_tf_kernels.h5"
	noTop := name + "_weights_tf_dim_ordering_tf_kernels_notop.h5"
	return []WeightsFile{
		{Name: file, URL: folder + file, MD5: hash, Parameters: parameters},
		{Name: noTop, URL: folder + noTop, MD5: noTopHash, NoTop: true, Parameters: noTopParameters},
	}
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
		body:          r.body,
		preprocessing: resized(preprocess.Input{Mode: preprocess.Caffe}),
		imageNet:      r.imageNet,
	}
}

// body adds the stages.
func (r resNet) body(x *lince.Symbol) *lince.Symbol {
	x = resNetStem(x, resNetNormalization("conv1_bn"), relu("conv1_relu"))
	filters := 64
	for i, blocks := range r.blocks {
		for j := range blocks {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			x = resNetBlock(x, fmt.Sprintf("conv%d_block%d_", i+2, j+1), filters, stride, j == 0)
		}
		filters *= 2
	}
	return x
}

// resNetStem adds the first convolution, layers after it, and the pool.
func resNetStem(x *lince.Symbol, after ...layer.Layer) *lince.Symbol {
	return x.Then(padding(3, "conv1_pad"), layer.Conv2D{Filters: 64, Kernel: layer.Size{7, 7}, Strides: layer.Size{2, 2}, Name: "conv1_conv"}).
		Then(after...).
		Then(padding(1, "pool1_pad"), layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Name: "pool1_pool"})
}

// resNetBlock adds a bottleneck. With project, the shortcut has a convolution.
func resNetBlock(in *lince.Symbol, name string, filters, stride int, project bool) *lince.Symbol {
	strides, one := layer.Size{stride, stride}, layer.Size{1, 1}
	shortcut := in
	if project {
		shortcut = in.Then(layer.Conv2D{Filters: 4 * filters, Kernel: one, Strides: strides, Name: name + "0_conv"}, resNetNormalization(name+"0_bn"))
	}
	x := in.Then(
		layer.Conv2D{Filters: filters, Kernel: one, Strides: strides, Name: name + "1_conv"}, resNetNormalization(name+"1_bn"), relu(name+"1_relu"),
		layer.Conv2D{Filters: filters, Kernel: layer.Size{3, 3}, Padding: layer.Same, Name: name + "2_conv"}, resNetNormalization(name+"2_bn"), relu(name+"2_relu"),
		layer.Conv2D{Filters: 4 * filters, Kernel: one, Name: name + "3_conv"}, resNetNormalization(name+"3_bn"),
	)
	return lince.Apply(layer.Add{Name: name + "add"}, shortcut, x).Then(relu(name + "out"))
}

func resNetNormalization(name string) layer.Layer {
	return layer.BatchNormalization{Epsilon: new(1.001e-5), Name: name}
}

func relu(name string) layer.Layer { return layer.Activate{Activation: layer.ReLU, Name: name} }

// padding adds n pixels at each side.
func padding(n int, name string) layer.Layer {
	return layer.ZeroPadding2D{Padding: &layer.Pads{{n, n}, {n, n}}, Name: name}
}
