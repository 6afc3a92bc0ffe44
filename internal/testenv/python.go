package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Python runs a script of internal/golden with the interpreter that LINCE_PYTHON names, which must have the
// packages of internal/golden/requirements.txt. Without LINCE_PYTHON, the test is skipped.
func Python(t testing.TB, script string, args ...string) {
	t.Helper()
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs real Keras: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	c := exec.Command(python, append([]string{filepath.Join(Root(t), "internal", "golden", script)}, args...)...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v:\n%s", script, args, err, out)
	}
}
