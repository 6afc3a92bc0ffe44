package zoo

import (
	"fmt"
	"maps"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// known is a published network whose files of weights are recognized by the names and shapes of its tensors.
type known struct {
	// shapes returns the tensors of the file. classes is the number of classes.
	shapes func(classes int) map[string]tensor.Shape
	// classifier is the tensor whose first dimension is the number of classes.
	classifier string
	// names maps layers to modules.
	names func() map[string]string
	make  func(o Options) (*lince.Model, error)
}

// table lists the networks that Recognize knows. Networks of other libraries that have the same names and shapes and compute something else, such as
// timm's two forms of EfficientNet-Lite, which differ in padding, cannot be in it.
func table() (list []known) {
	for _, v := range liteVariants {
		list = append(list, known{v.torchShapes, "_fc.weight", v.torchNames, v.model})
	}
	return list
}

// Recognize makes the network that a file of weights belongs to, if the names and shapes of its tensors are exactly those of a network that it knows:
// the state dicts of the PyPI package efficientnet_lite_pytorch, and those of torchvision and timm for ResNet, MobileNetV2, DenseNet,
// ConvNeXt, EfficientNet, EfficientNetV2 and Inception v3, and of torchvision for VGG and MobileNetV3, with any number of classes. timm's resnetblur50 and resnetaa50 have the
// names and shapes of ResNet50 and compute something else: RecognizeFile refuses them by the name of the file. timm's VGG, MobileNetV3 and EfficientNet-Lite are
// not recognized, nor are its networks with other tensors, such as resnet50d. Set lince.Options.Recognize to it. The outputs of
// the model are logits, as in PyTorch.
func Recognize(o lince.Options, tensors map[string]tensor.Shape) (*lince.Model, map[string]string, error) {
	found := maps.Clone(tensors)
	maps.DeleteFunc(found, func(name string, _ tensor.Shape) bool { return strings.HasSuffix(name, ".num_batches_tracked") })
	for _, k := range table() {
		last, ok := found[k.classifier]
		if !ok || len(last) == 0 || last[0] < 1 {
			continue
		}
		if !maps.EqualFunc(k.shapes(last[0]), found, tensor.Shape.Equal) {
			continue
		}
		m, err := k.make(Options{Classes: last[0], ClassifierActivation: layer.Linear, Model: o})
		return m, k.names(), err
	}
	return recognizeForm(o, found)
}

// torchModules calls do for each convolution and normalization of the network, with Keras' name of the layer, the module in efficientnet_lite_pytorch,
// and the shape of the kernel in PyTorch, which is nil for a normalization of the given number of channels.
func (v liteVariant) torchModules(do func(layer, module string, kernel tensor.Shape, channels int)) {
	do("stem_conv", "_conv_stem", tensor.Shape{liteStem, 3, 3, 3}, 0)
	do("stem_bn", "_bn0", nil, liteStem)
	blocks := v.blocks()
	for i, b := range blocks {
		at := fmt.Sprintf("_blocks.%d.", i)
		if b.wide > b.in {
			do(b.name+"expand_conv", at+"_expand_conv", tensor.Shape{b.wide, b.in, 1, 1}, 0)
			do(b.name+"expand_bn", at+"_bn0", nil, b.wide)
		}
		do(b.name+"dwconv", at+"_depthwise_conv", tensor.Shape{b.wide, 1, b.kernel, b.kernel}, 0)
		do(b.name+"bn", at+"_bn1", nil, b.wide)
		do(b.name+"project_conv", at+"_project_conv", tensor.Shape{b.out, b.wide, 1, 1}, 0)
		do(b.name+"project_bn", at+"_bn2", nil, b.out)
	}
	do("top_conv", "_conv_head", tensor.Shape{liteHead, blocks[len(blocks)-1].out, 1, 1}, 0)
	do("top_bn", "_bn1", nil, liteHead)
}

func (v liteVariant) torchNames() map[string]string {
	names := map[string]string{"predictions": "_fc"}
	v.torchModules(func(layer, module string, _ tensor.Shape, _ int) { names[layer] = module })
	return names
}

func (v liteVariant) torchShapes(classes int) map[string]tensor.Shape {
	shapes := map[string]tensor.Shape{"_fc.weight": {classes, liteHead}, "_fc.bias": {classes}}
	v.torchModules(func(_, module string, kernel tensor.Shape, channels int) {
		if kernel != nil {
			shapes[module+".weight"] = kernel
			return
		}
		for _, name := range []string{"weight", "bias", "running_mean", "running_var"} {
			shapes[module+"."+name] = tensor.Shape{channels}
		}
	})
	return shapes
}
