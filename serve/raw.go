package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"

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
	var inputs json.RawMessage
	var parameters struct {
		TopK            *int    `json:"top_k"`
		FunctionToApply *string `json:"function_to_apply"`
	}
	if err := decodeJSON(body, member{"inputs", &inputs}, member{"parameters", &parameters}); err != nil {
		return err
	}
	k, err := topK(parameters.TopK)
	if err != nil {
		return err
	}
	if f := parameters.FunctionToApply; f != nil && *f != v.function() {
		return bad("function_to_apply must be %s, which this model's scores come from, got %q", v.function(), short(*f))
	}
	if inputs != nil && inputs[0] == '"' {
		file, err := c.base64Bytes(inputs)
		if err != nil {
			return err
		}
		return c.classifyFiles(v, [][]byte{file}, k, false)
	}
	if inputs == nil || inputs[0] != '[' {
		return bad("inputs must be an image in base64, or a list of such images")
	}
	files, err := c.base64Files(v, nil, inputs)
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

// base64Files appends the images of a list in base64 to files.
func (c *call) base64Files(v *version, files [][]byte, list json.RawMessage) ([][]byte, error) {
	if err := v.counted(len(files) + count(list)); err != nil {
		return nil, err
	}
	for i, e := range eachElement(list) {
		if e[0] != '"' {
			return nil, bad("the element %d of the list must be an image in base64, got %s", i, kindOf(e))
		}
		file, err := c.base64Bytes(e)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// base64Bytes decodes a string of base64 with either alphabet, with or without padding. It accepts the start of a data URL. The bytes count as those of the body.
func (c *call) base64Bytes(s json.RawMessage) ([]byte, error) {
	text := []byte(s[1 : len(s)-1])
	if bytes.IndexByte(text, '\\') >= 0 {
		if err := c.reserve(len(s)); err != nil {
			return nil, err
		}
		text = []byte(unquoted(s))
	}
	if bytes.HasPrefix(text, []byte("data:")) {
		if _, after, ok := bytes.Cut(text, []byte(";base64,")); ok {
			text = after
		}
	}
	text = bytes.TrimRight(text, "=")
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	size := encoding.DecodedLen(len(text))
	if err := c.reserve(size); err != nil {
		return nil, err
	}
	if err := c.late(); err != nil {
		return nil, err
	}
	file := make([]byte, size)
	n, err := encoding.Decode(file, text)
	if err != nil {
		return nil, bad("an image is not in base64")
	}
	return file[:n], nil
}
