package zoo

import (
	"fmt"
	"slices"
	"strings"

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
}

// Networks returns all networks of this package, by family.
func Networks() (list []Network) {
	add := func(title string, a architecture, make func(Options) (*lince.Model, error)) {
		list = append(list, Network{Name: strings.ToLower(title), Title: title, Side: a.side, New: make, ImageNet: a.imageNet})
	}
	add("VGG16", vggs[0].architecture(), VGG16)
	add("VGG19", vggs[1].architecture(), VGG19)
	add("EfficientNetLite0", liteVariants[0].architecture(), EfficientNetLite0)
	add("EfficientNetLite1", liteVariants[1].architecture(), EfficientNetLite1)
	add("EfficientNetLite2", liteVariants[2].architecture(), EfficientNetLite2)
	add("EfficientNetLite3", liteVariants[3].architecture(), EfficientNetLite3)
	add("EfficientNetLite4", liteVariants[4].architecture(), EfficientNetLite4)
	return list
}

// Find returns the network with this name. Case, hyphens and underscores do not matter.
func Find(name string) (Network, error) {
	plain := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	list := Networks()
	if i := slices.IndexFunc(list, func(n Network) bool { return n.Name == plain }); i >= 0 {
		return list[i], nil
	}
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = n.Name
	}
	return Network{}, fmt.Errorf("zoo: no network is called %q%s", name, suggest.Hint(plain, names))
}
