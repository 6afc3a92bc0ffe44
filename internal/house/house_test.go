package house

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

const module = "github.com/lince-ml/lince"

// row matches a line of the map: package, purpose, what it may import.
var row = regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\| (.+?) \\|(.*)\\|$")

// TestImports checks the imports of each package against the table in ARCHITECTURE.md.
func TestImports(t *testing.T) {
	root := testenv.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		var list []string
		for name := range strings.SplitSeq(m[3], ",") {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			}
		}
		if allowed[m[1]] != nil {
			t.Errorf("ARCHITECTURE.md's map has two rows for %s", m[1])
		}
		allowed[m[1]] = append([]string{}, list...)
	}
	if len(allowed) < 20 {
		t.Fatalf("ARCHITECTURE.md has %d rows", len(allowed))
	}
	seen := map[string]bool{}
	used := map[[2]string]bool{} // package, entry of its row
	for dir, files := range sources(t, root) {
		name := dir
		if dir == "." {
			name = "lince"
		}
		seen[name] = true
		may, ok := allowed[name]
		if !ok {
			t.Errorf("package %s is not in ARCHITECTURE.md's map", name)
			continue
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, i := range f.Imports {
				path, _ := strconv.Unquote(i.Path.Value)
				if path == module {
					path = module + "/lince"
				}
				path, ours := strings.CutPrefix(path, module+"/")
				if !ours || path == "internal/suggest" {
					continue
				}
				at := slices.IndexFunc(may, func(p string) bool {
					return p == path || strings.HasSuffix(p, "/*") && strings.HasPrefix(path, p[:len(p)-1])
				})
				if at < 0 {
					t.Errorf("%s imports %s: not allowed by ARCHITECTURE.md's map", file, path)
					continue
				}
				used[[2]string{name, may[at]}] = true
			}
		}
	}
	for name, may := range allowed {
		if !seen[name] {
			t.Errorf("ARCHITECTURE.md's map has %s, which is not there", name)
			continue
		}
		for _, p := range may {
			if !used[[2]string{name, p}] {
				t.Errorf("ARCHITECTURE.md's map lets %s import %s, which it does not", name, p)
			}
		}
	}
}

// sources lists the Go files without tests, by folder, of packages that are not main programs of examples.
func sources(t *testing.T, root string) map[string][]string {
	t.Helper()
	m := map[string][]string{}
	for _, name := range pages(t, root, ".go") {
		dir := path.Dir(name)
		if strings.HasSuffix(name, "_test.go") || slices.Contains(strings.Split(dir, "/"), "examples") {
			continue
		}
		m[dir] = append(m[dir], filepath.Join(root, name))
	}
	return m
}

// generated matches the mark of generated files (go help generate).
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// TestNoInit checks that nothing registers itself: tables are written out in one place.
func TestNoInit(t *testing.T) {
	init := regexp.MustCompile(`(?m)^func init\(\)`)
	for _, files := range sources(t, testenv.Root(t)) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if init.Match(text) && !generated.Match(text) {
				t.Errorf("%s has an init function", file)
			}
		}
	}
}

// TestFileLength checks that no file is so long that it probably holds two ideas.
func TestFileLength(t *testing.T) {
	const most = 650
	for _, files := range sources(t, testenv.Root(t)) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), "\n"); n > most && !generated.Match(text) {
				t.Errorf("%s has %d lines, want at most %d: split it if it holds two ideas", file, n, most)
			}
		}
	}
}

// TestDataFiles checks that files of models, arrays and images lie under testdata, with the script that makes them.
func TestDataFiles(t *testing.T) {
	for _, file := range pages(t, testenv.Root(t), ".keras", ".h5", ".onnx", ".tflite", ".safetensors", ".pt", ".pth", ".npy", ".npz", ".png", ".jpg", ".zip") {
		t.Errorf("%s is not in a folder testdata", file)
	}
}
