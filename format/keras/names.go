package keras

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	notWord     = regexp.MustCompile(`\W+`)
	beforeWord  = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	beforeUpper = regexp.MustCompile(`([a-z])([A-Z])`)
)

// SnakeCase is the name that Keras makes of a class: conv2d of Conv2D, max_pooling2d of
// MaxPooling2D, re_lu of ReLU, rm_sprop of RMSprop (keras.src.utils.naming.to_snake_case).
func SnakeCase(class string) string {
	s := notWord.ReplaceAllString(class, "")
	s = beforeWord.ReplaceAllString(s, "${1}_${2}")
	s = beforeUpper.ReplaceAllString(s, "${1}_${2}")
	return strings.ToLower(s)
}

// LayerPaths are the paths in the weights file of layers of these classes, in the order of
// model.layers: layers/conv2d, layers/max_pooling2d, layers/conv2d_1. They go by class, not
// by the layers' names. The layers of a Sequential model do not count its InputLayer, those
// of a Functional model do; ops are no layers. A nested model at path p has its layers at
// p + "/" + their paths. See Network.LayerPaths.
func LayerPaths(classes []string) []string {
	paths := make([]string, len(classes))
	used := map[string]int{}
	for i, class := range classes {
		name := SnakeCase(class)
		paths[i] = join(layersGroup, name)
		if n := used[name]; n > 0 {
			paths[i] += "_" + strconv.Itoa(n)
		}
		used[name]++
	}
	return paths
}

// LayerPaths are the paths of the network's layers in the weights file, where the network
// is at path at: "" for the model itself, the layer's path for a nested one. What has no
// place there, an op or the InputLayer of a Sequential, has "". A layer
// that belongs to two models counts in both, but its variables are in the file once: where a
// walk along Layers, into nested models, meets it first.
func (n *Network) LayerPaths(at string) []string {
	paths := make([]string, len(n.Layers))
	var classes []string
	var places []int
	for i, l := range n.Layers {
		class := l.Class
		if l.Network != nil {
			class = l.Network.Class
		}
		if l.Op() || class == inputLayer && n.Class == sequential {
			continue
		}
		classes, places = append(classes, class), append(places, i)
	}
	for k, path := range LayerPaths(classes) {
		paths[places[k]] = join(at, path)
	}
	return paths
}
