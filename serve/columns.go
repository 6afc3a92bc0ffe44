package serve

import (
	"encoding/json"
	"errors"

	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/tensor"
)

// examplesJSON are the examples in the JSON of TensorFlow Serving, Vertex AI and MLflow: images or tensors.
type examplesJSON struct {
	files  [][]byte         // images, if they are not nil
	inputs []*tensor.Tensor // else the inputs of the model
}

// outputs computes the outputs of the examples.
func (c *call) outputs(v *version, x examplesJSON) ([]*example, error) {
	ctx, cancel := c.limited(0)
	defer cancel()
	if x.files != nil {
		return c.imageOutputs(ctx, v, x.files)
	}
	return c.tensorOutputs(ctx, v, x.inputs)
}

// image64 returns the bytes of an image: an object {"b64": "..."}, or an object whose only member is one. depth is the number of objects around it. In a data frame, the value
// of the only member may be the text.
func (c *call) image64(raw json.RawMessage, depth int, frame bool) ([]byte, bool, error) {
	key, value, ok := onlyMember(raw)
	switch {
	case !ok:
		return nil, false, nil
	case key == "b64" && value[0] != '"':
		return nil, true, bad("b64 must be a string")
	case key == "b64", frame && value[0] == '"':
		b, err := c.base64Bytes(value)
		return b, true, err
	case depth > 0:
		return nil, false, nil
	}
	return c.image64(value, depth+1, false)
}

// isImage reports whether image64 finds an image.
func isImage(raw json.RawMessage, depth int, frame bool) bool {
	key, value, ok := onlyMember(raw)
	return ok && (key == "b64" || frame && value[0] == '"' || depth == 0 && isImage(value, 1, false))
}

// onlyMember returns the member of an object that has no other.
func onlyMember(raw json.RawMessage) (key string, value json.RawMessage, ok bool) {
	if raw[0] != '{' {
		return "", nil, false
	}
	for k, v := range eachMember(raw) {
		if ok {
			return "", nil, false
		}
		key, value, ok = k, v, true
	}
	return key, value, ok
}

// rows reads examples in rows: a list with an element for each example, which is {"b64": "..."} for an image, the value of the model's only input, or an
// object with a value for each input. frame says that they are the rows of a data frame.
func (c *call) rows(v *version, raw json.RawMessage, frame bool) (examplesJSON, error) {
	var x examplesJSON
	if raw[0] != '[' {
		return x, bad("the examples must be a list")
	}
	one := first(raw)
	if one == nil {
		return x, bad("the request has no examples")
	}
	if one[0] != '{' {
		t, err := c.value(v, 0, raw)
		if err != nil {
			return x, err
		}
		return v.inputsOf([]*tensor.Tensor{t})
	}
	n := count(raw)
	if err := v.counted(n); err != nil {
		return x, err
	}
	if isImage(one, 0, frame) {
		for i, e := range eachElement(raw) {
			file, ok, err := c.image64(e, 0, frame)
			if err != nil {
				return x, err
			}
			if !ok {
				return x, bad(`the example %d must be an image as {"b64": "..."}, as the first one is`, i)
			}
			x.files = append(x.files, file)
		}
		return x, nil
	}
	columns := make([][]json.RawMessage, len(v.inputs))
	for i, e := range eachElement(raw) {
		if e[0] != '{' {
			return x, bad("the example %d must be an object, as the first one is", i)
		}
		for key, value := range eachMember(e) {
			at := find(v.inputs, key)
			switch {
			case at < 0:
				return x, v.noInput(key)
			case len(columns[at]) < i:
				return x, bad("the example %d has %q, but not all before it", i, key)
			}
			columns[at] = append(columns[at][:i], value)
		}
	}
	return c.stacked(v, columns, n)
}

// stacked reads the values of each input, which are in rows.
func (c *call) stacked(v *version, columns [][]json.RawMessage, n int) (examplesJSON, error) {
	in := make([]*tensor.Tensor, len(columns))
	for i, values := range columns {
		switch len(values) {
		case 0: // inputsOf reports it
			continue
		case n:
		default:
			return examplesJSON{}, bad("not all examples have %q", v.inputs[i].name)
		}
		most := 0
		for _, value := range values {
			most += inference.Numbers(value)
		}
		var err error
		if in[i], err = c.parsed(v, i, most, func() ([]float64, tensor.Shape, error) { return inference.ParseRows(c.late, values) }); err != nil {
			return examplesJSON{}, err
		}
	}
	return v.inputsOf(in)
}

// columns reads examples in columns: the value of the model's only input, an object with a value for each input, or images, as {"b64": "..."} or a list of them. The
// first dimension of a value is that of the examples.
func (c *call) columns(v *version, raw json.RawMessage) (examplesJSON, error) {
	if file, ok, err := c.image64(raw, 0, false); ok {
		return examplesJSON{files: [][]byte{file}}, err
	}
	switch raw[0] {
	case '[':
		return c.rows(v, raw, false) // of one input, rows and columns are the same
	case '{':
	default:
		return examplesJSON{}, bad("inputs must be a list, or an object with a list for each input")
	}
	if _, value, ok := onlyMember(raw); ok && value[0] == '[' {
		if one := first(value); one != nil && isImage(one, 1, false) {
			return c.rows(v, value, false)
		}
	}
	values := make([]json.RawMessage, len(v.inputs))
	for key, value := range eachMember(raw) {
		at := find(v.inputs, key)
		if at < 0 {
			return examplesJSON{}, v.noInput(key)
		}
		values[at] = value
	}
	in := make([]*tensor.Tensor, len(v.inputs))
	for at, value := range values {
		if value == nil {
			continue
		}
		var err error
		if in[at], err = c.value(v, at, value); err != nil {
			return examplesJSON{}, err
		}
	}
	return v.inputsOf(in)
}

func (v *version) noInput(name string) error {
	return bad("the model %s has no input %q; its inputs are %s", v.name, short(name), names(v.inputs))
}

func (v *version) inputsOf(in []*tensor.Tensor) (examplesJSON, error) {
	if len(in) != len(v.inputs) {
		return examplesJSON{}, bad("the model %s has the inputs %s; send an object with a value for each", v.name, names(v.inputs))
	}
	in, err := v.checked(in)
	return examplesJSON{inputs: in}, err
}

// value reads the value of an input for all examples.
func (c *call) value(v *version, input int, raw json.RawMessage) (*tensor.Tensor, error) {
	if raw[0] == '[' {
		if err := v.counted(count(raw)); err != nil {
			return nil, err
		}
	}
	return c.parsed(v, input, inference.Numbers(raw), func() ([]float64, tensor.Shape, error) { return inference.ParseList(c.late, raw) })
}

// parsed returns the tensor of an input that parse reads, which gets at most so many numbers.
func (c *call) parsed(v *version, input, most int, parse func() ([]float64, tensor.Shape, error)) (*tensor.Tensor, error) {
	p := v.inputs[input]
	if err := c.room(v, p, most); err != nil {
		return nil, err
	}
	numbers, shape, err := parse()
	if late := c.late(); late != nil {
		return nil, late
	}
	if err == nil && len(numbers) != shape.Elements() {
		err = errors.New("the lists have different lengths")
	}
	var t *tensor.Tensor
	if err == nil {
		t, err = inference.FromFloats(p.dtype, shape, numbers)
	}
	if err != nil {
		return nil, bad("the input %s: %v", p.name, err)
	}
	return t, nil
}

// columnOutputs computes the outputs of the examples together, as TensorFlow Serving writes outputs in columns.
func (c *call) columnOutputs(v *version, x examplesJSON) (json.RawMessage, error) {
	list, err := c.outputs(v, x)
	if err != nil {
		return nil, err
	}
	stacked, err := v.stack(list)
	if err != nil {
		return nil, err
	}
	return v.outputJSON(stacked)
}
