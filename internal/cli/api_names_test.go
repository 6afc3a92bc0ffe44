package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestWithFlags replaces the library's names in messages.
func TestWithFlags(t *testing.T) {
	for text, want := range map[string]string{
		"name it (SplitColumn, --split).":                                   "name it (--split).",
		"all of them (LabelColumns, --category a,b)":                        "all of them (--category a,b)",
		"To join them, use Rename (--rename 'CAT (1)=cat').":                "To join them, use --rename 'CAT (1)=cat'.",
		"remove Images (--images), or name it (FilenameColumn, --filename)": "remove --images, or name it (--filename)",
		"give the shapes (--input-shape, Options.InputShapes)":              "give the shapes (--input-shape)",
		"the class Cat (12 images) is large":                                "the class Cat (12 images) is large",
		"not supported: Foo; add custom layers to Options.Layers":           "not supported: Foo; only a Go program can add its own, with lince.Options.Layers",
	} {
		if got := withFlags(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestLibraryMessages finds no option of the library beside a flag in any message of the library after the replacement.
func TestLibraryMessages(t *testing.T) {
	left := regexp.MustCompile(`[A-Z]+[a-z]\w*,? \(?--[a-z]|--[a-z-]+, [A-Z]\w+\)`)
	whole := regexp.MustCompile(`^[A-Z]\w+, --[a-z-]+$`)
	root := testenv.Root(t)
	files := token.NewFileSet()
	found := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == filepath.Join("internal", "cli") || rel == "bench") && path != root {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			l, ok := n.(*ast.BasicLit)
			if !ok || l.Kind != token.STRING || !strings.Contains(l.Value, "--") {
				return true
			}
			text, err := strconv.Unquote(l.Value)
			if err != nil {
				t.Error(err)
			}
			found++
			if whole.MatchString(text) { // another message puts it in parentheses
				text = "(" + text + ")"
			}
			if m := left.FindString(withFlags(text)); m != "" {
				t.Errorf("%v: %q names an option beside its flag (%s)", files.Position(l.Pos()), text, m)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 20 {
		t.Errorf("only %d messages name flags", found)
	}
}
