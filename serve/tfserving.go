package serve

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// tfRoutes is the table of the REST API of TensorFlow Serving (https://www.tensorflow.org/tfx/serving/api_rest).
func tfRoutes() []route {
	var list []route
	for _, model := range []string{"/v1/models/{model}", "/v1/models/{model}/versions/{version}"} {
		list = append(list,
			route{method: http.MethodGet, path: model, quiet: true, summary: "Status of the model's version.", handle: (*call).tfStatus},
			route{method: http.MethodGet, path: model + "/metadata", summary: "Signature of the model.", handle: (*call).tfMetadata},
			route{method: http.MethodPost, path: model + ":predict", summary: "Outputs for examples in rows (instances) or columns (inputs).", doc: tfPredictDoc, handle: (*call).tfPredict},
			route{method: http.MethodPost, path: model + ":classify", summary: "Classes and scores of examples.", doc: tfClassifyDoc, handle: (*call).tfClassify},
		)
	}
	return list
}

// signature is the name of the only signature of a model.
const signature = "serving_default"

func (c *call) tfStatus() error {
	type status struct {
		Code    string `json:"error_code"`
		Message string `json:"error_message"`
	}
	type version struct {
		Version string `json:"version"`
		State   string `json:"state"`
		Status  status `json:"status"`
	}
	name := c.params["model"]
	e := c.s.registry.find(name)
	if e == nil {
		return fail(http.StatusNotFound, "there is no model %q", short(name))
	}
	c.rec.model = e.name
	number, failure := e.state()
	if want := c.params["version"]; want != "" && want != number {
		return fail(http.StatusNotFound, "there is no version %q of the model %s", short(want), e.name)
	}
	v := version{number, "AVAILABLE", status{"OK", ""}}
	if number == "" {
		v = version{"0", "START", status{"OK", ""}}
		if failure != "" {
			v.State, v.Status = "END", status{"FAILED_PRECONDITION", failure}
		}
	} else if failure != "" {
		v.Status.Message = failure // of a later version
	}
	// name and ready are in the first version of the Open Inference Protocol, which otherwise is a subset of this API.
	return c.ok(map[string]any{"model_version_status": []version{v}, "name": e.name, "ready": number != ""})
}

// tfTypes are the names of types in TensorFlow.
var tfTypes = map[tensor.DType]string{
	tensor.Bool: "DT_BOOL", tensor.Uint8: "DT_UINT8", tensor.Int8: "DT_INT8", tensor.Int16: "DT_INT16", tensor.Int32: "DT_INT32", tensor.Int64: "DT_INT64",
	tensor.Float32: "DT_FLOAT", tensor.Float64: "DT_DOUBLE",
}

func (c *call) tfMetadata() error {
	ports := func(list []port) map[string]any {
		m := map[string]any{}
		for _, p := range list {
			dim := []map[string]string{}
			for _, n := range dims(p.shape) {
				dim = append(dim, map[string]string{"size": strconv.Itoa(n), "name": ""})
			}
			m[p.name] = map[string]any{"dtype": tfTypes[p.dtype], "tensor_shape": map[string]any{"dim": dim, "unknown_rank": false}, "name": p.name}
		}
		return m
	}
	return c.with(func(v *version) error {
		def := map[string]any{"inputs": ports(v.inputs), "outputs": ports(v.outputs), "method_name": "tensorflow/serving/predict"}
		return c.ok(map[string]any{
			"model_spec": map[string]string{"name": v.name, "signature_name": "", "version": v.number},
			"metadata":   map[string]any{"signature_def": map[string]any{"signature_def": map[string]any{signature: def}}},
		})
	})
}

// tfRequest is the body of a request: instances or inputs to predict, examples to classify.
type tfRequest struct {
	instances, inputs, examples, context json.RawMessage
}

// tfRead reads the body.
func (c *call) tfRead() (tfRequest, error) {
	var r tfRequest
	body, err := c.payload()
	if err != nil {
		return r, err
	}
	var s *string
	err = decodeJSON(body, member{"signature_name", &s}, member{"instances", &r.instances}, member{"inputs", &r.inputs}, member{"examples", &r.examples}, member{"context", &r.context})
	if err != nil {
		return r, err
	}
	if s != nil && *s != "" && *s != signature {
		return r, fail(http.StatusNotFound, "there is no signature %q; the only one is %s", short(*s), signature)
	}
	return r, nil
}

func (c *call) tfPredict() error {
	r, err := c.tfRead()
	if err != nil {
		return err
	}
	return c.with(func(v *version) error {
		if (r.instances == nil) == (r.inputs == nil) {
			return bad("the request must have either instances or inputs")
		}
		if r.instances != nil {
			x, err := c.rows(v, r.instances, false)
			if err != nil {
				return err
			}
			return c.rowPredictions(v, x)
		}
		x, err := c.columns(v, r.inputs)
		if err != nil {
			return err
		}
		outputs, err := c.columnOutputs(v, x)
		if err != nil {
			return err
		}
		return c.ok(map[string]json.RawMessage{"outputs": outputs})
	})
}

// rowPredictions answers with the outputs of examples in rows.
func (c *call) rowPredictions(v *version, x examplesJSON) error {
	list, err := c.outputs(v, x)
	if err != nil {
		return err
	}
	stacked, err := v.stack(list)
	if err != nil {
		return err
	}
	predictions := make([]json.RawMessage, len(list))
	for i := range list {
		row := make([]*tensor.Tensor, len(stacked))
		for k, t := range stacked {
			row[k] = t.Row(i)
		}
		if predictions[i], err = v.outputJSON(row); err != nil {
			return err
		}
	}
	return c.ok(map[string]any{"predictions": predictions})
}

// outputJSON returns tensors of the outputs as JSON: the value of the only output, or an object with a value for each.
func (v *version) outputJSON(outputs []*tensor.Tensor) (json.RawMessage, error) {
	if len(outputs) == 1 {
		return appendNested(nil, outputs[0])
	}
	m := map[string]json.RawMessage{}
	for i, t := range outputs {
		var err error
		if m[v.outputs[i].name], err = appendNested(nil, t); err != nil {
			return nil, err
		}
	}
	return json.Marshal(m)
}

func (c *call) tfClassify() error {
	r, err := c.tfRead()
	if err != nil {
		return err
	}
	if r.context != nil {
		return bad("context is not supported; put its features into each example")
	}
	if r.examples == nil {
		return bad("the request has no examples")
	}
	return c.with(func(v *version) error {
		if !v.classifier {
			return v.noClassifier()
		}
		x, err := c.rows(v, r.examples, false)
		if err != nil {
			return err
		}
		list, err := c.outputs(v, x)
		if err != nil {
			return err
		}
		predictions, err := v.classifications(list)
		if err != nil {
			return err
		}
		all := make([][][2]any, len(predictions))
		for i, p := range predictions {
			for _, l := range labels(p, 0) {
				all[i] = append(all[i], [2]any{l.Label, l.Score})
			}
		}
		return c.ok(map[string]any{"result": all})
	})
}
