package keras

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// Networks whose images have the shape (batch, channels, height, width) are rewritten for images of shape (batch, height, width,
// channels). The kernels of convolutions have the same shape for both. A Dense layer after a Flatten has its rows in the order of
// the file; see NetworkLayer.Flattened.

// state is what is known about the result of a layer in such a network.
type state struct {
	image bool // it has four dimensions
	// flattened is the Flatten layer to whose order (channels, height, width) the result's elements belong, "" if there is none.
	flattened string
}

// channelsFirstLayers counts the layers with images of each order, in the network and its nested models. A Flatten does not count.
func (n *Network) channelsFirstLayers() (first, last int) {
	for _, l := range n.Layers {
		if l.Network != nil {
			f, x := l.Network.channelsFirstLayers()
			first, last = first+f, last+x
		} else if l.Class != "Flatten" {
			switch dataFormat(l.Config) {
			case channelsFirst:
				first++
			case channelsLast:
				last++
			}
		}
	}
	return first, last
}

func dataFormat(conf json.RawMessage) string {
	v, err := scan(conf)
	if err != nil {
		return ""
	}
	return v.fields("data_format")[0].text()
}

// channelsLast rewrites a network whose images have the channels first. It does nothing to other networks.
func (n *Network) channelsLast() error {
	first, last := n.channelsFirstLayers()
	switch {
	case first == 0:
		return nil
	case last > 0:
		return fmt.Errorf("%d layers have data_format channels_first and %d have channels_last; want one for all layers", first, last)
	}
	out, err := n.toChannelsLast(nil)
	if err != nil {
		return fmt.Errorf("data_format is channels_first, and the network cannot be changed to channels_last: %w", err)
	}
	n.ChannelsFirst = true
	for _, s := range out {
		if s.flattened != "" {
			return fmt.Errorf("data_format is channels_first, and the network cannot be changed to channels_last: its output has the order of layer %q", s.flattened)
		}
	}
	return nil
}

// toChannelsLast rewrites a network for inputs with these states, nil for the states that its own inputs say. It returns the states of the
// outputs.
func (n *Network) toChannelsLast(in []state) ([]state, error) {
	if n.Class == sequential {
		return n.chainChannelsLast(in)
	}
	g := n.Graph()
	calls, err := g.Calls()
	if err != nil {
		return nil, err
	}
	of := map[Call][]state{}
	inputs := map[string]int{}
	for i, t := range n.Inputs.Tensors {
		inputs[t.Layer] = i
	}
	done := make([]bool, len(n.Layers))
	for _, c := range calls {
		l := &n.Layers[c.Op]
		var operands []state
		if i, ok := inputs[l.Name]; ok && len(l.Calls) == 0 && in != nil && i < len(in) {
			operands = in[i : i+1]
		}
		for _, from := range g.Operands[c.Op][c.Node] {
			if len(of[from]) > 0 {
				operands = append(operands, of[from][0])
			}
		}
		if of[c], err = l.channelsLast(operands, done[c.Op]); err != nil {
			return nil, err
		}
		done[c.Op] = true
	}
	var out []state
	for _, c := range g.Outputs {
		out = append(out, of[c]...)
	}
	return out, nil
}

func (n *Network) chainChannelsLast(in []state) ([]state, error) {
	if s := n.BuildInputShape; len(s) == 4 {
		n.BuildInputShape = lastShape(s)
		if in == nil {
			in = []state{{image: true}}
		}
	}
	at := in
	for i := range n.Layers {
		var err error
		if at, err = n.Layers[i].channelsLast(at, false); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// lastShape moves the channels of a shape to its end.
func lastShape(s tensor.Shape) tensor.Shape { return tensor.Shape{s[0], s[2], s[3], s[1]} }

// elementwise lists the layers that treat all elements alike.
var elementwise = []string{
	"ActivityRegularization", "Activation", "AlphaDropout", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "Identity", "LeakyReLU", "ReLU",
}

// merging lists the layers that combine the elements of several operands one by one.
var merging = []string{"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"}

// channelsLast rewrites a layer and returns the states of its results. If it is called again, with done set, it is rewritten already.
func (l *NetworkLayer) channelsLast(in []state, done bool) ([]state, error) {
	wrong := func(what string) error { return fmt.Errorf("layer %q (%s) %s", cut(l.Name), cut(l.Class), what) }
	if l.Network != nil {
		if done {
			return nil, wrong("is called several times")
		}
		return l.Network.toChannelsLast(in)
	}
	var x state
	if len(in) > 0 {
		x = in[0]
	}
	for _, y := range in {
		if y.image != x.image || y.flattened != x.flattened {
			return nil, wrong("joins values of different orders")
		}
	}
	set := func(key, value string) {
		if v, err := scan(l.Config); err == nil {
			l.Config = setMembers(v, [2]string{key, value})
		}
	}
	v, err := scan(l.Config)
	if err != nil {
		return nil, err
	}
	f := v.fields("batch_shape", "data_format", "axis", "activation", "keepdims", "scale", "offset")
	after := func() error { // the rows of its weights belong to x.flattened
		switch {
		case x.flattened == "":
		case done && l.Flattened != x.flattened:
			return wrong("is called several times")
		default:
			l.Flattened = x.flattened
		}
		return nil
	}
	switch {
	case l.Class == inputLayer:
		s, ok := readShape(f[0].value)
		if !ok || len(s) != 4 {
			return []state{{}}, nil
		}
		if !done {
			text, err := Marshal(Dims(lastShape(s)))
			if err != nil {
				return nil, err
			}
			set("batch_shape", string(text))
		}
		return []state{{image: true}}, nil
	case l.Class == "Flatten" && x.image:
		ordered := f[1].is(channelsFirst) // Keras moves the channels to the end before it flattens
		set("data_format", strconv.Quote(channelsLast))
		if ordered {
			return []state{{}}, nil
		}
		if l.Name == "" {
			return nil, wrong("has no name")
		}
		return []state{{flattened: l.Name}}, nil
	case l.Class == "Flatten":
		set("data_format", strconv.Quote(channelsLast))
		return []state{x}, nil
	case l.Class == "Rescaling" && f[5].kind() != '[' && f[6].kind() != '[':
		return []state{x}, nil
	case l.Class == "GlobalAveragePooling2D" || l.Class == "GlobalMaxPooling2D":
		set("data_format", strconv.Quote(channelsLast))
		keep, _ := f[4].bool()
		return []state{{image: keep}}, nil
	case f[1].is(channelsFirst) || done && f[1].is(channelsLast):
		l.ChannelsFirst = true
		set("data_format", strconv.Quote(channelsLast))
		return []state{{image: true}}, nil
	case l.Class == "BatchNormalization":
		axis, err := axisOf(f[2].value)
		switch {
		case err != nil:
			return nil, err
		case x.image && !done && axis != 1:
			return nil, wrong(fmt.Sprintf("normalizes dimension %d, which is not that of the channels", axis))
		case x.image && !done:
			set("axis", "-1")
		case !x.image:
			if err := after(); err != nil {
				return nil, err
			}
		}
		return []state{x}, nil
	case l.Class == "Concatenate":
		axis, err := axisOf(f[2].value)
		switch {
		case err != nil:
			return nil, err
		case x.flattened != "":
			return nil, wrong("joins flattened images")
		case x.image && !done && axis != 1:
			return nil, wrong(fmt.Sprintf("joins images along dimension %d, which is not that of the channels", axis))
		case x.image:
			set("axis", "-1")
		}
		return []state{x}, nil
	case l.Class == "Activation" && x.image && f[3].is("softmax"):
		return nil, wrong("applies softmax along the width")
	case slices.Contains(elementwise, l.Class), slices.Contains(merging, l.Class):
		return []state{x}, nil
	case l.Class == "Dense" && !x.image:
		if err := after(); err != nil {
			return nil, err
		}
		return []state{{}}, nil
	case !x.image && x.flattened == "":
		return []state{x}, nil
	}
	return nil, wrong("depends on the order")
}

// axisOf reads an axis: an integer, a list of one integer, or the default -1.
func axisOf(v value) (int, error) {
	if l, ok := v.list(1); ok && len(l) == 1 {
		v = l[0]
	}
	if v.null() {
		return -1, nil
	}
	n, ok := v.number()
	if !ok {
		return 0, errors.New("axis is not an integer")
	}
	return n, nil
}
