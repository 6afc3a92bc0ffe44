package lince

import (
	"github.com/lince-ml/lince/internal/applications"
	"github.com/lince-ml/lince/layer"
)

// The models of keras.applications have layers that are not in keras.layers. Keras finds their classes by the modules in its
// files, and so needs no custom_objects.

// applicationLayer is such a class.
type applicationLayer struct {
	module string
	decode LayerDecoder
}

func applicationLayers() map[string]applicationLayer {
	return map[string]applicationLayer{
		"LayerScale":       {"keras.src.applications.convnext", layer.FromConfig[applications.LayerScale]},
		"StochasticDepth":  {"keras.src.applications.convnext", layer.FromConfig[applications.StochasticDepth]},
		"CustomScaleLayer": {"keras.src.applications.inception_resnet_v2", layer.FromConfig[applications.CustomScale]},
	}
}
