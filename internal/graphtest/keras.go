package graphtest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/lince-ml/lince/internal/pyfloat"
)

// Keras runs a Python script with real Keras. It writes in to the script's standard input as JSON, with floating-point
// numbers that Python reads as floats, and decodes what the script prints into out. LINCE_PYTHON must name a Python
// that has Keras. If it is not set, the test is skipped.
func Keras(t testing.TB, script string, in, out any) {
	t.Helper()
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs a Python with the packages of internal/golden/requirements.txt: set LINCE_PYTHON to it")
	}
	data, err := json.Marshal(floats(in))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Env = append(os.Environ(), "TF_CPP_MIN_LOG_LEVEL=3", "CUDA_VISIBLE_DEVICES=", "TF_ENABLE_ONEDNN_OPTS=0", "KERAS_BACKEND=tensorflow")
	cmd.Stdin = bytes.NewReader(data)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", python, err, stderr.String())
	}
	if err := json.Unmarshal(printed, out); err != nil {
		t.Fatalf("%v in what the script printed: %s", err, printed)
	}
}

// floats marks every float64 of a config, so that Python reads it as a float: 1.0, not 1.
func floats(v any) any {
	switch v := v.(type) {
	case float64:
		return json.RawMessage(pyfloat.Repr(v))
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = floats(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = floats(x)
		}
		return l
	case []map[string]any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = floats(x)
		}
		return l
	}
	return v
}
