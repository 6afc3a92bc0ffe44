package serve

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// TestClients calls a server with the real clients: huggingface_hub, tritonclient, and requests in the documented forms.
func TestClients(t *testing.T) {
	python := os.Getenv("LINCE_SERVE_PYTHON")
	if python == "" {
		t.Skip("needs the real clients: set LINCE_SERVE_PYTHON to a Python that has internal/golden/serve_requirements.txt")
	}
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
