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

// image returns the bytes of an image: an object {"b64": "..."}, or an object whose only member is one.
func image64(raw json.RawMessage, depth int) ([]byte, bool, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || len(object) != 1 {
		return nil, false, nil
	}
	for key, value := range object {
		if key != "b64" {
			if depth > 0 {
				return nil, false, nil
			}
			return image64(value, depth+1)
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			return nil, true, bad("b64 must be a string")
		}
		b, err := base64Bytes(text)
		return b, true, err
	}
	return nil, false, nil
}

// rows reads examples in rows: a list with an element for each example, which is {"b64": "..."} for an image, the value of the model's only input, or an
// object with a value for each input.
func (v *version) rows(raw json.RawMessage) (examplesJSON, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return examplesJSON{}, bad("the examples must be a list")
	}
	if len(list) == 0 {
		return examplesJSON{}, bad("the request has no examples")
	}
	if list[0][0] != '{' {
		t, err := v.value(0, raw)
		if err != nil {
			return examplesJSON{}, err
		}
		return v.inputsOf([]*tensor.Tensor{t})
	}
	if _, ok, _ := image64(list[0], 0); ok {
		var x examplesJSON
		for i, e := range list {
			file, ok, err := image64(e, 0)
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
	columns := map[string]json.RawMessage{}
	parts := map[string][]json.RawMessage{}
	for i, e := range list {
		var object map[string]json.RawMessage
		if json.Unmarshal(e, &object) != nil {
			return examplesJSON{}, bad("the example %d must be an object, as the first one is", i)
		}
		for key, value := range object {
			if len(parts[key]) != i {
				return examplesJSON{}, bad("the example %d has %q, but not all before it", i, short(key))
			}
			parts[key] = append(parts[key], value)
		}
	}
	for key, values := range parts {
		if len(values) != len(list) {
			return examplesJSON{}, bad("not all examples have %q", short(key))
		}
		column, err := json.Marshal(values)
		if err != nil {
			return examplesJSON{}, err
		}
		columns[key] = column
	}
	return v.named(columns)
}

// columns reads examples in columns: the value of the model's only input, an object with a value for each input, or images, as {"b64": "..."} or a list of them. The
// first dimension of a value is that of the examples.
func (v *version) columns(raw json.RawMessage) (examplesJSON, error) {
	if file, ok, err := image64(raw, 0); ok {
		return examplesJSON{files: [][]byte{file}}, err
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return v.rows(raw) // of one input, rows and columns are the same
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return examplesJSON{}, bad("inputs must be a list, or an object with a list for each input")
	}
	if len(object) == 1 {
		for _, value := range object {
			if json.Unmarshal(value, &list) == nil && len(list) > 0 {
				if _, ok, _ := image64(list[0], 1); ok {
					return v.rows(value)
				}
			}
		}
	}
	return v.named(object)
}

// named reads a tensor for each of the model's inputs.
func (v *version) named(columns map[string]json.RawMessage) (examplesJSON, error) {
	in := make([]*tensor.Tensor, len(v.inputs))
	for name, raw := range columns {
		at := find(v.inputs, name)
		if at < 0 {
			return examplesJSON{}, bad("the model %s has no input %q; its inputs are %s", v.name, short(name), names(v.inputs))
		}
		var err error
		if in[at], err = v.value(at, raw); err != nil {
			return examplesJSON{}, err
		}
	}
	return v.inputsOf(in)
}

func (v *version) inputsOf(in []*tensor.Tensor) (examplesJSON, error) {
	if len(in) != len(v.inputs) {
		return examplesJSON{}, bad("the model %s has the inputs %s; send an object with a value for each", v.name, names(v.inputs))
	}
	in, err := v.checked(in)
	return examplesJSON{inputs: in}, err
}

// value reads a tensor for an input.
func (v *version) value(input int, raw json.RawMessage) (*tensor.Tensor, error) {
	p := v.inputs[input]
	numbers, shape, err := inference.ParseList(raw)
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
