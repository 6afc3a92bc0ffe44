package keras

import (
	"encoding/json"

	"github.com/lince-ml/lince/tensor"
)

// Legacy is an HDF5 file in the layout that Keras used before .keras: a whole model, as model.save("x.h5") writes it, or the weights of its
// layers alone.
type Legacy struct {
	// Config is the model as a Keras object: the attribute model_config. It is nil in a file of weights.
	Config json.RawMessage
	// CompileConfig holds the optimizer, the loss and the metrics, in the form of Object.CompileConfig. It is nil if the file has none.
	CompileConfig json.RawMessage
	// KerasVersion and Backend are those of the writer. Both are "" in files of Keras 1.
	KerasVersion, Backend string
	// Layers holds a group for each layer of the model, in the order of model.layers. Layers without weights have one, too.
	Layers []LegacyGroup
	// TopLevel holds the variables that belong to the model and not to a layer.
	TopLevel []LegacyWeight
	// Optimizer holds the variables of the optimizer, nil if the file has none.
	Optimizer []LegacyWeight
	// Extra holds lince's additions, as in File. They are in the attribute "lince", which Keras ignores.
	Extra json.RawMessage
}

// LegacyGroup holds the weights of one layer. A nested model is one layer: its group has the weights of all layers below it, the trainable
// ones first.
type LegacyGroup struct {
	// Name is the layer's name. It can contain "/".
	Name    string
	Weights []LegacyWeight
}

// LegacyWeight is a variable with its name in the file, such as "conv2d/kernel:0" (Keras 2), "sequential/conv2d/kernel" (Keras 3) or
// "convolution2d_1_W" (Keras 1).
type LegacyWeight struct {
	Name string
	// Shape is the shape that the file claims.
	Shape tensor.Shape
	// DType is the type of the value that Read returns, or tensor.Invalid if Read returns an error for the type in the file.
	DType tensor.DType
	// Read reads the value from the file. To write a file, it returns the value.
	Read func() (*tensor.Tensor, error)
}

// NewLegacyWeight returns a variable to write.
func NewLegacyWeight(name string, value *tensor.Tensor) LegacyWeight {
	return LegacyWeight{Name: name, Shape: value.Shape(), DType: value.DType(), Read: func() (*tensor.Tensor, error) { return value, nil }}
}

// The names of groups and attributes.
const (
	modelConfigAttr    = "model_config"
	trainingConfigAttr = "training_config"
	versionAttr        = "keras_version"
	backendAttr        = "backend"
	layerNamesAttr     = "layer_names"
	weightNamesAttr    = "weight_names"
	linceAttr          = "lince"
	modelWeightsGroup  = "model_weights"
	topLevelGroup      = "top_level_model_weights"
	optimizerGroup     = "optimizer_weights"
)
