package serve

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// rawOutput returns the model's own output for photo i.
func rawOutput(t testing.TB, s *Server, i int) []float32 { return predicted(t, s, i).Probabilities }

// twoInputs returns a model with the inputs a, of shape (batch, 2), and b, of shape (batch, 3), and the outputs x and y.
func twoInputs(t testing.TB) *lince.Model {
	t.Helper()
	a, b := lince.Input(layer.Input{Shape: []int{2}, Name: "a"}), lince.Input(layer.Input{Shape: []int{3}, Name: "b"})
	x := lince.Apply(layer.Concatenate{}, a, b).Then(layer.Dense{Units: 2, Name: "x"})
	y := a.Then(layer.Dense{Units: 2, Activation: layer.ReLU, Name: "y"})
	m, err := lince.Options{Threads: 1}.Functional(lince.List(a, b), lince.List(x, y))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// v2Response is an answer of the Open Inference Protocol.
type v2Response struct {
	ModelName    string `json:"model_name"`
	ModelVersion string `json:"model_version"`
	ID           string
	Outputs      []struct {
		Name, Datatype string
		Shape          []int
		Data           []any
		Parameters     struct {
			Size int `json:"binary_data_size"`
		}
	}
}

func TestV2Metadata(t *testing.T) {
	s := newServer(t, Options{})
	if err := s.Add("two", twoInputs(t)); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Name            string
		Versions        []string
		Inputs, Outputs []v2Port
	}
	want(t, ask(t, s, "GET", "/v2/models/two/versions/1", nil), 200, &m)
	if m.Name != "two" || !slices.Equal(m.Versions, []string{"1"}) || len(m.Inputs) != 2 || m.Inputs[1].Name != "b" || m.Inputs[1].Datatype != "FP32" ||
		!slices.Equal(m.Inputs[1].Shape, []int{-1, 3}) || len(m.Outputs) != 2 || m.Outputs[1].Name != "y" {
		t.Errorf("got %+v", m)
	}
	want(t, ask(t, s, "GET", "/v2/models/two/ready", nil), 200, nil)
	want(t, ask(t, s, "GET", "/v2/models/none/ready", nil), 404, nil)
	var c struct {
		Max   int `json:"max_batch_size"`
		Input []struct {
			Name string
			Type string `json:"data_type"`
			Dims []int
		}
	}
	want(t, ask(t, s, "GET", "/v2/models/two/config", nil), 200, &c)
	if c.Max != 96 || c.Input[0].Type != "TYPE_FP32" || !slices.Equal(c.Input[0].Dims, []int{2}) {
		t.Errorf("got %+v", c)
	}
	want(t, ask(t, s, "GET", "/v2", nil), 200, nil)
}

// TestV2Infer compares the forms of inputs and outputs with the model's own predictions.
func TestV2Infer(t *testing.T) {
	s := newServer(t, Options{})
	m := twoInputs(t)
	if err := s.Add("two", m); err != nil {
		t.Fatal(err)
	}
	a, b := []float32{1, -2, 3, 4}, []float32{.5, 1, 2, -1, 0, 1}
	wants, err := m.Call(tensor.Of(a, 2, 2), tensor.Of(b, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	input := func(name string, data any, shape ...int) map[string]any {
		return map[string]any{"name": name, "shape": shape, "datatype": "FP32", "data": data}
	}
	var r v2Response
	body := map[string]any{"id": "42", "inputs": []any{input("b", b, 2, 3), input("a", [][]float32{a[:2], a[2:]}, 2, 2)}}
	want(t, ask(t, s, "POST", "/v2/models/two/infer", body), 200, &r)
	if r.ID != "42" || r.ModelName != "two" || r.ModelVersion != "1" || len(r.Outputs) != 2 {
		t.Fatalf("got %+v", r)
	}
	for i, o := range r.Outputs {
		for k, x := range wants[i].Float32s() {
			if o.Data[k] != float64(x) && float32(o.Data[k].(float64)) != x {
				t.Errorf("%s: element %d is %v, want %v", o.Name, k, o.Data[k], x)
			}
		}
	}

	// The same in binary, with one output.
	head, err := json.Marshal(map[string]any{
		"inputs": []any{
			map[string]any{"name": "a", "shape": []int{2, 2}, "datatype": "FP32", "parameters": map[string]any{"binary_data_size": 16}},
			input("b", b, 2, 3),
		},
		"outputs": []any{map[string]any{"name": "y", "parameters": map[string]any{"binary_data": true}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	length := strconv.Itoa(len(head))
	all := head
	for _, x := range a {
		all = binary.LittleEndian.AppendUint32(all, math.Float32bits(x))
	}
	w := ask(t, s, "POST", "/v2/models/two/infer", all, headerLength, length)
	n, err := strconv.Atoi(w.Header().Get(headerLength))
	if err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
	}
	if got := w.Body.Bytes()[n:]; !slices.Equal(got, wants[1].Raw()) {
		t.Errorf("got % x, want % x", got, wants[1].Raw())
	}

	for _, c := range []struct{ body, text string }{
		{`{"inputs": []}`, "no inputs"},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`, "no input b"},
		{`{"inputs": [{"name":"c","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`, `no input "c"; its inputs are a, b`},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP16","data":[1,2]}]}`, `datatype "FP16"`},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","data":[1]}]}`, "1 elements, but the shape [1 2]"},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,"x"]}]}`, "want numbers"},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32"}]}`, "no data"},
		{`{"inputs": [{"name":"a","shape":[9223372036854775807,9223372036854775807],"datatype":"FP32","data":[]}]}`, "invalid shape"},
		{`{"inputs": [{"name":"a","shape":[1,-2],"datatype":"FP32","data":[]}]}`, "invalid shape"},
		{`{"inputs": [{"name":"a","shape":[],"datatype":"FP32","data":[1]}, {"name":"b","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}`, "must have the shape [-1 2], got []"},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}, {"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`, "occurs twice"},
		{`{"inputs": [{"name":"a","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}, {"name":"b","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}`, "has 1 examples"},
		{`{"inputs": [{"name":"a","shape":[0,2],"datatype":"FP32","data":[]}, {"name":"b","shape":[0,3],"datatype":"FP32","data":[]}]}`, "no examples"},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}`, "0 bytes are left"},
		{`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}], "outputs":[{"name":"z"}]}`, `no output "z"`},
		{`{"inputs": [{"name":"a","shape":[1],"datatype":"BYTES","data":["eA=="]}]}`, "no preprocessing"},
	} {
		wantError(t, ask(t, s, "POST", "/v2/models/two/infer", c.body), 400, c.text)
	}
	for _, length := range []string{"-1", "x", "99999"} {
		wantError(t, ask(t, s, "POST", "/v2/models/two/infer", "{}", headerLength, length), 400, headerLength)
	}
	wantError(t, ask(t, s, "POST", "/v2/models/two/infer", string(all)+"x", headerLength, length), 400, "1 bytes follow")
}

// TestV2Images checks images as elements of type BYTES, and the classification extension.
func TestV2Images(t *testing.T) {
	s := newServer(t, Options{})
	file := photo(t, 0)
	wants, top := rawOutput(t, s, 0), predicted(t, s, 0).Top(1)[0]
	var r v2Response
	body := map[string]any{"inputs": []any{map[string]any{"name": "image", "shape": []int{1}, "datatype": "BYTES", "data": [][]byte{file}}}}
	want(t, ask(t, s, "POST", "/v2/models/pets/infer", body), 200, &r)
	if o := r.Outputs[0]; o.Datatype != "FP32" || !slices.Equal(o.Shape, []int{1, 2}) || float32(o.Data[0].(float64)) != wants[0] {
		t.Errorf("got %+v, want %v", o, wants)
	}
	body["outputs"] = []any{map[string]any{"name": r.Outputs[0].Name, "parameters": map[string]any{"classification": 1}}}
	want(t, ask(t, s, "POST", "/v2/models/pets/infer", body), 200, &r)
	if o, text := r.Outputs[0], formatFloat(top.Probability)+":"+formatInt(top.Class)+":"+top.Name; o.Datatype != "BYTES" || !slices.Equal(o.Shape, []int{1, 1}) || o.Data[0] != text {
		t.Errorf("got %+v, want %s", o, text)
	}
	for _, b := range [][]byte{{1}, {5, 0, 0, 0, 'x'}, {255, 255, 255, 255, 0}} {
		head := `{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":` + strconv.Itoa(len(b)) + `}}]}`
		wantError(t, ask(t, s, "POST", "/v2/models/pets/infer", head+string(b), headerLength, strconv.Itoa(len(head))), 400, "end within an element")
	}
}

// TestTFServing checks the calls in TensorFlow Serving's documentation.
func TestTFServing(t *testing.T) {
	s := newServer(t, Options{})
	m := twoInputs(t)
	if err := s.Add("two", m); err != nil {
		t.Fatal(err)
	}
	wants, err := m.Call(tensor.Of([]float32{1, -2, 3, 4}, 2, 2), tensor.Of([]float32{.5, 1, 2, -1, 0, 1}, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	var rows struct {
		Predictions []struct{ X, Y []float32 }
	}
	want(t, ask(t, s, "POST", "/v1/models/two:predict", `{"signature_name": "serving_default", "instances": [{"a": [1, -2], "b": [0.5, 1, 2]}, {"a": [3, 4], "b": [-1, 0, 1]}]}`), 200, &rows)
	var columns struct {
		Outputs struct{ X, Y [][]float32 }
	}
	want(t, ask(t, s, "POST", "/v1/models/two/versions/1:predict", `{"inputs": {"a": [[1, -2], [3, 4]], "b": [[0.5, 1, 2], [-1, 0, 1]]}}`), 200, &columns)
	for i := range 2 {
		x, y := wants[0].Row(i).Float32s(), wants[1].Row(i).Float32s()
		if !slices.Equal(rows.Predictions[i].X, x) || !slices.Equal(rows.Predictions[i].Y, y) || !slices.Equal(columns.Outputs.X[i], x) || !slices.Equal(columns.Outputs.Y[i], y) {
			t.Errorf("row %d: got %v and %v %v, want %v %v", i, rows.Predictions[i], columns.Outputs.X[i], columns.Outputs.Y[i], x, y)
		}
	}

	file := base64.StdEncoding.EncodeToString(photo(t, 0))
	for _, body := range []string{
		`{"instances": [{"b64": "` + file + `"}]}`, `{"instances": [{"image_bytes": {"b64": "` + file + `"}}]}`,
		`{"inputs": {"b64": "` + file + `"}}`, `{"inputs": {"image_bytes": [{"b64": "` + file + `"}]}}`, `{"inputs": [{"b64": "` + file + `"}]}`,
	} {
		var r struct{ Predictions, Outputs [][]float32 }
		want(t, ask(t, s, "POST", "/v1/models/pets:predict", body), 200, &r)
		if got := slices.Concat(r.Predictions, r.Outputs); len(got) != 1 || !slices.Equal(got[0], rawOutput(t, s, 0)) {
			t.Errorf("%s: got %v", body[:30], got)
		}
	}
	var classes struct{ Result [][][2]any }
	want(t, ask(t, s, "POST", "/v1/models/pets:classify", `{"examples": [{"image": {"b64": "`+file+`"}}]}`), 200, &classes)
	if top := predicted(t, s, 0).Top(1)[0]; classes.Result[0][0][0] != top.Name || float32(classes.Result[0][0][1].(float64)) != top.Probability {
		t.Errorf("got %v, want %v", classes, top)
	}

	var status struct {
		List []struct {
			Version, State string
		} `json:"model_version_status"`
	}
	want(t, ask(t, s, "GET", "/v1/models/two", nil), 200, &status)
	if len(status.List) != 1 || status.List[0].State != "AVAILABLE" || status.List[0].Version != "1" {
		t.Errorf("got %+v", status)
	}
	w := ask(t, s, "GET", "/v1/models/two/versions/1/metadata", nil)
	want(t, w, 200, nil)
	if text := `"b":{"dtype":"DT_FLOAT","name":"b","tensor_shape":{"dim":[{"name":"","size":"-1"},{"name":"","size":"3"}],"unknown_rank":false}}`; !strings.Contains(w.Body.String(), text) {
		t.Errorf("no %s in %s", text, w.Body)
	}

	for _, c := range []struct{ body, text string }{
		{`{}`, "either instances or inputs"},
		{`{"instances": [], "inputs": []}`, "either instances or inputs"},
		{`{"instances": []}`, "no examples"},
		{`{"instances": 3}`, "must be a list"},
		{`{"instances": [[1, 2]]}`, "has the inputs a, b"},
		{`{"instances": [{"a": [1, 2], "b": [1, 2, 3]}, {"a": [1, 2]}]}`, `not all examples have "b"`},
		{`{"instances": [{"a": [1, 2]}, {"a": [1, 2], "b": [1, 2, 3]}]}`, `has "b", but not all before it`},
		{`{"instances": [{"a": [1, 2], "b": [1, 2]}]}`, "the input b must have the shape [-1 3], got [1 2]"},
		{`{"instances": [{"a": [1, 2], "b": [1, 2, [3]]}]}`, "different depths"},
		{`{"inputs": {"c": [1]}}`, `no input "c"`},
		{`{"inputs": "x"}`, "inputs must be a list, or an object"},
	} {
		wantError(t, ask(t, s, "POST", "/v1/models/two:predict", c.body), 400, c.text)
	}
	wantError(t, ask(t, s, "POST", "/v1/models/two:predict", `{"signature_name": "other", "instances": [[1]]}`), 404, `no signature "other"`)
	wantError(t, ask(t, s, "POST", "/v1/models/two:classify", `{"examples": [{"a": [1]}]}`), 400, "no classifier")
	wantError(t, ask(t, s, "POST", "/v1/models/pets:predict", `{"instances": [{"b64": "`+file+`"}, {"x": 1}]}`), 400, "the example 1 must be an image")
}

// TestHosting checks the requests of SageMaker, MLflow and Vertex AI.
func TestHosting(t *testing.T) {
	s := newServer(t, Options{})
	file := photo(t, 0)
	text := base64.StdEncoding.EncodeToString(file)
	wants, top := rawOutput(t, s, 0), labels(predicted(t, s, 0), 0)

	var classes []label
	for _, media := range []string{"image/png", "application/x-image", "application/octet-stream"} {
		want(t, ask(t, s, "POST", "/invocations", file, "Content-Type", media), 200, &classes)
		if !slices.Equal(classes, top) {
			t.Errorf("%s: got %v, want %v", media, classes, top)
		}
	}
	want(t, ask(t, s, "POST", "/invocations", `{"inputs": "`+text+`"}`), 200, &classes)
	if !slices.Equal(classes, top) {
		t.Errorf("got %v, want %v", classes, top)
	}
	pixels := tensor.New(tensor.Float32, 1, 8, 8, 3)
	list, err := appendNested(nil, pixels)
	if err != nil {
		t.Fatal(err)
	}
	y, err := s.currentOf("pets").model.PredictBatch(pixels)
	if err != nil {
		t.Fatal(err)
	}
	name := s.currentOf("pets").inputs[0].name
	for _, c := range []struct {
		body string
		want []float32
	}{
		{`{"dataframe_split": {"columns": ["image"], "data": [["` + text + `"]]}}`, wants},
		{`{"dataframe_records": [{"image": "` + text + `"}]}`, wants},
		{`{"instances": [{"b64": "` + text + `"}]}`, wants},
		{`{"inputs": {"` + name + `": ` + string(list) + `}}`, y.Float32s()},
		{`{"inputs": ` + string(list) + `}`, y.Float32s()},
		{`{"instances": ` + string(list) + `}`, y.Float32s()},
	} {
		var r struct{ Predictions [][]float32 }
		want(t, ask(t, s, "POST", "/invocations", c.body, "Content-Type", "application/json"), 200, &r)
		if len(r.Predictions) != 1 || !slices.Equal(r.Predictions[0], c.want) {
			t.Errorf("%.40s: got %v, want %v", c.body, r.Predictions, c.want)
		}
	}
	wantError(t, ask(t, s, "POST", "/invocations", "1,2", "Content-Type", "text/csv"), 415, "text/csv")
	wantError(t, ask(t, s, "POST", "/invocations", `{"dataframe_split": {"columns": ["a", "b"], "data": [[1]]}}`), 400, "1 values for 2 columns")
	wantError(t, ask(t, s, "POST", "/invocations", `{"params": {"x": 1}, "instances": []}`), 400, "params are not supported")
	wantError(t, ask(t, s, "POST", "/invocations", `{}`), 400, "one of dataframe_split")

	var r struct{ Predictions [][]label }
	want(t, ask(t, s, "POST", "/predict", `{"instances": [{"b64": "`+text+`"}], "parameters": {"top_k": 1}}`), 200, &r)
	if len(r.Predictions) != 1 || !slices.Equal(r.Predictions[0], top[:1]) {
		t.Errorf("got %v, want %v", r.Predictions, top[:1])
	}
	var numbers struct{ Predictions [][]float32 }
	want(t, ask(t, s, "POST", "/predict", `{"instances": `+string(list)+`}`), 200, &numbers)
	if !slices.Equal(numbers.Predictions[0], y.Float32s()) {
		t.Errorf("got %v, want %v", numbers.Predictions, y)
	}
	wantError(t, ask(t, s, "POST", "/predict", `{}`), 400, "no instances")
}

// TestRepository checks the list of models, and that clients load and unload them only if they may.
func TestRepository(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.keras")
	if err := imageModel(t, 1).Save(file); err != nil {
		t.Fatal(err)
	}
	index := func(s *Server, body any) (list []struct{ Name, Version, State, Reason string }) {
		t.Helper()
		want(t, ask(t, s, "POST", "/v2/repository/index", body), 200, &list)
		return list
	}
	for _, control := range []bool{false, true} {
		s := newServer(t, Options{Control: control, Poll: -1})
		if err := s.Load("m", file); err != nil {
			t.Fatal(err)
		}
		if list := index(s, nil); len(list) != 2 || list[1].Name != "m" || list[1].State != "READY" || list[1].Version != "1" {
			t.Errorf("got %v", list)
		}
		if !control {
			wantError(t, ask(t, s, "POST", "/v2/repository/models/m/unload", `{}`), 403, "may not load and unload")
			continue
		}
		want(t, ask(t, s, "POST", "/v2/repository/models/m/unload", `{"parameters": {"unload_dependents": false}}`), 200, nil)
		wantError(t, ask(t, s, "POST", "/v1/models/m:classify-image", photo(t, 0)), 503, "not ready")
		if list := index(s, `{}`); list[1].State != "UNAVAILABLE" {
			t.Errorf("got %v", list)
		}
		if list := index(s, `{"ready": true}`); len(list) != 1 {
			t.Errorf("got %v", list)
		}
		s.poll() // does not load it
		want(t, ask(t, s, "GET", "/readyz", nil), 200, nil)
		wantError(t, ask(t, s, "POST", "/v1/models/m:classify-image", photo(t, 0)), 503, "not ready")
		want(t, ask(t, s, "POST", "/v2/repository/models/m/load", nil), 200, nil)
		want(t, ask(t, s, "POST", "/v1/models/m:classify-image", photo(t, 0)), 200, nil)
		wantError(t, ask(t, s, "POST", "/v2/repository/models/m/load", `{"parameters": {"config": "{}"}}`), 400, `"config" is not supported`)
		wantError(t, ask(t, s, "POST", "/v2/repository/models/pets/load", nil), 400, "not loaded from a file")
		wantError(t, ask(t, s, "POST", "/v2/repository/models/x/load", nil), 404, "no model")
		if err := os.WriteFile(file, []byte("garbage"), 0o644); err != nil {
			t.Fatal(err)
		}
		wantError(t, ask(t, s, "POST", "/v2/repository/models/m/load", nil), 400, "the server's log says why")
		want(t, ask(t, s, "POST", "/v1/models/m:classify-image", photo(t, 0)), 200, nil)
	}
}

// FuzzRequests sends arbitrary bodies to the routes that read them.
func FuzzRequests(f *testing.F) {
	s := newServer(f, Options{})
	if err := s.Add("two", twoInputs(f)); err != nil {
		f.Fatal(err)
	}
	var paths []string
	for _, rt := range s.router.routes {
		if rt.method == "POST" {
			paths = append(paths, strings.NewReplacer("{model}", "two", "{version}", "1").Replace(rt.path), strings.NewReplacer("{model}", "pets", "{version}", "1").Replace(rt.path))
		}
	}
	for i, body := range []string{
		`{"inputs": [{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"b","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"outputs":[{"name":"x","parameters":{"classification":1,"binary_data":true}}]}`,
		`{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]}` + "\x01\x00\x00\x00x",
		`{"instances": [{"a": [1, -2], "b": [0.5, 1, 2]}, {"a": [3, 4], "b": [-1, 0, 1]}]}`, `{"inputs": {"a": [[1, -2]], "b": [[0.5, 1, 2]]}}`,
		`{"dataframe_split": {"columns": ["image"], "data": [["AAAA"]]}}`, `{"examples": [{"image": {"b64": "AAAA"}}]}`, `{"inputs": ["AAAA"], "parameters": {"top_k": 1}}`,
		`{"inputs": []}`, `{"inputs": [[]]}`, `{"instances": [null]}`, `{"instances": [[[[]]]]}`, "[[", "",
	} {
		f.Add(i, "", []byte(body))
		f.Add(i+7, "97", []byte(body))
	}
	f.Fuzz(func(t *testing.T, path int, length string, body []byte) {
		w := ask(t, s, "POST", paths[int(uint(path)%uint(len(paths)))], body, headerLength, length)
		switch w.Code {
		case 200, 400, 403, 404, 413, 415, 422:
		default:
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
