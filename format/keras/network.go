package keras

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

// Network is the config of a model: its layers and, in a Functional model, the calls that connect them. It does not interpret the
// configs of layers. ReadNetwork makes one from config.json or from Keras' model.to_json(). WriteNetwork writes it as Keras 3 does.
type Network struct {
	// Class is "Sequential" or "Functional". ReadNetwork turns Keras 2's "Model" into "Functional".
	Class string
	// Name is the model's name.
	Name string
	// Frozen is the negation of the model's trainable flag. The flags of the layers decide what is trained: Keras sets them when a
	// model's flag is set.
	Frozen bool
	// Layers holds the layers in Keras' order; see Graph.Order. The layers of a Sequential model form a chain. Its first layer may be an
	// InputLayer.
	Layers []NetworkLayer
	// Inputs and Outputs are those of a Functional model.
	Inputs, Outputs Structure
	// BuildInputShape is the input shape, with batch dimension, for which a Sequential model was built. It is nil if the file has none. If a
	// Sequential model has no InputLayer, only this field holds its input shape, even if a file of Keras 2 stores the shape in the first layer.
	BuildInputShape tensor.Shape
	// DType is the dtype policy of a Sequential model as JSON: a name or a Keras object. nil means float32.
	DType json.RawMessage
	// CompileConfig is the JSON of optimizer, loss and metrics, or nil.
	CompileConfig json.RawMessage
	// ChannelsFirst says that images have the channels first in the file. ReadNetwork has rewritten the network, so that they have the channels
	// last. It is false in nested models.
	ChannelsFirst bool
}

// NetworkLayer is a layer of a Network, or an op in its graph.
type NetworkLayer struct {
	// Module and Class name the class, such as "keras.layers" and "Conv2D". Module is "" in files of Keras 2.12 and older. Op tells
	// ops from layers.
	Module, Class string
	// RegisteredName is "" for Keras' layers and "Package>Class" for custom layers.
	RegisteredName string
	// Name is the layer's name, which references use. It may be "" in a Sequential model.
	Name string
	// Frozen is the negation of the layer's trainable flag.
	Frozen bool
	// Config is the argument of the class' from_config. It is nil for a nested model. ReadNetwork keeps the members name and trainable. It
	// removes Keras 2's batch_input_shape, or renames it to batch_shape in an InputLayer. WriteNetwork sets name and trainable from Name
	// and Frozen. It removes trainable for classes that do not accept it, such as SpatialDropout2D.
	Config json.RawMessage
	// Network is a nested model, and nil for other layers. Its Name and Frozen are those of the layer.
	Network *Network
	// Calls lists the calls of the layer in a Functional model. An InputLayer has none; a reference to its call 0 is its result.
	Calls []NetworkCall
	// BuildConfig holds the input_shape for which the layer was built, or nil.
	BuildConfig json.RawMessage
	// Shared is a number that marks a layer which belongs to several nested models: its entries in these models have the same number.
	// It is 0 for other layers. Keras writes it as shared_object_id, but confuses the calls of such layers when it reads most of these
	// files. WriteNetwork therefore writes it as lince_shared, which Keras ignores.
	Shared int64
	// ChannelsFirst says that the file has data_format channels_first. ReadNetwork rewrites such networks for images with the channels
	// last.
	ChannelsFirst bool
	// Flattened, if not "", names a Flatten layer before this one, whose result had the order (channels, height, width) in the file and has
	// (height, width, channels) now. The rows of the layer's weights are in the order of the file.
	Flattened string
}

// NetworkCall is one call of a layer.
type NetworkCall struct {
	// Args holds the positional arguments: usually one TensorRef, or an ArgList of them for merging layers.
	Args []Arg
	// Kwargs holds the keyword arguments. nil stands for what Keras writes if the user passes none: {"mask": null} for
	// BatchNormalization and models, {"training": false} for Dropout, and nothing for most layers. An empty map means no keyword
	// arguments.
	Kwargs map[string]Arg
}

// Arg is an argument of a call: a TensorRef, an ArgList, an ArgDict or a Constant.
type Arg interface{ isArg() }

// TensorRef refers to result Tensor of call Node of the named layer. Both count from 0.
type TensorRef struct {
	Layer        string
	Node, Tensor int
	// Shape and DType describe the tensor. Keras 3 writes them in arguments. They are nil and "" in files of Keras 2, and in Inputs
	// and Outputs.
	Shape tensor.Shape
	DType string
}

// ArgList is a list that contains tensors.
type ArgList []Arg

// ArgDict is a dict that contains tensors.
type ArgDict map[string]Arg

// Constant is an argument without tensors, as JSON: null, 127.5, "same", or an object such as
// {"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}}.
type Constant json.RawMessage

func (TensorRef) isArg() {}
func (ArgList) isArg()   {}
func (ArgDict) isArg()   {}
func (Constant) isArg()  {}

// Structure is the form of a model's inputs or outputs. By default it is a list.
type Structure struct {
	Tensors []TensorRef
	// Keys, if not nil, makes it a dict. It holds a sorted key for each of Tensors.
	Keys []string
	// Single makes it a single tensor instead of a list with one tensor.
	Single bool
}

// Op reports whether the entry is an operation of the graph and not a layer, such as keras.ops.add(x, 1) or x / 255 in Keras 3. An op is not
// in model.layers, has no variables, and does not count in the paths of weights. Keras 2's TFOpLambda and SlicingOpLambda are layers.
func (l NetworkLayer) Op() bool { return strings.HasPrefix(l.Module, opsModule) }

const (
	opsModule  = "keras.src.ops."
	sequential = "Sequential"
	functional = "Functional"
	inputLayer = "InputLayer"
)

// Tensors returns the tensors among the call's arguments, in Keras' order: the positional arguments first, and then the keyword arguments
// sorted by name.
func (c NetworkCall) Tensors() []TensorRef {
	var out []TensorRef
	c.each(func(t TensorRef) { out = append(out, t) })
	return out
}

func (c NetworkCall) each(f func(TensorRef)) {
	for _, a := range c.Args {
		eachTensor(a, f)
	}
	eachTensor(ArgDict(c.Kwargs), f)
}

func eachTensor(a Arg, f func(TensorRef)) {
	switch a := a.(type) {
	case TensorRef:
		f(a)
	case ArgList:
		for _, x := range a {
			eachTensor(x, f)
		}
	case ArgDict:
		if len(a) == 0 {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(a)) {
			eachTensor(a[key], f)
		}
	}
}

// replaceTensors replaces each tensor of an argument by what f returns for it.
func replaceTensors(a Arg, f func(TensorRef) TensorRef) Arg {
	switch a := a.(type) {
	case TensorRef:
		return f(a)
	case ArgList:
		for i, x := range a {
			a[i] = replaceTensors(x, f)
		}
	case ArgDict:
		for key, x := range a {
			a[key] = replaceTensors(x, f)
		}
	}
	return a
}

// Graph returns the connections of a Functional model, for Order. Operations are numbered as in Layers. All references must be valid, as
// those from ReadNetwork are.
func (n *Network) Graph() Graph {
	index := make(map[string]int, len(n.Layers))
	for i, l := range n.Layers {
		index[l.Name] = i
	}
	call := func(t TensorRef) Call { return Call{index[t.Layer], t.Node} }
	g := Graph{Names: make([]string, len(n.Layers)), Operands: make([][][]Call, len(n.Layers))}
	for i, l := range n.Layers {
		g.Names[i] = l.Name
		if l.Class == inputLayer && l.Network == nil {
			g.Operands[i] = [][]Call{nil}
			continue
		}
		for _, c := range l.Calls {
			var from []Call
			c.each(func(t TensorRef) { from = append(from, call(t)) })
			g.Operands[i] = append(g.Operands[i], from)
		}
	}
	for _, t := range n.Inputs.Tensors {
		g.Inputs = append(g.Inputs, call(t))
	}
	for _, t := range n.Outputs.Tensors {
		g.Outputs = append(g.Outputs, call(t))
	}
	return g
}
