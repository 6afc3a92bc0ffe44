package serve

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lince-ml/lince"
)

// rawRoutes is the table of the routes that take an image file, a form with files, or JSON with an image in base64, as the Inference Endpoints of Hugging Face do. Clients such as
// huggingface_hub.InferenceClient use them.
func rawRoutes() []route {
	return []route{
		{method: http.MethodPost, path: "/", summary: "Classify an image with the first model.", doc: imageDoc, handle: (*call).classifyRaw},
		{method: http.MethodPost, path: "/v1/models/{model}:classify-image", summary: "Classify an image.", doc: imageDoc, handle: (*call).classifyRaw},
		{method: http.MethodPost, path: "/v1/models/{model}/versions/{version}:classify-image", summary: "Classify an image with a version of a model.", doc: imageDoc, handle: (*call).classifyRaw},
	}
}

// label is a class in an answer.
type label struct {
	Label string  `json:"label"`
	Score float32 `json:"score"`
}

// labels returns the k most probable classes. Those of a model that gives no probabilities have its scores.
func labels(p lince.Classification, k int) []label {
	list := []label{}
	for _, t := range p.Top(k) {
		if p.Scores != nil {
			t.Probability = p.Scores[t.Class]
		}
		list = append(list, label{t.Name, t.Probability})
	}
	return list
}

// defaultTopK is the number of classes in an answer, as in Hugging Face's pipelines.
const defaultTopK = 5

// topK returns the number of classes in an answer, from the parameter of a request.
func topK(parameter *int) (int, error) {
	switch {
	case parameter == nil:
		return defaultTopK, nil
	case *parameter < 1:
		return 0, bad("top_k must be at least 1, got %d", *parameter)
	}
	return *parameter, nil
}

// rawRequest is a request with an image in base64.
type rawRequest struct {
	Inputs     json.RawMessage `json:"inputs"`
	Parameters struct {
		TopK            *int    `json:"top_k"`
		FunctionToApply *string `json:"function_to_apply"`
	} `json:"parameters"`
}

func (c *call) classifyRaw() error {
	body, err := c.payload()
	if err != nil {
		return err
	}
	return c.with(func(v *version) error {
		if isJSON(c.mediaType(), body) {
			return c.classifyBase64(v, body)
		}
		defer freeBody(body)
		return c.classifyForm(v, body)
	})
}

// classifyFiles answers with the k most probable classes of image files: a list of them for one file, or a list of such lists if listed is true.
func (c *call) classifyFiles(v *version, files [][]byte, k int, listed bool) error {
	ctx, cancel := c.limited(0)
	defer cancel()
	list, err := c.classify(ctx, v, files)
	if err != nil {
		return err
	}
	all := make([][]label, len(list))
	for i, p := range list {
		all[i] = labels(p, k)
	}
	if !listed {
		return c.ok(all[0])
	}
	return c.ok(all)
}

// classifyBase64 answers a request with an image, or a list of images, in base64.
func (c *call) classifyBase64(v *version, body []byte) error {
	var r rawRequest
	if err := decodeJSON(body, &r); err != nil {
		return err
	}
	k, err := topK(r.Parameters.TopK)
	if err != nil {
		return err
	}
	if f := r.Parameters.FunctionToApply; f != nil && *f != v.function() {
		return bad("function_to_apply must be %s, which this model's scores come from, got %q", v.function(), short(*f))
	}
	var one string
	if json.Unmarshal(r.Inputs, &one) == nil {
		file, err := base64Bytes(one)
		if err != nil {
			return err
		}
		return c.classifyFiles(v, [][]byte{file}, k, false)
	}
	var many []string
	if err := json.Unmarshal(r.Inputs, &many); err != nil {
		return bad("inputs must be an image in base64, or a list of such images")
	}
	files, err := base64Files(many)
	if err != nil {
		return err
	}
	return c.classifyFiles(v, files, k, true)
}

// function returns the name of the function that makes the model's scores.
func (v *version) function() string {
	if v.model.MultiLabel || v.outputs[0].shape[len(v.outputs[0].shape)-1] == 1 {
		return "sigmoid"
	}
	return "softmax"
}

// base64Files decodes images in base64.
func base64Files(list []string) ([][]byte, error) {
	files := make([][]byte, len(list))
	for i, text := range list {
		var err error
		if files[i], err = base64Bytes(text); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// base64Bytes decodes base64 with either alphabet, with or without padding. It accepts the start of a data URL.
func base64Bytes(text string) ([]byte, error) {
	if strings.HasPrefix(text, "data:") {
		if at := strings.Index(text, ";base64,"); at >= 0 {
			text = text[at+len(";base64,"):]
		}
	}
	text = strings.TrimRight(text, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	b, err := encoding.DecodeString(text)
	if err != nil {
		return nil, bad("an image is not in base64")
	}
	return b, nil
}
