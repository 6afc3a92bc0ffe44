package keras

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

// Network is the config of a model: its layers, and in a Functional model the calls that
// connect them. It knows nothing of what the layers do. ReadNetwork makes one of config.json
// or Keras' model.to_json(), WriteNetwork writes it as Keras 3 does.
type Network struct {
	// Class is "Sequential" or "Functional". Keras 2's "Model" is read as "Functional".
	Class string
	// Name is the model's name.
	Name string
	// Frozen is the reverse of the model's own trainable flag. What learns is for the flags of
	// the layers to say: Keras sets those when a model's is set.
	Frozen bool
	// Layers are in Keras' order (see Graph.Order). Those of a Sequential follow each other;
	// an InputLayer may be the first.
	Layers []NetworkLayer
	// Inputs and Outputs are a Functional's.
	Inputs, Outputs Structure
	// BuildInputShape is the shape, with the batch dimension, for which a Sequential was built;
	// nil where the file does not say one. A Sequential without InputLayer has its input's shape
	// here alone, and so has one of Keras 2 that noted it in its first layer.
	BuildInputShape tensor.Shape
	// DType is a Sequential's dtype policy as JSON: a name, or a Keras object. WriteNetwork
	// takes float32 for nil.
	DType json.RawMessage
	// CompileConfig has optimizer, loss and metrics as JSON; nil where there are none.
	CompileConfig json.RawMessage
}

// NetworkLayer is a layer of a Network, or an op of its graph.
type NetworkLayer struct {
	// Module and Class say what it is: "keras.layers" and "Conv2D". Module is "" in files of
	// Keras 2.12 and older. See Op for what is no layer.
	Module, Class string
	// RegisteredName is "" for Keras' own layers, and "Package>Class" for others.
	RegisteredName string
	// Name is the layer's name, by which others refer to it. In a Sequential it may be "".
	Name string
	// Frozen is the reverse of the layer's trainable flag.
	Frozen bool
	// Config is what the class' from_config takes; nil for a nested model. Read leaves name
	// and trainable in it, and takes a batch_input_shape of Keras 2 out; an InputLayer's is
	// renamed to batch_shape. Write sets name and trainable to what Name and Frozen say,
	// and leaves trainable out where the class does not take it (SpatialDropout2D).
	Config json.RawMessage
	// Network is the nested model, nil for any other layer. Its Name and Frozen are those of
	// the layer.
	Network *Network
	// Calls are the uses of the layer in a Functional model, by number. An InputLayer has
	// none: its result is that of its call 0.
	Calls []NetworkCall
	// BuildConfig has the input_shape for which the layer was built, nil where it was not.
	BuildConfig json.RawMessage
	// Shared is a number that layers have that are one layer in several nested models; 0 for
	// others. Keras writes it as shared_object_id, but takes the calls of such layers for each
	// other's when it reads most of its own files; lince writes it as lince_shared, which Keras
	// passes over.
	Shared int64
}

// NetworkCall is a layer applied to something.
type NetworkCall struct {
	// Args are the arguments without names: mostly one TensorRef; an ArgList of them for
	// merging layers.
	Args []Arg
	// Kwargs are the arguments with names. WriteNetwork takes for nil what Keras writes when a
	// user gives none: {"mask": null} for BatchNormalization and models, {"training": false}
	// for Dropout, none for most. No Kwargs at all are an empty map.
	Kwargs map[string]Arg
}

// Arg is an argument of a call: a TensorRef, an ArgList, an ArgDict or a Constant.
type Arg interface{ isArg() }

// TensorRef is a result of a call: number Tensor of the results of call number Node of the
// named layer.
type TensorRef struct {
	Layer        string
	Node, Tensor int
	// Shape and DType are the tensor's. Keras 3 writes them with arguments; they are nil and ""
	// in files of Keras 2, and in Inputs and Outputs.
	Shape tensor.Shape
	DType string
}

// ArgList is a list with tensors in it.
type ArgList []Arg

// ArgDict is a dict with tensors in it.
type ArgDict map[string]Arg

// Constant is any argument without tensors, as JSON: null, 127.5, "same", or an object such
// as {"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}}.
type Constant json.RawMessage

func (TensorRef) isArg() {}
func (ArgList) isArg()   {}
func (ArgDict) isArg()   {}
func (Constant) isArg()  {}

// Structure is how a model's inputs or outputs are given: a list unless it says otherwise.
type Structure struct {
	Tensors []TensorRef
	// Keys are the keys of a dict, sorted, as many as there are Tensors.
	Keys []string
	// Single says that it is one tensor and not a list of one.
	Single bool
}

// Op says that the entry is an operation of the graph and no layer, as in Keras 3
// keras.ops.add(x, 1) or x / 255. It is not in model.layers, has no variables, and does not
// count in the paths of weights. TFOpLambda and SlicingOpLambda of Keras 2 are layers.
func (l NetworkLayer) Op() bool { return strings.HasPrefix(l.Module, opsModule) }

const (
	opsModule  = "keras.src.ops."
	sequential = "Sequential"
	functional = "Functional"
	inputLayer = "InputLayer"
)

// Tensors are the tensors that a call takes, in Keras' order: the arguments without names,
// then those with names, sorted.
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

// replaceTensors puts what f makes of them into the place of an argument's tensors.
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

// Graph is the network as Order wants it: the layers of a Functional by their place in
// Layers. References must be as ReadNetwork leaves them.
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
