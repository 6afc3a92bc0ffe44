package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// avoided is a row of one of the glossary's tables of words to avoid.
type avoided struct {
	words string
	match *regexp.Regexp
	write string
	where []string // folders; nil is all
}

// in reports whether the row is about the file at path, which is relative to the module.
func (a avoided) in(path string) bool {
	if a.where == nil {
		return true
	}
	for _, folder := range a.where {
		if strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}

// glossary reads the table under a heading of docs/glossary.md.
func glossary(t *testing.T, root, heading, flags string) []avoided {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/glossary.md has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []avoided
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| avoid ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) < 2 {
			t.Fatalf("docs/glossary.md: not a row: %s", line)
		}
		a := avoided{words: strings.TrimSpace(cells[0]), write: strings.TrimSpace(cells[1])}
		var patterns []string
		for word := range strings.SplitSeq(a.words, ", ") {
			word = strings.ReplaceAll(regexp.QuoteMeta(word), `\*`, `[A-Za-z]*`)
			patterns = append(patterns, strings.ReplaceAll(word, " ", `\s+(?://\s*)?`))
		}
		a.match = regexp.MustCompile(flags + `\b(` + strings.Join(patterns, "|") + `)\b`)
		if len(cells) > 2 {
			for folder := range strings.SplitSeq(cells[2], ",") {
				a.where = append(a.where, strings.TrimSpace(folder))
			}
		}
		rows = append(rows, a)
	}
	if len(rows) == 0 {
		t.Fatalf("docs/glossary.md: the table of %q is empty", heading)
	}
	return rows
}

// pages lists the files with these endings, by their path in the module.
func pages(t *testing.T, root string, endings ...string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); path != root && (n == "testdata" || n == "runs" || strings.HasPrefix(n, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		for _, ending := range endings {
			if strings.HasSuffix(path, ending) {
				rel, err := filepath.Rel(root, path)
				if err != nil {
					return err
				}
				paths = append(paths, filepath.ToSlash(rel))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// codeWords matches what a page quotes: code, addresses and file names, whose words are not the page's.
var codeWords = regexp.MustCompile("(?s)```.*?```|`[^`]*`|https?://\\S+|\\b[\\w./-]+\\.(go|py|md|keras|csv|json|png|zip)\\b|\\b[Pp]ackage picture\\b|\\bpicture\\.[A-Z]\\w*|\\bdata/picture\\b")

// words finds avoided words in a text that begins at a line of a file.
func words(rows []avoided, path string, line int, text string) (found []string) {
	text = codeWords.ReplaceAllStringFunc(text, func(s string) string {
		return "\x00" + strings.Repeat("\n", strings.Count(s, "\n")) + "\x00"
	})
	for _, a := range rows {
		if !a.in(path) {
			continue
		}
		for _, at := range a.match.FindAllStringIndex(text, -1) {
			found = append(found, fmt.Sprintf("%s:%d: %q: write %s", path, line+strings.Count(text[:at[0]], "\n"), text[at[0]:at[1]], a.write))
		}
	}
	return found
}

// wordsOfGo finds avoided words in the comments and texts of a Go file, and avoided names in its identifiers.
func wordsOfGo(rows, names []avoided, path string, src []byte) (found []string) {
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile(path, fset.Base(), len(src))
	s.Init(file, src, nil, scanner.ScanComments)
	var comment strings.Builder // the lines of a comment, which are one text
	first, last := 0, -1
	flush := func() {
		found = append(found, words(rows, path, first, comment.String())...)
		comment.Reset()
	}
	for {
		pos, tok, text := s.Scan()
		line := file.Line(pos)
		switch tok {
		case token.EOF:
			flush()
			return found
		case token.COMMENT:
			if strings.HasPrefix(text, "//go:") {
				continue
			}
			if line != last+1 {
				flush()
				first = line
			}
			comment.WriteString(text + "\n")
			last = line
		case token.STRING:
			found = append(found, words(rows, path, line, text)...)
		case token.IDENT:
			found = append(found, words(names, path, line, text)...)
		}
	}
}

// TestGlossary checks that no file has a word or name that the tables of docs/glossary.md ban.
func TestGlossary(t *testing.T) {
	root := testenv.Root(t)
	rows := glossary(t, root, "Words to avoid", "(?i)")
	names := glossary(t, root, "Names to avoid", "")
	for _, path := range pages(t, root, ".go", ".md") {
		if path == "docs/glossary.md" || strings.HasPrefix(path, "internal/house/") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if generated.Match(src) {
			continue
		}
		var found []string
		if strings.HasSuffix(path, ".go") {
			found = wordsOfGo(rows, names, path, src)
		} else {
			found = words(rows, path, 1, string(src))
		}
		for _, f := range found {
			t.Error(f)
		}
	}
}

// TestGlossaryFinds shows that the search finds a word in each kind of text.
func TestGlossaryFinds(t *testing.T) {
	root := testenv.Root(t)
	rows := glossary(t, root, "Words to avoid", "(?i)")
	names := glossary(t, root, "Names to avoid", "")
	src := "package data\n\n// A model is\n// made Anew.\nvar category = \"a data set\" // a greyish one\n\n// `anew` is quoted.\nvar _ = `json:\"anew\"`\n"
	found := strings.Join(wordsOfGo(rows, names, "data/x.go", []byte(src)), "\n")
	for _, want := range []string{`data/x.go:4: "Anew"`, `data/x.go:5: "category"`, `data/x.go:5: "data set"`, `data/x.go:5: "greyish"`} {
		if !strings.Contains(found, want) {
			t.Errorf("%s is not in\n%s", want, found)
		}
	}
	if n := strings.Count(found, "\n") + 1; n != 4 {
		t.Errorf("found %d words, want 4:\n%s", n, found)
	}
	if found := words(rows, "README.md", 1, "It goes\non."); len(found) != 1 {
		t.Errorf("a phrase over two lines: found %q", found)
	}
}

// goFiles parses the Go files of each folder, tests left out.
func goFiles(t *testing.T) map[string][]*ast.File {
	t.Helper()
	root := testenv.Root(t)
	parsed := map[string][]*ast.File{}
	for dir, files := range sources(t, root) {
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed[dir] = append(parsed[dir], f)
		}
	}
	return parsed
}

// TestOptionsNames checks that the type of a call's settings, its last parameter o, ends in Options.
func TestOptionsNames(t *testing.T) {
	parsed := goFiles(t)
	structs := map[string]bool{}
	for _, files := range parsed {
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					_, structs[spec.Name.Name] = spec.Type.(*ast.StructType)
				}
				return true
			})
		}
	}
	seen := 0
	for dir, files := range parsed {
		for _, f := range files {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || !fn.Name.IsExported() || fn.Type.Params.NumFields() == 0 {
					continue
				}
				last := fn.Type.Params.List[len(fn.Type.Params.List)-1]
				name := ""
				if len(last.Names) > 0 {
					name = last.Names[len(last.Names)-1].Name
				}
				if name != "o" && name != "opt" && name != "opts" && name != "options" {
					continue
				}
				typ := ""
				switch x := last.Type.(type) {
				case *ast.Ident:
					typ = x.Name
				case *ast.SelectorExpr:
					typ = x.Sel.Name
				}
				if !ast.IsExported(typ) || !structs[typ] {
					continue
				}
				seen++
				if !strings.HasSuffix(typ, "Options") {
					t.Errorf("%s: the settings of %s are a %s, want a name that ends in Options", dir, fn.Name.Name, typ)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("saw %d types of options", seen)
	}
}

// TestFieldCase checks that no struct has two fields, its own or those of embedded structs of its package, that differ by case
// alone. Generated code may.
func TestFieldCase(t *testing.T) {
	for dir, files := range goFiles(t) {
		structs := map[string]*ast.StructType{}
		for _, f := range files {
			if ast.IsGenerated(f) {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if s, ok := spec.Type.(*ast.StructType); ok {
						structs[spec.Name.Name] = s
					}
				}
				return true
			})
		}
		var fields func(s *ast.StructType, depth int, add func(name string))
		fields = func(s *ast.StructType, depth int, add func(name string)) {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					add(name.Name)
				}
				if len(field.Names) > 0 || depth == 5 {
					continue
				}
				typ := field.Type
				if star, ok := typ.(*ast.StarExpr); ok {
					typ = star.X
				}
				if id, ok := typ.(*ast.Ident); ok && structs[id.Name] != nil {
					fields(structs[id.Name], depth+1, add)
				}
			}
		}
		for name, s := range structs {
			seen := map[string]string{}
			fields(s, 0, func(field string) {
				lower := strings.ToLower(field)
				if was, ok := seen[lower]; ok && was != field {
					t.Errorf("%s: %s has the fields %s and %s", dir, name, was, field)
				}
				seen[lower] = field
			})
		}
	}
}
