package serve

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/tensor"
)

// headerLength is the header with the length of the JSON, after which binary tensors follow.
const headerLength = "Inference-Header-Content-Length"

// v2Parse reads a request: JSON, and the binary tensors after it. length is the value of headerLength; "" means that all is JSON.
func v2Parse(body []byte, length string) (*v2Request, error) {
	text := body
	if length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || n > len(body) {
			return nil, bad("%s must be from 0 to %d, the length of the body, got %q", headerLength, len(body), short(length))
		}
		text = body[:n]
	}
	var r v2Request
	var inputs json.RawMessage
	if err := decodeJSON(text, member{"id", &r.ID}, member{"parameters", &r.Parameters}, member{"inputs", &inputs}, member{"outputs", &r.Outputs}); err != nil {
		return nil, err
	}
	if inputs == nil {
		return nil, bad("the request has no inputs")
	}
	if inputs[0] != '[' {
		return nil, bad("inputs has the wrong type: got %s", kindOf(inputs))
	}
	for i, e := range eachElement(inputs) {
		if i == mostFew {
			return nil, bad("the request has more than %d inputs", mostFew)
		}
		var in v2Input
		err := decodeObject(e, "inputs", member{"name", &in.Name}, member{"shape", &in.Shape}, member{"datatype", &in.Datatype}, member{"parameters", &in.Parameters}, member{"data", &in.Data})
		if err != nil {
			return nil, err
		}
		r.Inputs = append(r.Inputs, in)
	}
	if len(r.Inputs) == 0 {
		return nil, bad("the request has no inputs")
	}
	rest := body[len(text):]
	for i := range r.Inputs {
		in := &r.Inputs[i]
		size := in.Parameters.BinaryDataSize
		if size == nil {
			continue
		}
		if *size < 0 || *size > len(rest) {
			return nil, bad("the input %q has binary_data_size %d, but %d bytes are left in the body", short(in.Name), *size, len(rest))
		}
		if in.Data != nil {
			return nil, bad("the input %q has both data and binary_data_size", short(in.Name))
		}
		in.binary, rest = rest[:*size:*size], rest[*size:]
	}
	if len(rest) > 0 {
		return nil, bad("%d bytes follow the last binary tensor", len(rest))
	}
	return &r, nil
}

// elements returns the number of elements of a shape, or -1 if it has more than most, or a negative dimension.
func elements(shape []int, most int) int {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > most/d {
			return -1
		}
		n *= d
	}
	return n
}

// maxElements limits the elements of a tensor. Its data are in the body, so this is no limit of memory.
const maxElements = 1 << 40

// v2Files returns the elements of an input of type BYTES, each of which is an image file: in base64 in JSON, as they are in binary.
func (c *call) v2Files(v *version, in *v2Input) ([][]byte, error) {
	n, err := in.elements()
	if err != nil {
		return nil, err
	}
	var files [][]byte
	switch {
	case in.binary != nil:
		for b := in.binary; len(b) > 0; {
			if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
				return nil, bad("the binary data of the input %q end within an element", short(in.Name))
			}
			size := int(binary.LittleEndian.Uint32(b))
			files = append(files, b[4:4+size:4+size])
			b = b[4+size:]
			if err := v.counted(len(files)); err != nil {
				return nil, err
			}
		}
	case in.Data == nil || in.Data[0] != '[':
		return nil, bad("the data of the input %q must be a list of images in base64", short(in.Name))
	default:
		rows := []json.RawMessage{in.Data}
		if one := first(in.Data); one != nil && one[0] == '[' {
			if err := v.counted(count(in.Data)); err != nil {
				return nil, err
			}
			rows = rows[:0]
			for _, row := range eachElement(in.Data) {
				if row[0] != '[' {
					return nil, bad("the data of the input %q must be a list of images in base64", short(in.Name))
				}
				rows = append(rows, row)
			}
		}
		for _, row := range rows {
			var err error
			if files, err = c.base64Files(v, files, row); err != nil {
				return nil, err
			}
		}
	}
	if len(files) != n {
		return nil, bad("the input %q has %d elements, but the shape %v", short(in.Name), len(files), in.Shape)
	}
	return files, nil
}

// v2Tensors returns the inputs of a model.
func (c *call) v2Tensors(v *version, r *v2Request) ([]*tensor.Tensor, error) {
	in := make([]*tensor.Tensor, len(v.inputs))
	for i := range r.Inputs {
		input := &r.Inputs[i]
		at := find(v.inputs, input.Name)
		if at < 0 {
			return nil, v.noInput(input.Name)
		}
		if in[at] != nil {
			return nil, bad("the input %s occurs twice", input.Name)
		}
		t, err := c.v2Tensor(v, v.inputs[at], input)
		if err != nil {
			return nil, err
		}
		in[at] = t
	}
	return v.checked(in)
}

// v2Tensor returns the tensor that an input has.
func (c *call) v2Tensor(v *version, p port, in *v2Input) (*tensor.Tensor, error) {
	dtype, ok := v2Type(in.Datatype)
	if !ok {
		return nil, bad("the input %q has the datatype %q; supported are BOOL, UINT8, INT8, INT16, INT32, INT64, FP32 and FP64, and BYTES for images", short(in.Name), short(in.Datatype))
	}
	n, err := in.elements()
	if err != nil {
		return nil, err
	}
	if in.binary == nil {
		return c.v2FromJSON(v, p, in, dtype, n)
	}
	if len(in.binary) != n*dtype.Size() {
		return nil, bad("the input %q has %d bytes of data; its shape %v and datatype %s need %d", short(in.Name), len(in.binary), in.Shape, in.Datatype, n*dtype.Size())
	}
	if err := c.reserve(len(in.binary)); err != nil {
		return nil, err
	}
	t := tensor.New(dtype, in.Shape...) // aligned, which bytes of the body need not be
	copy(t.Raw(), in.binary)
	if dtype == tensor.Bool {
		for i, b := range t.Raw() {
			if b > 1 {
				return nil, bad("the input %q has the byte %d at index %d; a BOOL is 0 or 1", short(in.Name), b, i)
			}
		}
	}
	return t, nil
}

// elements returns the number of elements of the input's shape.
func (in *v2Input) elements() (int, error) {
	const mostDims = 64
	n := elements(in.Shape, maxElements)
	if n < 0 || len(in.Shape) > mostDims {
		return 0, bad("the input %q has the invalid shape %s", short(in.Name), short(fmt.Sprint(in.Shape)))
	}
	return n, nil
}

// v2FromJSON reads the data in JSON, which may be flat or nested.
func (c *call) v2FromJSON(v *version, p port, in *v2Input, dtype tensor.DType, n int) (*tensor.Tensor, error) {
	if in.Data == nil {
		return nil, bad("the input %q has no data", short(in.Name))
	}
	p.dtype = dtype
	if err := c.room(v, p, inference.Numbers(in.Data)); err != nil {
		return nil, err
	}
	numbers, _, err := inference.ParseList(c.late, in.Data)
	if late := c.late(); late != nil {
		return nil, late
	}
	if err != nil {
		return nil, bad("the input %q: %v", short(in.Name), err)
	}
	if len(numbers) != n {
		return nil, bad("the input %q has %d elements, but the shape %v", short(in.Name), len(numbers), in.Shape)
	}
	t, err := inference.FromFloats(dtype, tensor.Shape(in.Shape), numbers)
	if err != nil {
		return nil, bad("the input %q: %v", short(in.Name), err)
	}
	return t, nil
}

// checked checks the inputs of a request: all are there, and have the model's shapes and the same number of examples.
func (v *version) checked(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	for i, t := range in {
		p := v.inputs[i]
		if t == nil {
			return nil, bad("the request has no input %s; the model's inputs are %s", p.name, names(v.inputs))
		}
		got := t.Shape()
		ok := len(got) == len(p.shape)
		for j := 1; ok && j < len(got); j++ {
			ok = got[j] > 0 && (p.shape[j] == tensor.Unknown || p.shape[j] == got[j])
		}
		if !ok || p.shape[0] != tensor.Unknown && got[0] != p.shape[0] {
			return nil, bad("the input %s must have the shape %v, got %v", p.name, dims(p.shape), []int(got))
		}
		if n := in[0].Shape()[0]; got[0] != n {
			return nil, bad("the input %s has %d examples, the input %s has %d", p.name, got[0], v.inputs[0].name, n)
		}
	}
	return in, nil
}

// v2Send answers with outputs: JSON, and the binary outputs after it.
func (c *call) v2Send(v *version, r *v2Request, answers []v2Answer) error {
	head, err := json.Marshal(struct {
		ModelName    string     `json:"model_name"`
		ModelVersion string     `json:"model_version"`
		ID           string     `json:"id,omitempty"`
		Outputs      []v2Answer `json:"outputs"`
	}{v.name, v.number, r.ID, answers})
	if err != nil {
		return err
	}
	binary := false
	var b bytes.Buffer
	b.Write(head)
	for _, a := range answers {
		binary = binary || a.Parameters != nil
		b.Write(a.binary)
	}
	if !binary {
		c.send(http.StatusOK, "application/json", b.Bytes())
		return nil
	}
	c.w.Header().Set(headerLength, strconv.Itoa(len(head)))
	c.send(http.StatusOK, "application/octet-stream", b.Bytes())
	return nil
}

// appendStrings appends elements of type BYTES.
func appendStrings(b []byte, list []string) []byte {
	for _, s := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}
