package lince

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
