package serve

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// imageModel returns a model of two classes for images of 8x8 pixels. Its weights are random.
func imageModel(t testing.TB, seed uint64) *lince.Model {
	t.Helper()
	m, err := lince.Options{Seed: seed, Threads: 1}.Sequential(
		layer.Input{Shape: []int{8, 8, 3}},
		layer.Flatten{},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"cat", "dog"}
	m.Preprocessing = lince.Preprocessing{
		preprocess.Resize{Height: 8, Width: 8, Interpolation: picture.Bilinear},
		preprocess.Rescale{Scale: 1. / 255},
	}
	return m
}

// photo returns an image file.
func photo(t testing.TB, i int) []byte {
	t.Helper()
	set, err := demo.Parse("demo:cats-and-dogs?n=8")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := set.WritePNG(&b, i); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// newServer returns a server of a model named pets.
func newServer(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Add("pets", imageModel(t, 1)); err != nil {
		t.Fatal(err)
	}
	return s
}

// current returns the version of a model that answers.
func (s *Server) currentOf(name string) *version { return s.registry.find(name).current }

// ask sends a request to a server. headers are pairs of names and values.
func ask(t testing.TB, s http.Handler, method, path string, body any, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	case io.Reader:
		r = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	q := httptest.NewRequest(method, path, r)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, q)
	return w
}

// want checks the status of an answer, and decodes it into v if that is not nil.
func want(t testing.TB, w *httptest.ResponseRecorder, status int, v any) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if v != nil {
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	}
}

// wantError checks that an answer is an error with a text.
func wantError(t testing.TB, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	var e struct{ Error string }
	want(t, w, status, &e)
	if !strings.Contains(e.Error, text) {
		t.Fatalf("the error is %q, want %q in it", e.Error, text)
	}
}

// predicted returns what the model itself predicts for photo i.
func predicted(t testing.TB, s *Server, i int) lince.Classification {
	t.Helper()
	p, err := s.currentOf("pets").model.ClassifyImage(t.Context(), photo(t, i))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// numberModel returns a model that predicts a number for an image.
func numberModel(t testing.TB) *lince.Model {
	t.Helper()
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Regression, m.Preprocessing = true, imageModel(t, 1).Preprocessing
	return m
}

// flatModel returns a model with the input x, images of size x size pixels, which takes little time.
func flatModel(t testing.TB, size int) *lince.Model {
	t.Helper()
	m, err := lince.Options{Threads: 1}.Sequential(layer.Input{Shape: []int{size, size, 3}, Name: "x"}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
