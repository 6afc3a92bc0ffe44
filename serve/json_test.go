package serve

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// listOf returns n elements as a list in JSON.
func listOf(element string, n int) string {
	return "[" + strings.Repeat(element+",", n-1) + element + "]"
}

// allocated returns the bytes that f allocates.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestManySmallValues sends bodies of many small values to all routes that read JSON. They are refused, and take no more than a few times their size.
func TestManySmallValues(t *testing.T) {
	s := newServer(t, Options{Control: true})
	if err := s.Add("two", twoInputs(t)); err != nil {
		t.Fatal(err)
	}
	const n = 20_000
	many := map[string]string{}
	for i, e := range []string{`{}`, `[]`, `0`, `""`, `[0]`, `{"a":1}`, `{"b64":""}`, `null`} {
		many[fmt.Sprint(i)] = listOf(e, n)
	}
	members := "{" + strings.Repeat(`"a":1,`, n) + `"b":2}`
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `"k%d":0,`, i)
	}
	names := "{" + text.String() + `"b":2}`
	send := func(path, body string, codes ...int) {
		t.Helper()
		code, answer := 0, ""
		got := allocated(func() {
			w := ask(t, s, "POST", path, body, "Content-Type", "application/json")
			code, answer = w.Code, w.Body.String()
		})
		ok := code >= 400 && code < 500
		for _, c := range codes {
			ok = code == c
		}
		if !ok || len(answer) > 400 {
			t.Errorf("%s %.60s: status %d, %d bytes: %.300s", path, body, code, len(answer), answer)
		}
		if got > 10*len(body) {
			t.Errorf("%s %.60s: %d bytes took %d", path, body, len(body), got)
		}
	}
	for _, list := range many {
		for _, model := range []string{"pets", "two"} {
			path := "/v1/models/" + model + ":predict"
			send(path, `{"instances":`+list+`}`)
			send(path, `{"inputs":`+list+`}`)
			send(path, `{"inputs":{"a":`+list+`,"b":`+list+`}}`)
		}
		send("/v1/models/pets:classify", `{"examples":`+list+`}`)
		send("/v1/models/pets:classify-image", `{"inputs":`+list+`}`)
		send("/predict", `{"instances":`+list+`}`)
		send("/invocations", `{"dataframe_records":`+list+`}`)
		send("/invocations", `{"dataframe_split":{"columns":["a"],"data":`+list+`}}`)
		send("/invocations", `{"dataframe_split":{"columns":`+list+`,"data":[[1]]}}`)
		send("/invocations", `{"dataframe_split":{"columns":["a"],"data":[`+list+`]}}`)
		for _, kind := range []string{"FP32", "BYTES"} {
			send("/v2/models/pets/infer", `{"inputs":[{"name":"input_layer","shape":[1,8,8,3],"datatype":"`+kind+`","data":`+list+`}]}`)
			send("/v2/models/pets/infer", `{"inputs":[{"name":"input_layer","shape":`+list+`,"datatype":"`+kind+`","data":[1]}]}`)
		}
		send("/v2/models/pets/infer", `{"inputs":`+list+`}`)
		send("/v2/models/pets/infer", `{"inputs":[{"name":"a"}],"outputs":`+list+`}`)
	}
	for _, object := range []string{members, names} {
		send("/v1/models/two:predict", `{"instances":[`+object+`]}`)
		send("/v1/models/two:predict", `{"inputs":`+object+`}`)
		send("/invocations", `{"dataframe_records":[`+object+`]}`)
		send("/v1/models/two:predict", object)
		send("/v2/repository/models/two/load", `{"parameters":`+object+`}`)
	}
	send("/v1/models/two:predict", listOf("0", n))
	send("/v1/models/two:predict", `{"instances": [1]}`+strings.Repeat(" 1", n))
	if used := s.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still counted", used)
	}
}

// TestLimitOfExamples checks that all forms of a request have the same limit and the same message.
func TestLimitOfExamples(t *testing.T) {
	s := newServer(t, Options{Queue: 3})
	if err := s.Add("two", twoInputs(t)); err != nil {
		t.Fatal(err)
	}
	image := `"` + base64.StdEncoding.EncodeToString(photo(t, 0)) + `"`
	for _, c := range []struct{ path, body, element string }{
		{"/v1/models/pets:predict", `{"instances": %s}`, `{"b64": ` + image + `}`},
		{"/v1/models/pets:predict", `{"inputs": {"x": %s}}`, `{"b64": ` + image + `}`},
		{"/v1/models/pets:predict", `{"instances": %s}`, listOf(listOf("[1, 2, 3]", 8), 8)},
		{"/v1/models/two:predict", `{"instances": %s}`, `{"a": [1, 2], "b": [3, 4, 5]}`},
		{"/v1/models/pets:classify-image", `{"inputs": %s}`, image},
		{"/invocations", `{"dataframe_records": %s}`, `{"image": ` + image + `}`},
		{"/invocations", `{"dataframe_split": {"columns": ["image"], "data": %s}}`, "[" + image + "]"},
		{"/invocations", `{"dataframe_split": {"columns": ["image"], "data": %s}}`, `[{"b64": ` + image + `}]`},
	} {
		want(t, ask(t, s, "POST", c.path, fmt.Sprintf(c.body, listOf(c.element, 3))), 200, nil)
		wantError(t, ask(t, s, "POST", c.path, fmt.Sprintf(c.body, listOf(c.element, 4))), 413, "the request has 4 examples; at most 3 are allowed")
	}
}

// TestDecodedCounts checks that what is made of a body counts as the body does.
func TestDecodedCounts(t *testing.T) {
	body := `{"instances": ` + listOf(listOf(listOf("[1, 2, 3]", 8), 8), 32) + `}`
	need := 2*len(body) + 32*8*8*3*(8+4)
	want(t, ask(t, newServer(t, Options{MaxBodies: int64(need)}), "POST", "/v1/models/pets:predict", body), 200, nil)
	s := newServer(t, Options{MaxBodies: int64(need - 2*len(body))})
	wantError(t, ask(t, s, "POST", "/v1/models/pets:predict", body), 503, "too many requests in memory")
	if n := s.bodies.used.Load(); n != 0 {
		t.Errorf("%d bytes are in use, want 0", n)
	}
}

// TestTimeoutInDecoding checks that the time of a request includes the decoding of its body.
func TestTimeoutInDecoding(t *testing.T) {
	s := newServer(t, Options{Timeout: time.Nanosecond})
	for _, body := range []string{`{"instances": ` + listOf(listOf(listOf("[1, 2, 3]", 8), 8), 32) + `}`, `{"instances": [{"b64": "AAAA"}]}`} {
		w := ask(t, s, "POST", "/v1/models/pets:predict", body)
		wantError(t, w, 503, "took too long")
	}
}

// TestShortErrors checks that errors quote only the start of what a client has sent.
func TestShortErrors(t *testing.T) {
	s := newServer(t, Options{})
	if err := s.Add("two", twoInputs(t)); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("1", 10000)
	for _, c := range []struct{ path, body string }{
		{"/v1/models/pets:predict", `{"instances": [` + long + `]}`},
		{"/v1/models/pets:predict", `{"instances": [1e` + long + `]}`},
		{"/v1/models/pets:predict", `{"signature_name": "` + long + `", "instances": [1]}`},
		{"/v1/models/pets:predict", `{"signature_name": ` + long + `, "instances": [1]}`},
		{"/v1/models/two:predict", `{"instances": [{"` + long + `": 1}]}`},
		{"/v1/models/two:predict", `{"inputs": {"` + long + `": 1}}`},
		{"/v1/models/pets:classify-image", `{"inputs": "", "parameters": {"top_k": ` + long + `}}`},
		{"/v1/models/pets:classify-image", `{"inputs": "", "parameters": {"function_to_apply": "` + long + `"}}`},
		{"/v2/models/pets/infer", `{"inputs": [{"name": "` + long + `", "shape": [1], "datatype": "FP32", "data": [1]}]}`},
		{"/v2/models/two/infer", `{"inputs": [{"name": "a", "shape": [1], "datatype": "` + long + `", "data": [1]}]}`},
		{"/v2/models/two/infer", `{"inputs": [{"name": "a", "shape": [1], "datatype": "FP32", "data": [` + long + `]}]}`},
		{"/v2/models/two/infer", `{"inputs": [{"name": "a", "shape": ` + listOf("1", 1000) + `, "datatype": "FP32", "data": [1]}]}`},
		{"/v2/models/two/infer", `{"inputs": [{"name": "a", "shape": [` + long + `], "datatype": "FP32", "data": [1]}]}`},
		{"/v2/models/two/infer", `{"inputs": [{"name": "a"}], "outputs": [{"name": "` + long + `"}]}`},
		{"/invocations", `{"dataframe_split": {"columns": ["` + long + `"], "data": [[1]]}}`},
	} {
		w := ask(t, s, "POST", c.path, c.body, "Content-Type", "application/json")
		if w.Code < 400 || w.Code >= 500 || w.Body.Len() > 400 {
			t.Errorf("%s %.60s: status %d, %d bytes: %.200s", c.path, c.body, w.Code, w.Body.Len(), w.Body)
		}
	}
}

// TestInPlace compares the members and elements that are read in place with what package encoding/json finds.
func TestInPlace(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, ` [ 1 , -2.5e+3,true,null, "a,]\"\\", "\\", [ ] , [[1],{"x":[2]}] , { } ] `, `{"a" : 1 , "b\"\u0041\\": [ "}" ] ,"":{"c":{}},"a":2 }`, `[{"a":"\\\\\""},"\\\\\\\""]`,
		`[1]`, `[ 0]`, `["é\ud83d\ude00"]`,
	} {
		raw := json.RawMessage(strings.TrimSpace(text))
		var list []json.RawMessage
		var object map[string]json.RawMessage
		if raw[0] == '[' {
			if err := json.Unmarshal(raw, &list); err != nil {
				t.Fatal(err)
			}
			n := 0
			for i, e := range eachElement(raw) {
				n++
				if i >= len(list) || string(e) != string(list[i]) {
					t.Errorf("%s: element %d is %q", raw, i, e)
				}
			}
			if n != len(list) {
				t.Errorf("%s: %d elements, want %d", raw, n, len(list))
			}
			continue
		}
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		got := map[string]json.RawMessage{}
		for key, value := range eachMember(raw) {
			got[key] = value
		}
		if len(got) != len(object) {
			t.Errorf("%s: got %q", raw, got)
		}
		for key, value := range object {
			if string(got[key]) != string(value) {
				t.Errorf("%s: %q is %q, want %q", raw, key, got[key], value)
			}
		}
	}
}

// BenchmarkJSONNumbers sends 32 images of 64x64 pixels as numbers.
func BenchmarkJSONNumbers(b *testing.B) {
	s := newServer(b, Options{})
	m := flatModel(b, 64)
	if err := s.Add("flat", m); err != nil {
		b.Fatal(err)
	}
	image := listOf(listOf("[0.12549,0.5,0.98823]", 64), 64)
	rows, inputs := `{"instances":`+listOf(image, 32)+`}`, `{"inputs":`+listOf(image, 32)+`}`
	named := `{"instances":` + listOf(`{"x":`+image+`}`, 32) + `}`
	v2 := `{"inputs":[{"name":"x","shape":[32,64,64,3],"datatype":"FP32","data":` + listOf(image, 32) + `}]}`
	for _, c := range []struct{ name, path, body string }{
		{"instances", "/v1/models/flat:predict", rows}, {"inputs", "/v1/models/flat:predict", inputs}, {"named", "/v1/models/flat:predict", named}, {"v2", "/v2/models/flat/infer", v2},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				want(b, ask(b, s, "POST", c.path, c.body), 200, nil)
			}
		})
	}
}
