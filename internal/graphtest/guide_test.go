package graphtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

var (
	quotedFile = regexp.MustCompile("`([\\w/.-]+/[\\w.-]+\\.(?:go|py|json|md|txt))`")
	quotedTest = regexp.MustCompile("`((?:Test|Example|Fuzz)\\w+)`")
	linkedFile = regexp.MustCompile(`\]\(([\w./-]+\.md)\)`)
	ranTests   = regexp.MustCompile(`^go test ((?:\./[\w/.]+ ?)+?)(?: -run (\w+))?(?: -update)?$`)
	ranScript  = regexp.MustCompile(`^\$LINCE_PYTHON (\S+)$`)
)

// otherCommands are the shell commands of guides that need no check.
var otherCommands = []string{"python -m venv ~/keras", "~/keras/bin/pip install -r internal/golden/requirements.txt", "export LINCE_PYTHON=~/keras/bin/python", "go vet ./..."}

// guideMistakes checks a page: the lines of a block of Go or Python must be lines of the file that the text before the
// block names last, shell commands must run existing tests and scripts, and files and tests that the text names must
// exist. read returns the text of a file of the module, or of all Go files in a folder.
func guideMistakes(page string, read func(path string) (string, bool)) []string {
	var mistakes []string
	mistake := func(format string, a ...any) { mistakes = append(mistakes, fmt.Sprintf(format, a...)) }
	exists := func(path string) bool { _, ok := read(path); return ok }
	file := ""
	for i, part := range strings.Split(page, "```") {
		if i%2 == 0 { // text
			for _, m := range quotedFile.FindAllStringSubmatch(part, -1) {
				if file = m[1]; !exists(file) {
					mistake("there is no file %s", file)
				}
			}
			for _, m := range linkedFile.FindAllStringSubmatch(part, -1) {
				if !exists("docs/" + m[1]) {
					mistake("there is no page docs/%s", m[1])
				}
			}
			for _, m := range quotedTest.FindAllStringSubmatch(part, -1) {
				tests := ""
				for _, dir := range []string{"layer", "loss", "metric", "optimizer", "initializer", "regularizer", "constraint", "internal/graphtest"} {
					text, _ := read(dir)
					tests += text
				}
				if !strings.Contains(tests, "func "+m[1]+"(") {
					mistake("there is no test %s", m[1])
				}
			}
			continue
		}
		language, block, _ := strings.Cut(part, "\n")
		switch language {
		case "go", "python":
			text, _ := read(file)
			if !strings.Contains(unindented(text), unindented(block)) {
				mistake("%s does not contain this block:\n%s", file, block)
			}
		case "sh":
			for line := range strings.Lines(block) {
				line = strings.TrimSpace(line)
				switch test, script := ranTests.FindStringSubmatch(line), ranScript.FindStringSubmatch(line); {
				case test != nil:
					for dir := range strings.FieldsSeq(test[1]) {
						text, ok := read(strings.TrimPrefix(dir, "./"))
						if !ok {
							mistake("%s: there is no package %s", line, dir)
						} else if !regexp.MustCompile(`func \w*` + test[2] + `\w*\(t \*testing\.T\)`).MatchString(text) {
							mistake("%s: no test of %s matches", line, dir)
						}
					}
				case script != nil && exists(script[1]):
				case !slices.Contains(otherCommands, line):
					mistake("%s: unknown command", line)
				}
			}
		default:
			mistake("a block has no language, want go, python or sh")
		}
	}
	return mistakes
}

// unindented returns the lines of a text without indentation and without empty lines at either end.
func unindented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		b.WriteString("\n" + strings.TrimSpace(line))
	}
	return b.String()
}

// TestGuide checks that docs/add-a-layer.md agrees with the tree.
func TestGuide(t *testing.T) {
	root := testenv.Root(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "add-a-layer.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range guideMistakes(string(page), func(path string) (string, bool) {
		path = filepath.Join(root, filepath.FromSlash(path))
		files, _ := filepath.Glob(filepath.Join(path, "*.go"))
		if files == nil {
			files = []string{path}
		}
		var text []byte
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return "", false
			}
			text = append(text, data...)
		}
		return string(text), true
	}) {
		t.Error(m)
	}
}

// TestGuideMistakesAreFound shows that TestGuide can fail.
func TestGuideMistakesAreFound(t *testing.T) {
	tree := map[string]string{"layer/x.go": "package layer\n\n\tx := 1\n\ty := 2\n", "layer": "func TestX(t *testing.T) {\n"}
	read := func(path string) (string, bool) { text, ok := tree[path]; return text, ok }
	for page, want := range map[string]string{
		"In `layer/x.go`:\n```go\nx := 1\ny := 2\n```\n":             "",
		"In `layer/x.go`:\n```go\nx := 1\ny := 3\n```\n":             "layer/x.go does not contain this block:\nx := 1\ny := 3\n",
		"In `layer/y.go`, see [y](y.md) and `TestY` and `TestX`.\n":  "there is no file layer/y.go; there is no page docs/y.md; there is no test TestY",
		"```sh\ngo test ./layer -run X\ngo test ./layer -run Z\n```": "go test ./layer -run Z: no test of ./layer matches",
		"```sh\ngo test ./data\nmake\n$LINCE_PYTHON a.py\n```":       "go test ./data: there is no package ./data; make: unknown command; $LINCE_PYTHON a.py: unknown command",
		"```\nx\n```": "a block has no language, want go, python or sh",
	} {
		if got := strings.Join(guideMistakes(page, read), "; "); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", page, got, want)
		}
	}
}
