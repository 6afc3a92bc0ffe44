package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// overlay runs a go command in which files of package micro have other texts.
func overlay(t *testing.T, texts map[string]string, args ...string) (output string, err error) {
	t.Helper()
	dir := t.TempDir()
	var replaced struct{ Replace map[string]string }
	replaced.Replace = map[string]string{}
	for path, text := range texts {
		to := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced.Replace[path] = to
	}
	list, err := json.Marshal(replaced)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("go", append([]string{args[0], "-overlay", file}, args[1:]...)...)
	c.Dir = testenv.Root(t)
	out, err := c.CombinedOutput()
	return string(out), err
}

// TestLayout checks that the assembly follows a change of the struct that it reads: its results stay the same if
// the fields are in another order, and the build fails with the name of a field that does not exist any more.
func TestLayout(t *testing.T) {
	switch _, err := exec.LookPath("go"); {
	case testing.Short():
		t.Skip("builds package micro twice: not with -short")
	case err != nil:
		t.Skip("needs the go command: ", err)
	case runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64":
		t.Skip("no assembly on ", runtime.GOARCH)
	}
	micro := filepath.Join(testenv.Root(t), "internal", "kernel", "micro")
	paths, err := filepath.Glob(filepath.Join(micro, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	source := map[string]string{} // of files that are not generated
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), notice) {
			source[path] = string(text)
		}
	}

	t.Run("order", func(t *testing.T) {
		path := filepath.Join(micro, "micro.go")
		before, rest, ok := strings.Cut(source[path], "type Args struct {\n")
		fields, after, ok2 := strings.Cut(rest, "\n}\n")
		if !ok || !ok2 {
			t.Fatal("micro.go has no struct Args")
		}
		lines := strings.Split(fields, "\n") // one field each
		slices.Reverse(lines)
		reversed := before + "type Args struct {\n" + strings.Join(lines, "\n") + "\n}\n" + after
		out, err := overlay(t, map[string]string{path: reversed}, "test", "-vet=off", "-count=1", "-v", "-run", "^TestBits$", "./internal/kernel/micro")
		if err != nil || !strings.Contains(out, "--- PASS: TestBits") {
			t.Errorf("with the fields of Args in reverse order: %v\n%s", err, out)
		}
	})
	t.Run("name", func(t *testing.T) {
		renamed := map[string]string{}
		for path, text := range source {
			renamed[path] = regexp.MustCompile(`\bCStride\b`).ReplaceAllString(text, "renamed")
		}
		out, err := overlay(t, renamed, "build", "./internal/kernel/micro")
		if err == nil || !regexp.MustCompile(`asm_\w+\.go:.*CStride`).MatchString(out) {
			t.Errorf("without the field CStride, the build does not report it: %v\n%s", err, out)
		}
	})
}
