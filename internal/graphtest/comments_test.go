package graphtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
)

// sections lists the phrases that the doc comment of a class must contain, by Keras module.
var sections = map[string][]string{
	"activations":  nil,
	"initializers": {"\nShape: "},
	"layers":       {"\nInput shape: ", "\nOutput shape: ", "Build reports an error if"},
	"losses":       {"\nTargets: ", "\nPredictions: ", "\nResult: ", "Build reports an error if"},
	"metrics":      {"\nTargets: ", "\nPredictions: ", "\nResult: ", "Build reports an error if"},
	"optimizers":   {"\nSlots: ", "Build reports an error if"},

	"optimizers.schedules": nil,
	"regularizers":         {"\nOperand: "},
	"constraints":          {"\nOperand: "},
}

// missing lists what the doc comment of a Keras class or function lacks: its Keras symbol, a formula, which is an
// indented block, or a section.
func missing(doc, module, name string) []string {
	var lacks []string
	symbol := regexp.MustCompile(`\bkeras\.` + module + `\.` + name + `\b`)
	if !symbol.MatchString(doc) {
		lacks = append(lacks, "the Keras symbol keras."+module+"."+name)
	}
	if !strings.Contains(doc, "\n\t") {
		lacks = append(lacks, "an indented block with a formula")
	}
	for _, s := range sections[module] {
		if !strings.Contains(doc, s) {
			lacks = append(lacks, strconv.Quote(strings.TrimSpace(s)))
		}
	}
	return lacks
}

// described matches the comment of a field, which must say what the default is or that there is none.
var described = regexp.MustCompile(`(?i)\b(default|required)\b`)

// undescribed lists the exported fields of a struct whose comments do not give a default.
func undescribed(s *ast.StructType) []string {
	var names []string
	for _, f := range s.Fields.List {
		comment := f.Doc.Text() + f.Comment.Text()
		for _, n := range f.Names {
			if n.IsExported() && !described.MatchString(comment) {
				names = append(names, n.Name)
			}
		}
	}
	return names
}

// declarations parses a package of the module.
func declarations(t *testing.T, dir string) []ast.Decl {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testenv.Root(t), dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var decls []ast.Decl
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, f.Decls...)
	}
	return decls
}

// specs calls add for each specification of type S in decls, with its doc comment.
func specs[S ast.Spec](decls []ast.Decl, add func(spec S, doc string)) {
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			switch spec := s.(type) {
			case *ast.TypeSpec:
				if s, ok := ast.Spec(spec).(S); ok {
					add(s, g.Doc.Text()+spec.Doc.Text())
				}
			case *ast.ValueSpec:
				if s, ok := ast.Spec(spec).(S); ok {
					add(s, spec.Doc.Text())
				}
			}
		}
	}
}

// TestClassesAreDocumented checks that the doc comment of each class gives its Keras symbol, its shapes, a formula
// and its errors, and that the comment of each field gives its default.
func TestClassesAreDocumented(t *testing.T) {
	type declared struct {
		doc  string
		spec *ast.TypeSpec
	}
	packages := map[string]map[string]declared{}
	for _, d := range defaults {
		typ := reflect.TypeOf(d.value)
		dir := strings.TrimPrefix(typ.PkgPath(), "github.com/lince-ml/lince/")
		if packages[dir] == nil {
			packages[dir] = map[string]declared{}
			specs(declarations(t, dir), func(s *ast.TypeSpec, doc string) { packages[dir][s.Name.Name] = declared{doc, s} })
		}
		c := packages[dir][typ.Name()]
		for _, what := range missing(c.doc, d.module, classOf(d.module, d.value)) {
			t.Errorf("the documentation of %v lacks %s", typ, what)
		}
		if s, ok := c.spec.Type.(*ast.StructType); ok {
			for _, name := range undescribed(s) {
				t.Errorf("%v.%s: the comment gives no default; write \"The default is ...\" or \"Required.\"", typ, name)
			}
		}
	}
}

// TestActivationsAreDocumented checks that the doc comment of each activation function gives its Keras symbol and a
// formula.
func TestActivationsAreDocumented(t *testing.T) {
	var seen []string
	specs(declarations(t, "layer"), func(s *ast.ValueSpec, doc string) {
		if typ, ok := s.Type.(*ast.Ident); !ok || typ.Name != "Function" {
			return
		}
		name, err := strconv.Unquote(s.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, name)
		for _, what := range missing(doc, "activations", name) {
			t.Errorf("the documentation of layer.%s lacks %s", s.Names[0].Name, what)
		}
	})
	for _, name := range layer.Activations() {
		if !slices.Contains(seen, name) {
			t.Errorf("activation %s has no constant with documentation", name)
		}
	}
}

// TestMissingDocumentationIsFound shows that the tests above find what is missing.
func TestMissingDocumentationIsFound(t *testing.T) {
	doc := "ReLU cuts off (keras.layers.ReLU6):\n\ny = x\n\nInput shape: (batch, ...).\n"
	want := []string{"the Keras symbol keras.layers.ReLU", "an indented block with a formula", `"Output shape:"`, `"Build reports an error if"`}
	if got := missing(doc, "layers", "ReLU"); !slices.Equal(got, want) {
		t.Errorf("missing is %q, want %q", got, want)
	}
	src := "package p\n\ntype T struct {\n// Rate is a fraction.\nRate float64\nSeed int // default: 0\nhidden int\n}\n"
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	specs(f.Decls, func(s *ast.TypeSpec, _ string) {
		if got := undescribed(s.Type.(*ast.StructType)); !slices.Equal(got, []string{"Rate"}) {
			t.Errorf("fields without a default are %q, want Rate", got)
		}
	})
}
