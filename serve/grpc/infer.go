package grpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lince-ml/lince/serve/grpc/inference"
)

// headerLength is the header with the length of the JSON, after which binary tensors follow.
const headerLength = "Inference-Header-Content-Length"

// tensorJSON is an input or output in a request or an answer over HTTP.
type tensorJSON struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype,omitempty"`
	Shape      []int64        `json:"shape,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// requestJSON is an inference request over HTTP.
type requestJSON struct {
	ID         string         `json:"id,omitempty"`
	Parameters map[string]any `json:"parameters"`
	Inputs     []inputJSON    `json:"inputs"`
	Outputs    []tensorJSON   `json:"outputs,omitempty"`
}

// inputJSON is a tensorJSON that always has a shape: the one of a scalar is empty.
type inputJSON struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int64        `json:"shape"`
	Parameters map[string]any `json:"parameters"`
}

// ModelInfer implements the protocol.
func (s *service) ModelInfer(ctx context.Context, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	path, err := modelPath(r.GetModelName(), r.GetModelVersion(), "/infer")
	if err != nil {
		return nil, err
	}
	head, data, err := toHTTP(r)
	if err != nil {
		return nil, err
	}
	size := int64(len(head))
	parts := []io.Reader{bytes.NewReader(head)}
	for _, d := range data {
		size += int64(len(d))
		parts = append(parts, bytes.NewReader(d))
	}
	header := http.Header{"Content-Type": {"application/octet-stream"}, headerLength: {strconv.Itoa(len(head))}}
	a, err := s.ask(ctx, http.MethodPost, path, header, size, io.MultiReader(parts...))
	if err != nil {
		return nil, err
	}
	return a.inferred()
}

// toHTTP returns the JSON of a request over HTTP, and the binary tensors that follow it.
func toHTTP(r *inference.ModelInferRequest) (head []byte, data [][]byte, err error) {
	q := requestJSON{ID: r.GetId(), Parameters: parameters(r.GetParameters())}
	q.Parameters["binary_data_output"] = true
	raw := r.GetRawInputContents()
	if n := len(r.GetInputs()); len(raw) > 0 && len(raw) != n {
		return nil, nil, status.Errorf(codes.InvalidArgument, "the request has %d inputs, but %d raw_input_contents", n, len(raw))
	}
	for i, in := range r.GetInputs() {
		var b []byte
		switch {
		case len(raw) == 0:
			if b, err = contents(in); err != nil {
				return nil, nil, err
			}
		case in.GetContents() != nil:
			return nil, nil, status.Errorf(codes.InvalidArgument, "the input %d has both contents and raw_input_contents", i)
		default:
			b = raw[i]
		}
		p := parameters(in.GetParameters())
		p["binary_data_size"] = len(b)
		q.Inputs = append(q.Inputs, inputJSON{in.GetName(), in.GetDatatype(), append([]int64{}, in.GetShape()...), p})
		data = append(data, b)
	}
	for _, out := range r.GetOutputs() {
		p := parameters(out.GetParameters())
		p["binary_data"] = true
		q.Outputs = append(q.Outputs, tensorJSON{Name: out.GetName(), Parameters: p})
	}
	if head, err = json.Marshal(q); err != nil {
		return nil, nil, status.Error(codes.InvalidArgument, "a parameter is NaN or infinite")
	}
	return head, data, nil
}

// parameters returns the values of parameters.
func parameters(m map[string]*inference.InferParameter) map[string]any {
	all := map[string]any{}
	for key, p := range m {
		switch v := p.GetParameterChoice().(type) {
		case *inference.InferParameter_BoolParam:
			all[key] = v.BoolParam
		case *inference.InferParameter_Int64Param:
			all[key] = v.Int64Param
		case *inference.InferParameter_StringParam:
			all[key] = v.StringParam
		case *inference.InferParameter_DoubleParam:
			all[key] = v.DoubleParam
		case *inference.InferParameter_Uint64Param:
			all[key] = v.Uint64Param
		}
	}
	return all
}

// contents returns the elements of an input in the form of raw_input_contents.
func contents(in *inference.ModelInferRequest_InferInputTensor) ([]byte, error) {
	var b []byte
	c, little := in.GetContents(), binary.LittleEndian
	switch in.GetDatatype() {
	case "BOOL":
		for _, x := range c.GetBoolContents() {
			if x {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		}
	case "UINT8":
		for _, x := range c.GetUintContents() {
			if x > math.MaxUint8 {
				return nil, outOfRange(in, int64(x))
			}
			b = append(b, byte(x))
		}
	case "INT8":
		for _, x := range c.GetIntContents() {
			if x != int32(int8(x)) {
				return nil, outOfRange(in, int64(x))
			}
			b = append(b, byte(x))
		}
	case "INT16":
		for _, x := range c.GetIntContents() {
			if x != int32(int16(x)) {
				return nil, outOfRange(in, int64(x))
			}
			b = little.AppendUint16(b, uint16(x))
		}
	case "INT32":
		for _, x := range c.GetIntContents() {
			b = little.AppendUint32(b, uint32(x))
		}
	case "INT64":
		for _, x := range c.GetInt64Contents() {
			b = little.AppendUint64(b, uint64(x))
		}
	case "FP32":
		for _, x := range c.GetFp32Contents() {
			b = little.AppendUint32(b, math.Float32bits(x))
		}
	case "FP64":
		for _, x := range c.GetFp64Contents() {
			b = little.AppendUint64(b, math.Float64bits(x))
		}
	case "BYTES":
		for _, x := range c.GetBytesContents() {
			b = append(little.AppendUint32(b, uint32(len(x))), x...)
		}
	}
	return b, nil // the server refuses other datatypes, and sizes that do not fit
}

func outOfRange(in *inference.ModelInferRequest_InferInputTensor, x int64) error {
	return status.Errorf(codes.InvalidArgument, "the contents have the number %d, which is no %s", x, in.GetDatatype())
}

// inferred returns the response that an answer to an inference request is.
func (a *answer) inferred() (*inference.ModelInferResponse, error) {
	text := a.body.Bytes()
	n, err := strconv.Atoi(a.header.Get(headerLength))
	if err != nil || n < 0 || n > len(text) {
		return nil, status.Error(codes.Internal, "internal error: the answer has no binary outputs")
	}
	var m struct {
		Model   string       `json:"model_name"`
		Version string       `json:"model_version"`
		ID      string       `json:"id"`
		Outputs []tensorJSON `json:"outputs"`
	}
	if err := json.Unmarshal(text[:n], &m); err != nil {
		return nil, err
	}
	p := &inference.ModelInferResponse{ModelName: m.Model, ModelVersion: m.Version, Id: m.ID}
	rest := text[n:]
	for _, out := range m.Outputs {
		size, ok := out.Parameters["binary_data_size"].(float64)
		if !ok || size < 0 || size > float64(len(rest)) {
			return nil, status.Error(codes.Internal, "internal error: the answer ends within an output")
		}
		p.Outputs = append(p.Outputs, &inference.ModelInferResponse_InferOutputTensor{Name: out.Name, Datatype: out.Datatype, Shape: out.Shape})
		p.RawOutputContents = append(p.RawOutputContents, rest[:int(size):int(size)])
		rest = rest[int(size):]
	}
	return p, nil
}
