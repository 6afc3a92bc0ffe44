package lince

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// A group of a legacy .h5 file has the weights of one layer of the model. A nested model is one layer, so that its group has the
// weights of all layers in it. Their order depends on the trainable flags, and on the version of Keras: see orders.

// legacyVariable is a variable of a layer, or of a layer in a nested model.
type legacyVariable struct {
	*graph.Variable
	layer   *layerInstance
	trained bool     // it is a weight of a layer that is not frozen
	stored  string   // its name in the file
	in      []*Model // the nested models that the layer is in, from the outermost
	form    stored
}

// name returns the last part of the variable's path, such as "kernel".
func (v legacyVariable) name() string { return v.Path[strings.LastIndexByte(v.Path, '/')+1:] }

// legacyVariables returns the variables of a layer in Keras' natural order: layer by layer.
func (l *layerInstance) legacyVariables(met map[*layerInstance]bool) (list []legacyVariable) {
	if inner := l.Model(); inner != nil {
		for _, l := range inner.layers {
			list = append(list, l.legacyVariables(met)...)
		}
		for i := range list {
			list[i].in = append([]*Model{inner}, list[i].in...)
		}
		return list
	}
	if met[l] { // a layer that is in several models, or called several times
		return nil
	}
	met[l] = true
	for _, v := range l.variables {
		list = append(list, legacyVariable{Variable: v, layer: l, trained: v.Role == graph.Weight && !l.frozen})
	}
	return list
}

// legacyOrder returns the variables of a layer in the order in which Keras 3 reads them from an .h5 file: trainable_weights, then
// non_trainable_weights. The flag of a nested Functional counts for all layers in it; that of a Sequential is not restored.
func (l *layerInstance) legacyOrder(list []legacyVariable) []legacyVariable {
	if inner := l.Model(); inner != nil && inner.class == "Functional" && l.frozen {
		return list
	}
	return trainedFirst(list)
}

func trainedFirst(list []legacyVariable) []legacyVariable {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b legacyVariable) int { return rank(a.trained) - rank(b.trained) })
	return list
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// innermost returns the model that the layer of a variable is in.
func (m *Model) innermost(v legacyVariable) *Model {
	if n := len(v.in); n > 0 {
		return v.in[n-1]
	}
	return m
}

// legacyValue converts a value of a file to the variable's type: Keras 2 counts in other types.
func legacyValue(v legacyVariable, t *tensor.Tensor) (*tensor.Tensor, error) {
	switch {
	case t.DType() == v.DType:
		return t, nil
	case v.DType == tensor.Int64 && t.DType() == tensor.Int32 && t.Len() == 1:
		return tensor.Of([]int64{int64(tensor.Values[int32](t)[0])}, v.Shape...), nil
	case v.DType == tensor.Int64 && t.DType() == tensor.Float32 && t.Len() == 1:
		return tensor.Of([]int64{int64(t.Float32s()[0])}, v.Shape...), nil
	}
	return convert(t, v.DType, new(*tensor.Tensor))
}

// matchLegacy returns the variables of a layer in the order of the weights of its group.
func matchLegacy(vs []legacyVariable, weights []keras.LegacyWeight) ([]legacyVariable, error) {
	if len(weights) != len(vs) {
		return nil, fmt.Errorf("want %d weights, the file has %d", len(vs), len(weights))
	}
	if order := byLayerAndName(vs, weights); order != nil {
		return order, nil
	}
	var first error
	for _, strict := range []bool{true, false} {
		for _, order := range orders(vs) {
			err := fitsLegacy(order, weights, strict)
			if err == nil {
				return order, nil
			}
			first = cmp.Or(first, err)
		}
	}
	return nil, first
}

// byLayerAndName matches weights by the last two parts of their names, such as "conv2d/kernel". It returns nil if these are
// not unique or do not agree.
func byLayerAndName(vs []legacyVariable, weights []keras.LegacyWeight) []legacyVariable {
	type key struct{ layer, name string }
	of := map[key]int{}
	for i, v := range vs {
		k := key{v.layer.name, v.name()}
		if _, twice := of[k]; twice {
			return nil
		}
		of[k] = i
	}
	order := make([]legacyVariable, len(vs))
	used := make([]bool, len(vs))
	for j, w := range weights {
		layer, name := legacyName(w.Name)
		i, ok := of[key{layer, name}]
		if !ok {
			if i, ok = uniqueName(vs, name); !ok {
				return nil
			}
		}
		if used[i] || !fitsShape(vs[i], w) {
			return nil
		}
		used[i], order[j] = true, vs[i]
	}
	return order
}

// uniqueName finds a variable by its name alone if all variables are of one layer: in old files the names of layers in weights
// differ from those of the layers.
func uniqueName(vs []legacyVariable, name string) (int, bool) {
	found := -1
	for i, v := range vs {
		if v.layer != vs[0].layer {
			return 0, false
		}
		if v.name() == name || v.layer.Class() == "DepthwiseConv2D" && v.name() == "kernel" && name == "depthwise_kernel" {
			found = i
		}
	}
	return found, found >= 0
}

// legacyNames has the names of variables in Keras 1.
var legacyNames = []struct{ old, now string }{
	{"W", "kernel"}, {"b", "bias"}, {"gamma", "gamma"}, {"beta", "beta"},
	{"running_mean", "moving_mean"}, {"running_std", "moving_variance"}, {"alphas", "alpha"},
}

// legacyName splits the name of a weight, such as "body/conv2d/kernel:0", into the names of the layer and the variable. Keras 1 joined them by
// an underscore, as in "convolution2d_1_W".
func legacyName(full string) (layer, name string) {
	if i := strings.LastIndexByte(full, ':'); i >= 0 && !strings.Contains(full[i:], "/") {
		full = full[:i]
	}
	i := strings.LastIndexByte(full, '/')
	if i < 0 {
		for _, n := range legacyNames {
			if before, ok := strings.CutSuffix(full, "_"+n.old); ok {
				return before, n.now
			}
		}
		return "", full
	}
	layer, name = full[:i], full[i+1:]
	for _, n := range legacyNames {
		if strings.HasSuffix(name, "_"+n.old) || name == n.old {
			name = n.now
		}
	}
	return layer[strings.LastIndexByte(layer, '/')+1:], name
}

// orders lists the orders in which Keras has written the weights of a nested model: the trainable ones first, by the flags of the layers;
// layer by layer; and the trainable ones first as if no layer were frozen.
func orders(vs []legacyVariable) [][]legacyVariable {
	unfrozen := slices.Clone(vs)
	slices.SortStableFunc(unfrozen, func(a, b legacyVariable) int {
		return rank(a.Role == graph.Weight) - rank(b.Role == graph.Weight)
	})
	return [][]legacyVariable{trainedFirst(vs), vs, unfrozen}
}

// fitsLegacy returns an error unless the weights of a file, in their order, can be those of the variables. If strict is set, their names must
// agree as well as their shapes.
func fitsLegacy(vs []legacyVariable, weights []keras.LegacyWeight, strict bool) error {
	for i, w := range weights {
		v := vs[i]
		if !fitsShape(v, w) {
			return fmt.Errorf("weight %q has shape %v, %s of layer %s has shape %v", w.Name, w.Shape, v.name(), v.layer.name, v.form.shape)
		}
		if _, name := legacyName(w.Name); strict && name != v.name() {
			return fmt.Errorf("weight %q is in the place of %s of layer %s", w.Name, v.name(), v.layer.name)
		}
	}
	return nil
}

func fitsShape(v legacyVariable, w keras.LegacyWeight) bool { return v.form.shape.Equal(w.Shape) }
