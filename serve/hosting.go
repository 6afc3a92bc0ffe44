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
	Split *struct {
		Columns []string            `json:"columns"`
		Data    [][]json.RawMessage `json:"data"`
	} `json:"dataframe_split"`
	Records   []map[string]json.RawMessage `json:"dataframe_records"`
	Instances json.RawMessage              `json:"instances"`
	Inputs    json.RawMessage              `json:"inputs"`
	Params    json.RawMessage              `json:"params"`
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
		if err := decodeJSON(body, &r); err != nil {
			return err
		}
		if r.Params != nil && string(r.Params) != "null" {
			return bad("params are not supported")
		}
		frame, err := r.frame()
		switch {
		case err != nil:
			return err
		case frame != nil:
			return c.mlflowPredict(v, frame)
		case r.Instances != nil:
			return c.mlflowPredict(v, r.Instances)
		case textInputs(r.Inputs):
			return c.classifyBase64(v, body)
		case r.Inputs != nil:
			return c.mlflowPredict(v, r.Inputs)
		}
		return bad("the request must have one of dataframe_split, dataframe_records, instances and inputs")
	})
}

// textInputs reports whether inputs are an image, or images, in base64, as in rawRequest.
func textInputs(inputs json.RawMessage) bool {
	text := strings.TrimLeft(string(inputs[:min(len(inputs), 64)]), "[ \t\r\n")
	return strings.HasPrefix(text, `"`)
}

// frame returns the rows of a data frame as rows of examples, or nil if there is none.
func (r *mlflowRequest) frame() (json.RawMessage, error) {
	records := r.Records
	if s := r.Split; s != nil {
		if records != nil {
			return nil, bad("the request has both dataframe_split and dataframe_records")
		}
		for i, row := range s.Data {
			if len(row) != len(s.Columns) {
				return nil, bad("the row %d of dataframe_split has %d values for %d columns", i, len(row), len(s.Columns))
			}
			record := map[string]json.RawMessage{}
			for k, name := range s.Columns {
				record[name] = row[k]
			}
			records = append(records, record)
		}
		if records == nil {
			return nil, bad("the request has no examples")
		}
	}
	if records == nil {
		return nil, nil
	}
	for _, record := range records {
		for name, value := range record {
			if len(record) == 1 && len(value) > 0 && value[0] == '"' { // an image in base64
				record[name] = json.RawMessage(`{"b64":` + string(value) + `}`)
			}
		}
	}
	return json.Marshal(records)
}

// mlflowPredict answers with the outputs of examples, as {"predictions": [...]}.
func (c *call) mlflowPredict(v *version, examples json.RawMessage) error {
	x, err := v.columns(examples)
	if err != nil {
		return err
	}
	predictions, err := c.columnOutputs(v, x)
	if err != nil {
		return err
	}
	return c.ok(map[string]json.RawMessage{"predictions": predictions})
}

// vertexRequest is the body of a request of Vertex AI.
type vertexRequest struct {
	Instances  json.RawMessage `json:"instances"`
	Parameters struct {
		TopK *int `json:"top_k"`
	} `json:"parameters"`
}

// vertex answers with a prediction for each instance: the classes of an image, or the output for a tensor.
func (c *call) vertex() error {
	body, err := c.payload()
	if err != nil {
		return err
	}
	var r vertexRequest
	if err := decodeJSON(body, &r); err != nil {
		return err
	}
	k, err := topK(r.Parameters.TopK)
	if err != nil {
		return err
	}
	return c.with(func(v *version) error {
		if r.Instances == nil {
			return bad("the request has no instances")
		}
		x, err := v.rows(r.Instances)
		if err != nil {
			return err
		}
		if x.files == nil || !v.classifier {
			return c.predict(v, r.Instances, nil)
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
