package serve

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/tensor"
)

// v2Routes is the table of the Open Inference Protocol, version 2, over HTTP (https://github.com/kserve/open-inference-protocol), with the extensions of Triton
// Inference Server for binary tensors, classification and model configuration (https://github.com/triton-inference-server/server/tree/main/docs/protocol). Clients
// such as tritonclient.http use them.
func v2Routes() []route {
	list := []route{
		{method: http.MethodGet, path: "/v2", summary: "Server metadata.", handle: (*call).v2Server},
		{method: http.MethodGet, path: "/v2/health/live", open: true, quiet: true, summary: "Whether the server runs.", handle: (*call).live},
		{method: http.MethodGet, path: "/v2/health/ready", open: true, quiet: true, summary: "Whether all models can answer.", handle: (*call).ready},
	}
	for _, model := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		list = append(list,
			route{method: http.MethodGet, path: model, summary: "Model metadata: inputs and outputs.", handle: (*call).v2Model},
			route{method: http.MethodGet, path: model + "/ready", quiet: true, summary: "Whether the model can answer.", handle: (*call).v2Ready},
			route{method: http.MethodGet, path: model + "/config", summary: "Model configuration.", handle: (*call).v2Config},
			route{method: http.MethodPost, path: model + "/infer", summary: "Predictions for tensors or images.", doc: v2Doc, handle: (*call).v2Infer},
		)
	}
	return list
}

// v2Types are the names of types in the protocol.
var v2Types = map[tensor.DType]string{
	tensor.Bool: "BOOL", tensor.Uint8: "UINT8", tensor.Int8: "INT8", tensor.Int16: "INT16", tensor.Int32: "INT32", tensor.Int64: "INT64",
	tensor.Float32: "FP32", tensor.Float64: "FP64",
}

// v2Type returns the type with a name in the protocol.
func v2Type(name string) (tensor.DType, bool) {
	for d, n := range v2Types {
		if n == name {
			return d, true
		}
	}
	return tensor.Invalid, false
}

func (c *call) v2Server() error {
	return c.ok(map[string]any{
		"name": "lince", "version": serverVersion(),
		"extensions": []string{"binary_tensor_data", "classification", "model_configuration", "model_repository", "model_repository(unload_dependents)", "statistics"},
	})
}

// v2Port describes an input or output.
type v2Port struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

func v2Ports(list []port) []v2Port {
	var out []v2Port
	for _, p := range list {
		out = append(out, v2Port{p.name, v2Types[p.dtype], dims(p.shape)})
	}
	return out
}

// dims returns a shape with -1 for unknown dimensions.
func dims(s tensor.Shape) []int {
	out := make([]int, len(s))
	for i, n := range s {
		if out[i] = n; n == tensor.Unknown {
			out[i] = -1
		}
	}
	return out
}

func (c *call) v2Model() error {
	return c.with(func(v *version) error {
		return c.ok(struct {
			Name     string   `json:"name"`
			Versions []string `json:"versions"`
			Platform string   `json:"platform"`
			Inputs   []v2Port `json:"inputs"`
			Outputs  []v2Port `json:"outputs"`
		}{v.name, []string{v.number}, "lince", v2Ports(v.inputs), v2Ports(v.outputs)})
	})
}

func (c *call) v2Ready() error {
	return c.with(func(v *version) error {
		return c.ok(map[string]any{"name": v.name, "ready": true})
	})
}

func (c *call) v2Config() error {
	type configPort struct {
		Name     string `json:"name"`
		DataType string `json:"data_type"`
		Dims     []int  `json:"dims"`
	}
	ports := func(list []port) []configPort {
		var out []configPort
		for _, p := range list {
			// max_batch_size is not 0, so the first dimension is not in the list.
			out = append(out, configPort{p.name, "TYPE_" + v2Types[p.dtype], dims(p.shape[1:])})
		}
		return out
	}
	return c.with(func(v *version) error {
		return c.ok(map[string]any{
			"name": v.name, "platform": "lince", "backend": "lince", "max_batch_size": v.batcher.limit,
			"input": ports(v.inputs), "output": ports(v.outputs),
			"dynamic_batching": map[string]any{"max_queue_delay_microseconds": v.batcher.delay.Microseconds()},
			"version_policy":   map[string]any{"latest": map[string]any{"num_versions": 1}},
		})
	})
}

// v2Request is the JSON of an inference request.
type v2Request struct {
	ID         string
	Parameters v2Parameters
	Inputs     []v2Input
	Outputs    few[v2Output]
}

// v2Parameters are the parameters of a request, an input or an output. Others are ignored: the protocol allows those of other servers.
type v2Parameters struct {
	BinaryDataSize   *int  `json:"binary_data_size"`   // of an input: its bytes after the JSON
	BinaryData       *bool `json:"binary_data"`        // of an output: whether it is binary
	BinaryDataOutput bool  `json:"binary_data_output"` // of a request: whether outputs are binary
	Classification   int   `json:"classification"`     // of an output: the number of classes
	Timeout          int64 `json:"timeout"`            // of a request: microseconds
}

type v2Input struct {
	Name       string
	Shape      few[int]
	Datatype   string
	Parameters v2Parameters
	Data       json.RawMessage

	binary []byte // the data, if BinaryDataSize is set
}

type v2Output struct {
	Name       string       `json:"name"`
	Parameters v2Parameters `json:"parameters"`
}

func (c *call) v2Infer() error {
	body, err := c.payload()
	if err != nil {
		return err
	}
	return c.with(func(v *version) error {
		r, err := v2Parse(body, c.r.Header.Get(headerLength))
		if err != nil {
			return err
		}
		outputs, err := r.selected(v)
		if err != nil {
			return err
		}
		ctx, cancel := c.limited(time.Duration(r.Parameters.Timeout) * time.Microsecond)
		defer cancel()
		var list []*example
		if len(r.Inputs) == 1 && r.Inputs[0].Datatype == "BYTES" {
			files, err := c.v2Files(v, &r.Inputs[0])
			if err != nil {
				return err
			}
			list, err = c.imageOutputs(ctx, v, files)
			if err != nil {
				return err
			}
		} else {
			in, err := c.v2Tensors(v, r)
			if err != nil {
				return err
			}
			if list, err = c.tensorOutputs(ctx, v, in); err != nil {
				return err
			}
		}
		answers, err := v.v2Answers(list, outputs)
		if err != nil {
			return err
		}
		return c.v2Send(v, r, answers)
	})
}

// selected returns the outputs that a request wants: all, if it lists none.
func (r *v2Request) selected(v *version) ([]v2Output, error) {
	list := r.Outputs
	if len(list) == 0 {
		for _, p := range v.outputs {
			list = append(list, v2Output{Name: p.name})
		}
	}
	for i := range list {
		o := &list[i]
		if find(v.outputs, o.Name) < 0 {
			return nil, bad("the model %s has no output %q; its outputs are %s", v.name, short(o.Name), names(v.outputs))
		}
		if slices.ContainsFunc(list[:i], func(other v2Output) bool { return other.Name == o.Name }) { // a small request would have a large answer
			return nil, bad("the output %s occurs twice", o.Name)
		}
		if o.Parameters.BinaryData == nil {
			o.Parameters.BinaryData = &r.Parameters.BinaryDataOutput
		}
		if k := o.Parameters.Classification; k < 0 || k > 0 && !v.classifier {
			return nil, bad("the output %s has no classification: it must be a positive number of classes of an output (batch, classes)", o.Name)
		}
	}
	return list, nil
}

// find returns the index of a port, or -1.
func find(list []port, name string) int {
	for i, p := range list {
		if p.name == name {
			return i
		}
	}
	return -1
}

func names(list []port) string {
	var all []string
	for _, p := range list {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ")
}

// v2Answer is an output in an answer.
type v2Answer struct {
	Name       string          `json:"name"`
	Datatype   string          `json:"datatype"`
	Shape      []int           `json:"shape"`
	Parameters map[string]any  `json:"parameters,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`

	binary []byte
}

// v2Answers makes the outputs of an answer.
func (v *version) v2Answers(list []*example, outputs []v2Output) ([]v2Answer, error) {
	stacked, err := v.stack(list)
	if err != nil {
		return nil, err
	}
	var answers []v2Answer
	for _, o := range outputs {
		t, binary := stacked[find(v.outputs, o.Name)], *o.Parameters.BinaryData
		a := v2Answer{Name: o.Name, Datatype: v2Types[t.DType()], Shape: t.Shape()}
		switch k := o.Parameters.Classification; {
		case k > 0:
			classes, err := v.v2Classes(list, k)
			if err != nil {
				return nil, err
			}
			a.Datatype, a.Shape = "BYTES", []int{len(list), len(classes) / len(list)}
			if binary {
				a.binary = appendStrings(nil, classes)
			} else if a.Data, err = json.Marshal(classes); err != nil {
				return nil, err
			}
		case binary:
			a.binary = t.Raw()
		default:
			if a.Data, err = appendFlat(nil, t); err != nil {
				return nil, err
			}
		}
		if binary {
			a.Parameters = map[string]any{"binary_data_size": len(a.binary)}
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// v2Classes returns the k largest elements of each example's output with their classes, as "value:index:label". For a single unit the values are the
// probabilities of both classes.
func (v *version) v2Classes(list []*example, k int) ([]string, error) {
	predictions, err := v.classifications(list)
	if err != nil {
		return nil, err
	}
	var all []string
	for i, p := range predictions {
		values := list[i].out[0].Float32s()
		if len(values) == 1 {
			if values = p.Scores; values == nil {
				values = p.Probabilities
			}
		}
		all = append(all, topClasses(p, values, k)...)
	}
	return all, nil
}

func topClasses(p lince.Classification, values []float32, k int) []string {
	var all []string
	for _, t := range p.Top(k) {
		all = append(all, formatFloat(values[t.Class])+":"+formatInt(t.Class)+":"+t.Name)
	}
	return all
}
