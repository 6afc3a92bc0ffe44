package serve

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// clientsPython returns the Python that has the real clients, or skips the test.
func clientsPython(t *testing.T) string {
	t.Helper()
	python := os.Getenv("LINCE_SERVE_PYTHON")
	if python == "" {
		t.Skip("needs the real clients: set LINCE_SERVE_PYTHON to a Python that has internal/golden/serve_requirements.txt")
	}
	return python
}

// TestSchemathesis compares the answers of servers with their OpenAPI documents. Schemathesis generates requests that the document allows, and others.
func TestSchemathesis(t *testing.T) {
	python := clientsPython(t)
	for name, c := range map[string]struct {
		options Options
		args    []string
	}{
		"all": {},
		// Without /unload, after which no request finds the model.
		"repository": {Options{Control: true, Poll: -1}, []string{"--include-path-regex", "^/v2/repository/", "--exclude-path-regex", "/unload$"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, c.options)
			if err := s.Load("file", save(t, 2, t.TempDir(), "file.keras")); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(s)
			defer server.Close()
			// A schema cannot say which bytes are an image, so the server refuses requests that the document allows.
			args := []string{"-m", "schemathesis.cli", "run", server.URL + "/openapi.json", "--exclude-checks", "positive_data_acceptance", "--max-examples", "10", "--seed", "1", "--warnings", "off"}
			run := exec.Command(python, append(args, c.args...)...)
			run.Dir = t.TempDir()
			run.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
			out, err := run.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "No issues found") {
				t.Fatalf("%v:\n%s", err, out)
			}
		})
	}
}

// TestClients calls a server with the real clients: huggingface_hub, tritonclient, kserve, and requests in the documented forms.
func TestClients(t *testing.T) {
	python := clientsPython(t)
	dir := t.TempDir()
	s, err := New(Options{Token: "secret", Control: true, Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Add("pets", imageModel(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Load("file", save(t, 2, dir, "file.keras")); err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(dir, "photo.png")
	if err := os.WriteFile(image, photo(t, 0), 0o666); err != nil {
		t.Fatal(err)
	}
	v, p := s.currentOf("pets"), predicted(t, s, 0)
	zeros, err := v.model.PredictBatch(tensor.New(tensor.Float32, 1, 8, 8, 3))
	if err != nil {
		t.Fatal(err)
	}
	expected, err := json.Marshal(map[string]any{
		"labels": labels(p, 0), "outputs": p.Probabilities, "zeros": zeros.Float32s(), "input": v.inputs[0].name, "output": v.outputs[0].name,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	c := exec.Command(python, filepath.Join(testenv.Root(t), "internal", "golden", "serve_clients.py"), server.URL, image, string(expected))
	c.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
}
