package keras

import (
	"strconv"

	"github.com/lince-ml/lince/internal/config"
)

// LayerPaths returns the paths in the weights file of layers with these classes, which are in the order of model.layers. Examples are
// layers/conv2d, layers/max_pooling2d and layers/conv2d_1. The paths depend on the classes, not on the layers' names. classes must not include
// ops or the InputLayer of a Sequential model. It must include the InputLayers of a Functional model. The layers of a nested model at path p
// have these paths with the prefix p + "/". See Network.LayerPaths.
func LayerPaths(classes []string) []string {
	paths := make([]string, len(classes))
	used := map[string]int{}
	for i, class := range classes {
		name := config.SnakeCase(class)
		paths[i] = join(layersGroup, name)
		if n := used[name]; n > 0 {
			paths[i] += "_" + strconv.Itoa(n)
		}
		used[name]++
	}
	return paths
}

// LayerPaths returns the paths of the network's layers in the weights file. at is the path of the network: "" for the model itself,
// and the layer's path for a nested model. Ops and the InputLayer of a Sequential model are not in the file and have the path "".
// A layer that belongs to two models has a path in both, but its variables are in the file only once: at the path that a walk along
// Layers and into nested models reaches first.
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
