// Package deploy checks the files for deployments that docs/serving.md shows, with the tools that use them. It is in a separate module, because that of Prometheus'
// rules has many dependencies.
package deploy

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// blocks returns the code blocks of a section of docs/serving.md in a language.
func blocks(t *testing.T, section, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "serving.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("docs/serving.md has no section %s", section)
	}
	rest, _, _ = strings.Cut("\n"+rest, "\n## ")
	var list []string
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(rest, -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatalf("the section %s has no block of %s", section, language)
	}
	return list
}

// write writes a file, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// silent runs a program that prints what is wrong with a file. It returns an error if it prints something.
func silent(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
}

// refuses checks that a check finds a mistake, so that a check that accepts everything fails.
func refuses(t *testing.T, what, text, right, wrong string, check func(text string) error) {
	t.Helper()
	if !strings.Contains(text, right) {
		t.Fatalf("the %s has no %q", what, right)
	}
	if check(strings.Replace(text, right, wrong, 1)) == nil {
		t.Errorf("the check of the %s accepts %q", what, wrong)
	}
}

// python returns the Python that has internal/golden/serve_requirements.txt, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	name := os.Getenv("LINCE_SERVE_PYTHON")
	if name == "" {
		t.Skip("set LINCE_SERVE_PYTHON to a Python that has internal/golden/serve_requirements.txt")
	}
	return name
}

// TestUnit checks the unit with systemd-analyze. It wants that the program exists, so another one takes its place.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("needs systemd-analyze")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := blocks(t, "systemd", "ini")[0]
	check := func(text string) error {
		return silent("systemd-analyze", "verify", write(t, "lince.service", strings.Replace(text, "/usr/local/bin/lince ", self+" ", 1)))
	}
	if err := check(unit); err != nil {
		t.Error(err)
	}
	refuses(t, "unit", unit, "MemoryMax", "MemoryMaximum", check)
	refuses(t, "unit", unit, "TimeoutStopSec=40", "TimeoutStopSec=soon", check)
}

// TestRules checks the rules with the parser of Prometheus, and that the server has their metrics.
func TestRules(t *testing.T) {
	rules := blocks(t, "Metrics and logs", "yaml")[0]
	check := func(text string) error {
		_, errs := rulefmt.Parse([]byte(text), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
		return errors.Join(errs...)
	}
	if err := check(rules); err != nil {
		t.Error(err)
	}
	refuses(t, "rules", rules, "> 0.01", "> > 0.01", check)
	refuses(t, "rules", rules, "annotations", "annotation", check)
	source, err := os.ReadFile(filepath.Join("..", "metrics.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`lince_\w+`).FindAllString(rules, -1) {
		if !strings.Contains(string(source), `"`+strings.TrimSuffix(name, "_bucket")+`"`) {
			t.Errorf("the rules have the metric %s, which is not in metrics.go", name)
		}
	}
}

// TestContainer checks the container file with hadolint.
func TestContainer(t *testing.T) {
	hadolint := filepath.Join(filepath.Dir(python(t)), "hadolint")
	for _, file := range append(blocks(t, "Container", "dockerfile"), blocks(t, "SageMaker and Vertex AI", "dockerfile")...) {
		check := func(text string) error { return silent(hadolint, write(t, "Dockerfile", text)) }
		if err := check(file); err != nil {
			t.Error(err)
		}
		refuses(t, "container file", file, "COPY ", "COPPY ", check)
	}
}

// TestManifests checks the manifests: those of Kubernetes with its schemas, that of KServe with its package.
func TestManifests(t *testing.T) {
	name := python(t)
	for _, file := range blocks(t, "Kubernetes", "yaml") {
		check := func(text string) error {
			return silent(name, filepath.Join("..", "..", "internal", "golden", "serve_manifests.py"), write(t, "manifest.yaml", text))
		}
		if err := check(file); err != nil {
			t.Error(err)
		}
		refuses(t, "manifest", file, "containerPort", "containersPort", check)
		refuses(t, "manifest", file, "kind: ", "kind: X", check)
	}
}
