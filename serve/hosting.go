package serve

import (
	"encoding/json"
	"net/http"
	"strings"
)

// hostingRoutes is the table of the routes that hosting services call in a container: SageMaker (https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html),
// MLflow (https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally) and Vertex AI (https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements). They use the first
// model.
func hostingRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/ping", open: true, quiet: true, summary: "SageMaker, MLflow: whether the server can answer.", handle: (*call).ready},
		{method: http.MethodGet, path: "/health", open: true, quiet: true, summary: "Vertex AI, MLflow: whether the server can answer.", handle: (*call).ready},
		{method: http.MethodGet, path: "/version", summary: "MLflow: the version of the server.", handle: (*call).mlflowVersion},
		{method: http.MethodPost, path: "/invocations", summary: "SageMaker, MLflow: predictions.", doc: invocationsDoc, handle: (*call).invocations},
		{method: http.MethodPost, path: "/predict", summary: "Vertex AI: predictions.", doc: vertexDoc, handle: (*call).vertex},
	}
}

func (c *call) mlflowVersion() error {
	c.send(http.StatusOK, "text/plain; charset=utf-8", []byte(serverVersion()))
	return nil
}

// mlflowRequest is the body of a request of MLflow. A data frame has a column for each input, or one column with images in base64.
type mlflowRequest struct {
	split, records, instances, inputs, params json.RawMessage
}

// invocations answers SageMaker's requests, whose body is an image file or JSON, and those of MLflow.
func (c *call) invocations() error {
	body, err := c.payload()
	if err != nil {
		return err
	}
	media := c.mediaType()
	return c.with(func(v *version) error {
		if !isJSON(media, body) {
			if media == "text/csv" {
				return fail(http.StatusUnsupportedMediaType, "text/csv is not supported; send an image file or JSON")
			}
			return c.classifyForm(v, body)
		}
		var r mlflowRequest
		err := decodeJSON(body, member{"dataframe_split", &r.split}, member{"dataframe_records", &r.records}, member{"instances", &r.instances}, member{"inputs", &r.inputs}, member{"params", &r.params})
		if err != nil {
			return err
		}
		if r.params != nil {
			return bad("params are not supported")
		}
		var x examplesJSON
		switch {
		case r.split != nil && r.records != nil:
			return bad("the request has both dataframe_split and dataframe_records")
		case r.split != nil:
			x, err = c.split(v, r.split)
		case r.records != nil:
			x, err = c.rows(v, r.records, true)
		case r.instances != nil:
			x, err = c.columns(v, r.instances)
		case textInputs(r.inputs):
			return c.classifyBase64(v, body)
		case r.inputs != nil:
			x, err = c.columns(v, r.inputs)
		default:
			return bad("the request must have one of dataframe_split, dataframe_records, instances and inputs")
		}
		if err != nil {
			return err
		}
		predictions, err := c.columnOutputs(v, x)
		if err != nil {
			return err
		}
		return c.ok(map[string]json.RawMessage{"predictions": predictions})
	})
}

// textInputs reports whether inputs are an image, or images, in base64, as in rawRequest.
func textInputs(inputs json.RawMessage) bool {
	text := strings.TrimLeft(string(inputs[:min(len(inputs), 64)]), "[ \t\r\n")
	return strings.HasPrefix(text, `"`)
}

// split reads a data frame with the names of its columns, and a list of the values of each row.
func (c *call) split(v *version, raw json.RawMessage) (examplesJSON, error) {
	var x examplesJSON
	var names few[string]
	var data json.RawMessage
	if err := decodeObject(raw, "dataframe_split", member{"columns", &names}, member{"data", &data}); err != nil {
		return x, err
	}
	if data == nil || data[0] != '[' {
		return x, bad("dataframe_split must have the list data")
	}
	n := count(data)
	if n == 0 {
		return x, bad("the request has no examples")
	}
	if err := v.counted(n); err != nil {
		return x, err
	}
	columns := make([][]json.RawMessage, len(v.inputs))
	for i, row := range eachElement(data) {
		if row[0] != '[' {
			return x, bad("the row %d of dataframe_split must be a list", i)
		}
		if k := count(row); k != len(names) {
			return x, bad("the row %d of dataframe_split has %d values for %d columns", i, k, len(names))
		}
		for k, value := range eachElement(row) {
			if image := value[0] == '"' || isImage(value, 1, false); image && len(names) == 1 && len(x.files) == i {
				file, err := c.frameImage(value)
				if err != nil {
					return x, err
				}
				x.files = append(x.files, file)
				continue
			}
			if x.files != nil {
				return x, bad(`the row %d of dataframe_split must be an image in base64, as the first one is`, i)
			}
			at := find(v.inputs, names[k])
			if at < 0 {
				return x, v.noInput(names[k])
			}
			columns[at] = append(columns[at][:min(i, len(columns[at]))], value)
		}
	}
	if x.files != nil {
		return x, nil
	}
	return c.stacked(v, columns, n)
}

// frameImage returns the image of a value in a data frame.
func (c *call) frameImage(value json.RawMessage) ([]byte, error) {
	if value[0] == '"' {
		return c.base64Bytes(value)
	}
	file, _, err := c.image64(value, 1, false)
	return file, err
}

// vertex answers with a prediction for each instance: the classes of an image, or the output for a tensor.
func (c *call) vertex() error {
	body, err := c.payload()
	if err != nil {
		return err
	}
	var instances json.RawMessage
	var parameters struct {
		TopK *int `json:"top_k"`
	}
	if err := decodeJSON(body, member{"instances", &instances}, member{"parameters", &parameters}); err != nil {
		return err
	}
	k, err := topK(parameters.TopK)
	if err != nil {
		return err
	}
	return c.with(func(v *version) error {
		if instances == nil {
			return bad("the request has no instances")
		}
		x, err := c.rows(v, instances, false)
		if err != nil {
			return err
		}
		if x.files == nil || !v.classifier {
			return c.rowPredictions(v, x)
		}
		list, err := c.outputs(v, x)
		if err != nil {
			return err
		}
		predictions, err := v.classifications(list)
		if err != nil {
			return err
		}
		all := make([][]label, len(predictions))
		for i, p := range predictions {
			all[i] = labels(p, k)
		}
		return c.ok(map[string]any{"predictions": all})
	})
}
