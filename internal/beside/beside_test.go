package beside

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "models")
	if err := os.Mkdir(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "secret"), filepath.Join(inner, "data"), filepath.Join(inner, "..data")} {
		if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	links := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(inner, "link")) == nil
	f := To(filepath.Join(inner, "model.onnx"))
	defer f.Close()
	for _, name := range []string{"data", "..data"} {
		r, size, err := f.Open(name)
		if err != nil || size != 7 {
			t.Errorf("%s: %d bytes, %v", name, size, err)
			continue
		}
		b := make([]byte, 7)
		if _, err := r.ReadAt(b, 0); err != nil || string(b) != "content" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	refused := map[string]string{
		"": "plain name", ".": "plain name", "..": "plain name", "../secret": "plain name", "a/../../secret": "plain name", `..\secret`: "plain name",
		filepath.Join(dir, "secret"): "plain name", "c:data": "plain name", "a\x00": "plain name", "missing": "no such file",
	}
	if links {
		refused["link"] = "is not a regular file"
	}
	for name, want := range refused {
		if _, _, err := f.Open(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %s", name, err, want)
		}
	}
	if _, _, err := To("").Open("data"); err == nil || !strings.Contains(err.Error(), "only the bytes") {
		t.Errorf("a model in memory: error is %v", err)
	}
}
