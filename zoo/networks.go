package zoo

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/suggest"
)

// Network is a published network.
type Network struct {
	Name  string // of Title, in lower case: for command lines
	Title string // the name of its function, which is Keras' name: "MobileNetV2"
	Side  int    // height and width of an image for which it was designed, in pixels
	// New is the function that makes the network.
	New func(Options) (*lince.Model, error)
	// ImageNet lists the files of weights for Options.Weights = ImageNet.
	ImageNet []WeightsFile

	architecture architecture
}

// Networks returns all networks of this package, by family.
func Networks() []Network { return slices.Clone(networks()) }

// networks is called for each command line that names a model. The architectures take milliseconds.
var networks = sync.OnceValue(func() (list []Network) {
	add := func(title string, a architecture, make func(Options) (*lince.Model, error)) {
		list = append(list, Network{Name: strings.ToLower(title), Title: title, Side: a.side, New: make, ImageNet: a.imageNet, architecture: a})
	}
	add("VGG16", vggs[0].architecture(), VGG16)
	add("VGG19", vggs[1].architecture(), VGG19)
	add("ResNet50", resNets[0].architecture(), ResNet50)
	add("ResNet101", resNets[1].architecture(), ResNet101)
	add("ResNet152", resNets[2].architecture(), ResNet152)
	add("ResNet50V2", resNetV2s[0].architecture(), ResNet50V2)
	add("ResNet101V2", resNetV2s[1].architecture(), ResNet101V2)
	add("ResNet152V2", resNetV2s[2].architecture(), ResNet152V2)
	add("MobileNet", mobileNet(Options{}), MobileNet)
	add("MobileNetV2", mobileNetV2(Options{}), MobileNetV2)
	add("MobileNetV3Small", mobileNetV3s[0].architecture(Options{}), MobileNetV3Small)
	add("MobileNetV3Large", mobileNetV3s[1].architecture(Options{}), MobileNetV3Large)
	add("Xception", xception(), Xception)
	add("DenseNet121", denseNets[0].architecture(), DenseNet121)
	add("DenseNet169", denseNets[1].architecture(), DenseNet169)
	add("DenseNet201", denseNets[2].architecture(), DenseNet201)
	add("InceptionV3", inceptionV3(), InceptionV3)
	add("InceptionResNetV2", inceptionResNetV2(), InceptionResNetV2)
	add("NASNetMobile", nasNets[0].architecture(), NASNetMobile)
	add("NASNetLarge", nasNets[1].architecture(), NASNetLarge)
	add("EfficientNetB0", efficientNets[0].architecture(Options{}), EfficientNetB0)
	add("EfficientNetB1", efficientNets[1].architecture(Options{}), EfficientNetB1)
	add("EfficientNetB2", efficientNets[2].architecture(Options{}), EfficientNetB2)
	add("EfficientNetB3", efficientNets[3].architecture(Options{}), EfficientNetB3)
	add("EfficientNetB4", efficientNets[4].architecture(Options{}), EfficientNetB4)
	add("EfficientNetB5", efficientNets[5].architecture(Options{}), EfficientNetB5)
	add("EfficientNetB6", efficientNets[6].architecture(Options{}), EfficientNetB6)
	add("EfficientNetB7", efficientNets[7].architecture(Options{}), EfficientNetB7)
	add("EfficientNetV2B0", efficientNetV2s[0].architecture(Options{}), EfficientNetV2B0)
	add("EfficientNetV2B1", efficientNetV2s[1].architecture(Options{}), EfficientNetV2B1)
	add("EfficientNetV2B2", efficientNetV2s[2].architecture(Options{}), EfficientNetV2B2)
	add("EfficientNetV2B3", efficientNetV2s[3].architecture(Options{}), EfficientNetV2B3)
	add("EfficientNetV2S", efficientNetV2s[4].architecture(Options{}), EfficientNetV2S)
	add("EfficientNetV2M", efficientNetV2s[5].architecture(Options{}), EfficientNetV2M)
	add("EfficientNetV2L", efficientNetV2s[6].architecture(Options{}), EfficientNetV2L)
	add("ConvNeXtTiny", convNeXts[0].architecture(Options{}), ConvNeXtTiny)
	add("ConvNeXtSmall", convNeXts[1].architecture(Options{}), ConvNeXtSmall)
	add("ConvNeXtBase", convNeXts[2].architecture(Options{}), ConvNeXtBase)
	add("ConvNeXtLarge", convNeXts[3].architecture(Options{}), ConvNeXtLarge)
	add("ConvNeXtXLarge", convNeXts[4].architecture(Options{}), ConvNeXtXLarge)
	add("EfficientNetLite0", liteVariants[0].architecture(), EfficientNetLite0)
	add("EfficientNetLite1", liteVariants[1].architecture(), EfficientNetLite1)
	add("EfficientNetLite2", liteVariants[2].architecture(), EfficientNetLite2)
	add("EfficientNetLite3", liteVariants[3].architecture(), EfficientNetLite3)
	add("EfficientNetLite4", liteVariants[4].architecture(), EfficientNetLite4)
	return list
})

// Find returns the network with this name. Case, hyphens and underscores do not matter.
func Find(name string) (Network, error) {
	plain := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	list := networks()
	if i := slices.IndexFunc(list, func(n Network) bool { return n.Name == plain }); i >= 0 {
		return list[i], nil
	}
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = n.Name
	}
	family := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, plain) })
	if n := len(family); len(plain) > 2 && n > 1 && n <= 8 {
		return Network{}, fmt.Errorf("zoo: no network is called %q; did you mean %s or %s?", name, strings.Join(family[:n-1], ", "), family[n-1])
	}
	return Network{}, fmt.Errorf("zoo: no network is called %q%s", name, suggest.Hint(plain, names))
}

// Preprocessing returns the preprocessing of the network's models for images of height x width pixels.
func (n Network) Preprocessing(height, width int) lince.Preprocessing {
	return n.architecture.preprocessing(height, width)
}
