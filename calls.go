package lince

import (
	"fmt"

	"github.com/lince-ml/lince/callback"
)

// Call is one use of a layer in a model (Keras' Node). A shared layer has several calls.
type Call struct {
	// Layer is the layer that is applied. Its Input and Output are those of its first call.
	Layer *Layer
	// In are the symbols that the layer is applied to; none for a layer.Input. Out are the symbols of its results.
	In, Out []*Symbol
}

// Calls returns the calls of the model's layers in the order in which they run, with the calls of its inputs. Together
// with Model.Inputs and Model.Outputs they describe the network's structure: an operand of a call is the same pointer as
// the result of the call that computes it. A nested model is one call; its own calls are those of Layer.Model().
func (m *Model) Calls() []Call {
	var list []Call
	met := map[*call]bool{}
	add := func(c *call) {
		if !met[c] {
			met[c] = true
			list = append(list, Call{&Layer{c.layer, m}, append([]*Symbol(nil), c.in...), append([]*Symbol(nil), c.out...)})
		}
	}
	for _, s := range m.inputs {
		add(s.call)
	}
	for _, c := range m.calls {
		add(c)
	}
	return list
}

// nodes returns the calls of the model, and of the models inside it.
func (m *Model) nodes() []callback.Node {
	var list []callback.Node
	used := map[string]int{}
	names := map[*Symbol]string{} // of the node that computes a symbol
	var walk func(m *Model, prefix string)
	walk = func(m *Model, prefix string) {
		for _, c := range m.Calls() {
			if inner := c.Layer.Model(); inner != nil {
				for i, s := range inner.inputs {
					names[s] = names[c.In[i]]
				}
				walk(inner, prefix+c.Layer.Name()+"/")
				for i, s := range c.Out {
					names[s] = names[inner.outputs[i]]
				}
				continue
			}
			if len(c.Out) > 0 && names[c.Out[0]] != "" && len(c.In) == 0 {
				continue // an input of a nested model, which stands for its operand
			}
			name := prefix + c.Layer.Name()
			if used[name]++; used[name] > 1 {
				name = fmt.Sprintf("%s_%d", name, used[name]-1)
			}
			node := callback.Node{Name: name, Class: c.Layer.Class()}
			for _, s := range c.In {
				node.Inputs = append(node.Inputs, names[s])
			}
			for i, s := range c.Out {
				if names[s] = name; i == 0 {
					node.Shape = s.Shape()
				}
			}
			list = append(list, node)
		}
	}
	walk(m, "")
	return list
}
