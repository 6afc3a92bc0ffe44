package serve

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

func TestOptions(t *testing.T) {
	_, err := New(Options{MaxBatch: 129, Queue: -1, MaxBody: -1, Timeout: -1})
	for _, text := range []string{"MaxBatch must be from 1 to 128, got 129", "Queue must be", "MaxBody must be at least 1", "Timeout must not be negative"} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: want %q in it", err, text)
		}
	}
	if _, err := New(Options{Origins: []string{"no origin"}}); err == nil {
		t.Error("an invalid origin is no error")
	}
}

func TestNames(t *testing.T) {
	s := newServer(t, Options{})
	for _, name := range []string{"", "a/b", "..", "-x", "a b", strings.Repeat("x", 129)} {
		if err := s.Add(name, imageModel(t, 1)); err == nil {
			t.Errorf("the name %q is no error", name)
		}
	}
	if err := s.Add("x", nil); err == nil {
		t.Error("a nil model is no error")
	}
	if err := s.Remove("x"); err == nil {
		t.Error("removing a model that is not there is no error")
	}
}

// TestReady checks liveness and readiness.
func TestReady(t *testing.T) {
	s, err := New(Options{Token: "secret"}) // probes need no token
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	probes := func(status int) {
		t.Helper()
		for _, path := range []string{"/readyz", "/v2/health/ready", "/ping", "/health"} {
			want(t, ask(t, s, "GET", path, nil), status, nil)
		}
		for _, path := range []string{"/livez", "/v2/health/live"} {
			want(t, ask(t, s, "GET", path, nil), 200, nil)
		}
	}
	probes(503)
	if err := s.Add("pets", imageModel(t, 1)); err != nil {
		t.Fatal(err)
	}
	probes(200)
	s.Drain()
	probes(503)
	want(t, ask(t, s, "POST", "/", photo(t, 0), "Authorization", "Bearer secret"), 200, nil) // still answered
}

// TestErrors checks the answers to requests that cannot be answered. No error names internals.
func TestErrors(t *testing.T) {
	s := newServer(t, Options{MaxBody: 1 << 20, MaxPixels: 1 << 20})
	huge := new(bytes.Buffer)
	if err := png.Encode(huge, image.NewGray(image.Rect(0, 0, 2000, 2000))); err != nil {
		t.Fatal(err)
	}
	compressed := new(bytes.Buffer)
	z := gzip.NewWriter(compressed)
	_, _ = z.Write(make([]byte, 64<<20))
	_ = z.Close()
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		text         string
		headers      []string
	}{
		{"GET", "/nothing", nil, 404, "there is no such page", nil},
		{"GET", "/v1/models/pets:predict", nil, 405, "the method must be POST", nil},
		{"PUT", "/", nil, 405, "POST or GET", nil},
		{"POST", "/", "", 400, "the image is empty", nil},
		{"POST", "/", "no image", 422, "not an image", nil},
		{"POST", "/", photo(t, 0)[:100], 422, "", nil},
		{"POST", "/", huge.Bytes(), 413, "2000x2000 pixels", nil},
		{"POST", "/", make([]byte, 2<<20), 413, "larger than 1048576 bytes", nil},
		{"POST", "/", io.MultiReader(bytes.NewReader(make([]byte, 2<<20))), 413, "larger than 1048576 bytes", nil},
		{"POST", "/", compressed.Bytes(), 413, "larger than 1048576 bytes", []string{"Content-Encoding", "gzip"}},
		{"POST", "/", "text", 400, "not compressed with gzip", []string{"Content-Encoding", "gzip"}},
		{"POST", "/", "text", 415, "Content-Encoding", []string{"Content-Encoding", "br"}},
		{"POST", "/?top_k=0", photo(t, 0), 400, "top_k must be at least 1", nil},
		{"POST", "/v1/models/dogs:classify-image", photo(t, 0), 404, `there is no model "dogs"`, nil},
		{"POST", "/v1/models/pets/versions/7:classify-image", photo(t, 0), 404, `no version "7" of the model pets; it has the version 1`, nil},
		{"POST", "/", `{"inputs":`, 400, "not JSON", nil},
		{"POST", "/", `{"inputs": 1}`, 400, "an image in base64", nil},
		{"POST", "/", `{"inputs": "%"}`, 400, "not in base64", nil},
		{"POST", "/", `{"inputs": "", "parameters": {"top_k": 0}}`, 400, "top_k", nil},
		{"POST", "/", `{"inputs": "", "parameters": {"top_k": "5"}}`, 400, "parameters.top_k has the wrong type", nil},
		{"POST", "/", `{"inputs": "", "parameters": {"function_to_apply": "none"}}`, 400, "function_to_apply must be softmax", nil},
		{"POST", "/", `[]`, 400, "must be a JSON object", []string{"Content-Type", "application/json"}},
		{"POST", "/", `{} {}`, 400, "text after the JSON", nil},
	} {
		w := ask(t, s, c.method, c.path, c.body, c.headers...)
		t.Run(c.text, func(t *testing.T) { wantError(t, w, c.status, c.text) })
		for _, internal := range []string{"preprocess", "lince", "/root", "/work", ".go", "flatten", "goroutine"} {
			if strings.Contains(w.Body.String(), internal) {
				t.Errorf("%s: names internals: %s", c.text, w.Body)
			}
		}
	}
}

// TestBroken checks that an error or a panic within the server is a 500 whose text says nothing, and that the log has it.
func TestBroken(t *testing.T) {
	var text bytes.Buffer
	s := newServer(t, Options{Logger: slog.New(slog.NewJSONHandler(&text, nil))})
	v := s.currentOf("pets")
	run := v.batcher.run
	v.batcher.run = func(int, []*tensor.Tensor) ([]*tensor.Tensor, error) { return nil, errors.New("secret of layer dense") }
	wantError(t, ask(t, s, "POST", "/", photo(t, 0)), 500, "internal error")
	v.batcher.run = func(int, []*tensor.Tensor) ([]*tensor.Tensor, error) {
		return []*tensor.Tensor{tensor.Of([]float32{float32(math.NaN()), 1}, 1, 2)}, nil
	}
	wantError(t, ask(t, s, "POST", "/", photo(t, 0)), 422, "the output for the example 0 is NaN")
	s.router.routes[0].handle = func(*call) error { panic("secret of a handler") }
	wantError(t, ask(t, s, "POST", "/", photo(t, 0)), 500, "internal error")
	for _, secret := range []string{"secret of layer dense", "secret of a handler"} {
		if !strings.Contains(text.String(), secret) {
			t.Errorf("the log has no %q", secret)
		}
	}
	v.batcher.run = run
	want(t, ask(t, s, "POST", "/v1/models/pets:classify-image", photo(t, 0)), 200, nil)
}

// TestToken checks the bearer token.
func TestToken(t *testing.T) {
	s := newServer(t, Options{Token: "secret"})
	for _, header := range []string{"", "Bearer", "Bearer wrong", "Basic secret", "secret", "Bearer secret2"} {
		for _, path := range []string{"/", "/no/such/page"} {
			w := ask(t, s, "POST", path, photo(t, 0), "Authorization", header)
			wantError(t, w, 401, "token")
			if w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		}
	}
	for _, header := range []string{"Bearer secret", "bearer secret"} {
		want(t, ask(t, s, "POST", "/", photo(t, 0), "Authorization", header), 200, nil)
	}
	want(t, ask(t, s, "GET", "/metrics", nil), 401, nil)
}

// TestOrigins checks that pages of other origins may call the server only if they are listed.
func TestOrigins(t *testing.T) {
	const origin = "https://example.com"
	for _, c := range []struct {
		origins []string
		ok      bool
	}{{nil, false}, {[]string{"https://other.example"}, false}, {[]string{origin}, true}, {[]string{"*"}, true}} {
		s := newServer(t, Options{Origins: c.origins})
		w := ask(t, s, "POST", "/", photo(t, 0), "Origin", origin, "Sec-Fetch-Site", "cross-site")
		p := ask(t, s, "OPTIONS", "/", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
		if c.ok {
			want(t, w, 200, nil)
			want(t, p, 204, nil)
		} else {
			wantError(t, w, 403, "origin")
			wantError(t, p, 403, "origin")
		}
		for _, w := range []*httptest.ResponseRecorder{w, p} {
			if got := w.Header().Get("Access-Control-Allow-Origin"); (got == origin) != c.ok {
				t.Errorf("%v: Access-Control-Allow-Origin is %q", c.origins, got)
			}
		}
	}
	s := newServer(t, Options{})
	want(t, ask(t, s, "POST", "/", photo(t, 0), "Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"), 200, nil)
}

// hold replaces a model's computation by one that waits until the function that it returns is called.
func hold(v *version) (started chan struct{}, release func()) {
	started, gate := make(chan struct{}, 1000), make(chan struct{})
	run := v.batcher.run
	v.batcher.run = func(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
		started <- struct{}{}
		<-gate
		return run(threads, in)
	}
	return started, sync.OnceFunc(func() { close(gate) })
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// TestQueue checks that requests beyond the queue get 429 with Retry-After before their bodies are read, and that the queue is free again later.
func TestQueue(t *testing.T) {
	s := newServer(t, Options{Queue: 3})
	started, release := hold(s.currentOf("pets"))
	defer release()
	codes := make(chan int, 3)
	for range 3 {
		go func() { codes <- ask(t, s, "POST", "/", photo(t, 0)).Code }()
	}
	<-started
	for n := 0; n < 3; n, _ = s.currentOf("pets").batcher.load() { // until all are admitted
	}
	w := ask(t, s, "POST", "/", unread{t})
	wantError(t, w, 429, "too many requests")
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q, want 1", w.Header().Get("Retry-After"))
	}
	release()
	for range 3 {
		if code := <-codes; code != 200 {
			t.Errorf("status %d, want 200", code)
		}
	}
	want(t, ask(t, s, "POST", "/", photo(t, 0)), 200, nil)
	file := photo(t, 0)
	wantError(t, ask(t, s, "POST", "/", map[string]any{"inputs": [][]byte{file, file, file, file}}), 413, "4 examples; at most 3")
}

// TestGone checks that a request whose time is over gets 503, and that one whose client has gone is dropped.
func TestGone(t *testing.T) {
	s := newServer(t, Options{Timeout: time.Millisecond})
	_, late := hold(s.currentOf("pets"))
	defer late()
	w := ask(t, s, "POST", "/", photo(t, 0))
	wantError(t, w, 503, "took too long")
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}

	s = newServer(t, Options{})
	started, release := hold(s.currentOf("pets"))
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(photo(t, 0))).WithContext(ctx)
	go func() { <-started; cancel() }()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	if rec.Body.Len() > 0 {
		t.Errorf("answered %s", rec.Body)
	}
	if n, _ := s.currentOf("pets").batcher.load(); n != 0 {
		t.Errorf("%d examples are admitted, want 0", n)
	}
	if text := ask(t, s, "GET", "/metrics", nil).Body.String(); !strings.Contains(text, `lince_requests_total{code="499",model="pets",route="/"} 1`) {
		t.Error("the metrics have no request with the code 499")
	}
}

// TestBodies checks the limit of all bodies.
func TestBodies(t *testing.T) {
	s := newServer(t, Options{MaxBodies: 600})
	w := ask(t, s, "POST", "/", bytes.Repeat([]byte("x"), 10000))
	wantError(t, w, 503, "too many requests in memory")
	if n := s.bodies.used.Load(); n != 0 {
		t.Errorf("%d bytes are in use, want 0", n)
	}
}

// TestGzip checks compressed bodies and answers.
func TestGzip(t *testing.T) {
	s := newServer(t, Options{})
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(photo(t, 0))
	_ = z.Close()
	var plain, compressed []label
	want(t, ask(t, s, "POST", "/", photo(t, 0)), 200, &plain)
	want(t, ask(t, s, "POST", "/", b.Bytes(), "Content-Encoding", "gzip"), 200, &compressed)
	if !slices.Equal(plain, compressed) {
		t.Errorf("%v, want %v", compressed, plain)
	}
	w := ask(t, s, "GET", "/openapi.json", nil, "Accept-Encoding", "br;q=1, gzip;q=0.5")
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal("the answer is not compressed")
	}
	r, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(r).Decode(&map[string]any{}); err != nil {
		t.Error(err)
	}
	if w := ask(t, s, "GET", "/openapi.json", nil, "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
		t.Error("the answer is compressed")
	}
}

// TestConcurrent checks that each of many clients gets its own answer.
func TestConcurrent(t *testing.T) {
	s := newServer(t, Options{Queue: 1000, Threads: 2})
	wants := make([]lince.Classification, 8)
	for i := range wants {
		wants[i] = predicted(t, s, i)
	}
	var group sync.WaitGroup
	for n := range 64 {
		group.Go(func() {
			for i := range 4 {
				i := (n + i) % len(wants)
				var got []label
				w := ask(t, s, "POST", "/", photo(t, i))
				if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got) != 2 {
					t.Errorf("%v: %s", err, w.Body)
					return
				}
				if d := math.Abs(float64(got[0].Score - wants[i].Probability)); got[0].Label != wants[i].Name || d > 1e-5 {
					t.Errorf("image %d: got %v, want %v", i, got[0], wants[i])
				}
			}
		})
	}
	group.Wait()
}

// TestReplace checks that a version is freed when its last request has ended, and not before.
func TestReplace(t *testing.T) {
	s := newServer(t, Options{})
	old := s.currentOf("pets")
	started, release := hold(old)
	code := make(chan int, 1)
	go func() { code <- ask(t, s, "POST", "/", photo(t, 0)).Code }()
	<-started
	if err := s.Add("pets", imageModel(t, 2)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-old.freed:
		t.Fatal("the old version is freed while it has a request")
	default:
	}
	release()
	if c := <-code; c != 200 {
		t.Errorf("status %d", c)
	}
	<-old.freed
	if err := s.Remove("pets"); err != nil {
		t.Fatal(err)
	}
	wantError(t, ask(t, s, "POST", "/", photo(t, 0)), 503, "there is no model")
	wantError(t, ask(t, s, "POST", "/v1/models/pets:classify-image", photo(t, 0)), 404, "there is no model")
}

// TestLog checks the record of a request, and the headers that are passed on.
func TestLog(t *testing.T) {
	var text bytes.Buffer
	s := newServer(t, Options{Logger: slog.New(slog.NewJSONHandler(&text, nil))})
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	w := ask(t, s, "POST", "/", photo(t, 0), "X-Request-Id", "id-7", "Traceparent", trace)
	if w.Header().Get("X-Request-Id") != "id-7" || w.Header().Get("Traceparent") != trace {
		t.Errorf("headers %v", w.Header())
	}
	var rec map[string]any
	if err := json.Unmarshal(text.Bytes(), &rec); err != nil {
		t.Fatal(err)
	}
	for key, v := range map[string]any{"request_id": "id-7", "traceparent": trace, "model": "pets", "version": "1", "status": 200., "examples": 1., "method": "POST", "path": "/"} {
		if rec[key] != v {
			t.Errorf("%s is %v, want %v", key, rec[key], v)
		}
	}
	for _, key := range []string{"duration", "read", "decode", "queue", "compute", "bytes_in", "bytes_out"} {
		if _, ok := rec[key].(float64); !ok {
			t.Errorf("the record has no %s: %v", key, rec)
		}
	}
	text.Reset()
	w = ask(t, s, "GET", "/readyz", nil, "X-Request-Id", "bad id\n", "Traceparent", "x")
	if id := w.Header().Get("X-Request-Id"); len(id) < 20 || w.Header().Get("Traceparent") != "" || text.Len() > 0 {
		t.Errorf("headers %v, log %s", w.Header(), &text)
	}
}

// TestMetrics checks the metrics after a few requests.
func TestMetrics(t *testing.T) {
	s := newServer(t, Options{})
	for range 3 {
		ask(t, s, "POST", "/", photo(t, 0))
	}
	ask(t, s, "POST", "/", "no image")
	w := ask(t, s, "GET", "/metrics", nil)
	for _, line := range []string{
		`lince_requests_total{code="200",model="pets",route="/"} 3`, `lince_requests_total{code="422",model="pets",route="/"} 1`,
		`lince_batch_examples_sum{model="pets"} 3`, `lince_model_info{model="pets",version="1"} 1`, "lince_ready 1",
		`lince_phase_duration_seconds_count{model="pets",phase="decode"} 4`, `lince_phase_duration_seconds_count{model="pets",phase="compute"} 3`,
		`lince_examples_in_flight{model="pets"} 0`, `lince_examples_limit{model="pets"} 96`, "lince_requests_in_flight 1", "lince_bodies_bytes 0", "go_goroutines",
		fmt.Sprintf(`lince_request_bytes_total{model="pets"} %d`, 3*len(photo(t, 0))+8),
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("no %s", line)
		}
	}
}

// TestRaw checks the forms of requests with images, and that the answers are the model's.
func TestRaw(t *testing.T) {
	s := newServer(t, Options{})
	p := predicted(t, s, 0)
	wants := labels(p, 0)
	one := func(w *httptest.ResponseRecorder, k int) {
		t.Helper()
		var got []label
		want(t, w, 200, &got)
		if !slices.Equal(got, wants[:k]) {
			t.Errorf("got %v, want %v", got, wants[:k])
		}
	}
	file := photo(t, 0)
	one(ask(t, s, "POST", "/", file), 2)
	one(ask(t, s, "POST", "/", file, "Content-Type", "image/png"), 2)
	one(ask(t, s, "POST", "/?top_k=1", file), 1)
	one(ask(t, s, "POST", "/v1/models/pets:classify-image", file), 2)
	one(ask(t, s, "POST", "/v1/models/pets/versions/1:classify-image", file), 2)
	one(ask(t, s, "POST", "/", map[string]any{"inputs": file, "parameters": map[string]any{"top_k": 1, "function_to_apply": "softmax"}}), 1)
	var many [][]label
	want(t, ask(t, s, "POST", "/", map[string]any{"inputs": [][]byte{file, photo(t, 1)}}, "Content-Type", "application/json"), 200, &many)
	if len(many) != 2 || !slices.Equal(many[0], wants) {
		t.Errorf("got %v", many)
	}
	wantError(t, ask(t, s, "POST", "/", map[string]any{"inputs": [][]byte{file, []byte("x")}}), 422, "image 1: not an image")
}

// field is a field of a form. A file has a name or a type.
type field struct{ name, file, media, content string }

// sendForm sends a form, cut to a number of bytes if it is not 0.
func sendForm(t *testing.T, s http.Handler, path string, cut int, fields ...field) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		disposition := fmt.Sprintf("form-data; name=%q", f.name)
		if f.file != "" {
			disposition += fmt.Sprintf("; filename=%q", f.file)
		}
		h := textproto.MIMEHeader{"Content-Disposition": {disposition}}
		if f.media != "" {
			h.Set("Content-Type", f.media)
		}
		part, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, f.content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	body := b.Bytes()
	if cut > 0 {
		body = body[:cut]
	}
	return ask(t, s, "POST", path, body, "Content-Type", w.FormDataContentType())
}

// TestForms sends image files in forms, as curl -F, HTML forms and the clients of FastAPI do.
func TestForms(t *testing.T) {
	s := newServer(t, Options{})
	wants := [][]label{labels(predicted(t, s, 0), 5), labels(predicted(t, s, 1), 5)}
	files := []field{{"file", "a.png", "image/png", string(photo(t, 0))}, {"file", "b.png", "", string(photo(t, 1))}}
	for _, path := range []string{"/", "/v1/models/pets:classify-image", "/invocations"} {
		var one []label
		want(t, sendForm(t, s, path, 0, files[0]), 200, &one)
		if !slices.Equal(one, wants[0]) {
			t.Errorf("%s: got %v, want %v", path, one, wants[0])
		}
		var many [][]label
		want(t, sendForm(t, s, path, 0, files...), 200, &many)
		if len(many) != 2 || !slices.Equal(many[0], wants[0]) || !slices.Equal(many[1], wants[1]) {
			t.Errorf("%s: got %v, want %v", path, many, wants)
		}
	}
	// An HTML form also sends its other fields, and an empty input of files. A part with a type is a file without a name.
	var one []label
	want(t, sendForm(t, s, "/", 0, field{name: "submit", content: "Send"}, field{name: "other", media: "application/octet-stream"},
		field{"image", "", "image/png", string(photo(t, 0))}, field{name: "top_k", content: "1"}), 200, &one)
	if len(one) != 1 || one[0] != wants[0][0] {
		t.Errorf("got %v, want %v", one, wants[0][:1])
	}
	wantError(t, sendForm(t, s, "/v1/models/pets:gradcam", 0, files[0]), 422, "no feature map") // the image was read
	for _, c := range []struct {
		path   string
		cut    int
		fields []field
		status int
		text   string
	}{
		{"/", 0, nil, 400, "the form has no file; send the image as a file, such as curl -F file=@photo.jpg"},
		{"/", 0, []field{{name: "file", content: "photo.jpg"}}, 400, "the form has no file"},
		{"/", 200, files, 400, "the form cannot be read"},
		{"/", 0, []field{files[0], {"file", "x.png", "", "x"}}, 422, "image 1: not an image"},
		{"/", 0, []field{{"file", "x.png", "", ""}}, 400, "the image is empty"},
		{"/", 0, []field{files[0], {name: "top_k", content: "no"}}, 400, `top_k must be at least 1, got "no"`},
		{"/", 0, slices.Repeat([]field{{name: "x"}}, 200), 400, "the form has more than 100 fields"},
		{"/", 0, slices.Repeat([]field{{name: "x", file: "x"}}, 200), 413, "the form has more than 96 files"},
		{"/v1/models/pets:gradcam", 0, files, 413, "the form has more than 1 file"},
	} {
		wantError(t, sendForm(t, s, c.path, c.cut, c.fields...), c.status, c.text)
	}
	wantError(t, ask(t, s, "POST", "/", "--x", "Content-Type", "multipart/form-data"), 400, "has no boundary")
	wantError(t, ask(t, s, "POST", "/", "", "Content-Type", "multipart/form-data; boundary=x"), 400, "the form has no file")
}

// TestNoImages checks a model without preprocessing, and one that is no classifier.
func TestNoImages(t *testing.T) {
	s := newServer(t, Options{})
	m := imageModel(t, 1)
	m.Preprocessing = nil
	if err := s.Add("bare", m); err != nil {
		t.Fatal(err)
	}
	wantError(t, ask(t, s, "POST", "/v1/models/bare:classify-image", photo(t, 0)), 400, "no preprocessing")
	r, err := lince.Sequential(layer.Input{Shape: []int{4, 4, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add("map", r); err != nil {
		t.Fatal(err)
	}
	wantError(t, ask(t, s, "POST", "/v1/models/map:classify-image", photo(t, 0)), 400, "no classifier")
	want(t, ask(t, s, "GET", "/v2/models/map", nil), 200, nil)
}

// TestModels checks the list of models and the page.
func TestModels(t *testing.T) {
	s := newServer(t, Options{})
	var got struct {
		Models []struct {
			Name, Version string
			Ready, Images bool
			Classes       []string
		}
	}
	want(t, ask(t, s, "GET", "/v1/models", nil), 200, &got)
	if m := got.Models; len(m) != 1 || m[0].Name != "pets" || !m[0].Ready || !m[0].Images || !slices.Equal(m[0].Classes, []string{"cat", "dog"}) {
		t.Errorf("got %+v", got)
	}
	w := ask(t, s, "GET", "/", nil)
	want(t, w, 200, nil)
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(w.Body.String(), "NONCE") || strings.Contains(w.Body.String(), "//cdn") {
		t.Errorf("the page has the policy %q", csp)
	}
	want(t, ask(t, s, http.MethodHead, "/", nil), 200, nil)
}

// TestOpenAPI checks that the document has all routes, and that its references are defined.
func TestOpenAPI(t *testing.T) {
	s := newServer(t, Options{Token: "x"})
	w := ask(t, s, "GET", "/openapi.json", nil, "Authorization", "Bearer x")
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
		Security   []any
	}
	want(t, w, 200, &doc)
	for _, r := range routes() {
		if doc.Paths[r.path][strings.ToLower(r.method)] == nil {
			t.Errorf("no %s %s", r.method, r.path)
		}
	}
	for _, part := range strings.Split(w.Body.String(), `"$ref":"#/components/schemas/`)[1:] {
		if name, _, _ := strings.Cut(part, `"`); doc.Components.Schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Security) != 1 {
		t.Errorf("version %s, security %v", doc.OpenAPI, doc.Security)
	}
}

// TestTasks checks requests for models that are no classifiers of one class for each image.
func TestTasks(t *testing.T) {
	s := newServer(t, Options{})
	labels, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Sigmoid})
	if err != nil {
		t.Fatal(err)
	}
	labels.Classes, labels.MultiLabel = []string{"cat", "dog"}, true
	labels.Preprocessing = imageModel(t, 1).Preprocessing
	for name, m := range map[string]*lince.Model{"labels": labels, "number": numberModel(t)} {
		if err := s.Add(name, m); err != nil {
			t.Fatal(err)
		}
	}
	image := base64.StdEncoding.EncodeToString(photo(t, 0))
	var scores []label
	body := `{"inputs": "` + image + `", "parameters": {"function_to_apply": "sigmoid"}}`
	want(t, ask(t, s, "POST", "/v1/models/labels:classify-image", body), 200, &scores)
	if len(scores) != 2 {
		t.Errorf("several labels: %v", scores)
	}
	for _, path := range []string{"/v1/models/number:classify-image", "/v1/models/number:gradcam"} {
		wantError(t, ask(t, s, "POST", path, photo(t, 0)), 400, "the model number predicts a number, not classes; POST {")
	}
	var predicted struct{ Predictions [][]float32 }
	want(t, ask(t, s, "POST", "/v1/models/number:predict", `{"instances": [{"b64": "`+image+`"}]}`), 200, &predicted)
	if len(predicted.Predictions) != 1 || len(predicted.Predictions[0]) != 1 {
		t.Errorf("a number: %v", predicted)
	}
}

// TestDeepImages checks that the first image that loses values is logged.
func TestDeepImages(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	deep := func(value uint16) []byte {
		m := image.NewGray16(image.Rect(0, 0, 8, 8))
		m.SetGray16(0, 0, color.Gray16{Y: value})
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		file []byte
		want int // records so far
	}{{photo(t, 0), 0}, {deep(255), 0}, {deep(256), 1}, {deep(300), 1}, {photo(t, 0), 1}} {
		want(t, ask(t, s, "POST", "/", c.file), 200, nil)
		if n := strings.Count(log.String(), "above 255 and become white"); n != c.want {
			t.Errorf("%d records, want %d: %s", n, c.want, log.String())
		}
	}
}

// TestLowLimits checks that untrusted files cannot claim as much memory as those of lince's commands, also with a high limit of pixels.
func TestLowLimits(t *testing.T) {
	forged := func(w, h uint32) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 2, 2))); err != nil {
			t.Fatal(err)
		}
		data := b.Bytes()
		binary.BigEndian.PutUint32(data[16:], w)
		binary.BigEndian.PutUint32(data[20:], h)
		binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
		return append(data, make([]byte, 1<<20)...)
	}
	s := newServer(t, Options{})
	wantError(t, ask(t, s, "POST", "/", forged(8000, 7000)), 413, "at most 50000000 pixels")
	s = newServer(t, Options{MaxPixels: 1 << 30})
	wantError(t, ask(t, s, "POST", "/", forged(12000, 12000)), 413, "PNG of 12000x12000 pixels: this needs 412 MiB of memory, and a file of 1048651 bytes may use only 256 MiB")
	wantError(t, ask(t, s, "POST", "/", forged(20000, 10000)), 413, "at most 178956970 pixels")
}
