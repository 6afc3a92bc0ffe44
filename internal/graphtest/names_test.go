package graphtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
)

// A nameSection translates the names of a module of Keras, or of a function's arguments. The names are those of
// testdata/names.json.
type nameSection struct {
	group  string // the heading before the section, if it is the first of a group
	module string // the key in names.json
	of     string // the module whose registry has the classes, if that is not module
	note   string // a text before the table
	// rows has what is not a class of a registry. A cell has the Go symbols for the name, or begins with "not there: " or
	// "not needed: ".
	rows map[string]string
	rest string // the cell of all names without a row and a class; they are listed together
}

// nameGroups has the sections of the page in its order.
var nameGroups = slices.Concat(modelNames, classNames, callbackNames, dataNames, utilityNames, libraryNames)

// registryDirs has the packages of the registries, by module.
var registryDirs = map[string]string{
	"keras.layers":               "layer",
	"keras.losses":               "loss",
	"keras.metrics":              "metric",
	"keras.optimizers":           "optimizer",
	"keras.optimizers.schedules": "optimizer/schedule",
	"keras.initializers":         "initializer",
	"keras.regularizers":         "regularizer",
	"keras.constraints":          "constraint",
}

// packageDirs has the directories of the packages that the tables may name, beside package lince, and import paths of the
// standard library.
var packageDirs = []string{
	"callback", "constraint", "data", "data/augment", "data/datasets", "data/picture", "data/preprocess", "format/npy", "graph", "graph/op", "initializer", "layer", "loss",
	"metric", "optimizer", "optimizer/schedule", "plot", "profile", "regularizer", "report", "tensor", "zoo", "math/rand", "net/http", "os",
}

// dirOf returns the entry of packageDirs for the name of a package, or "" if there is none.
func dirOf(pkg string) string {
	if pkg == "lince" {
		return "."
	}
	i := slices.IndexFunc(packageDirs, func(dir string) bool { return path.Base(dir) == pkg })
	if i < 0 {
		return ""
	}
	return packageDirs[i]
}

var symbol = regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?\b`)

// names writes the tables of names.
func names(t *testing.T) string {
	text, err := os.ReadFile(filepath.Join("testdata", "names.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range nameGroups {
		if s.group != "" {
			fmt.Fprintf(&b, "\n## %s\n", s.group)
		}
		if len(all[s.module]) == 0 {
			t.Errorf("names.json has no %s", s.module)
		}
		writeSection(t, &b, s, all[s.module])
		delete(all, s.module)
	}
	for module := range all {
		t.Errorf("no section translates the names of %s", module)
	}
	return b.String()
}

func writeSection(t *testing.T, b *strings.Builder, s nameSection, list []string) {
	registry := registryNames(t, s)
	byCell, cells := map[string][]string{}, []string{}
	var rest []string
	for _, name := range list {
		cell := cellOf(s, registry, name)
		switch {
		case cell == "" && s.rest != "":
			rest = append(rest, code(name))
		case cell == "":
			t.Errorf("%s: %s has no row", s.module, name)
		default:
			if len(byCell[cell]) == 0 {
				cells = append(cells, cell)
			}
			byCell[cell] = append(byCell[cell], name)
		}
	}
	for name, cell := range s.rows {
		if !slices.Contains(list, name) {
			t.Errorf("%s: Keras has no name %s", s.module, name)
		}
		checkCell(t, s.module+"."+name, cell)
	}
	fmt.Fprintf(b, "\n### %s\n\n", s.module)
	if args := strings.TrimPrefix(s.module, "keras."); registryDirs[s.module] != "" {
		fmt.Fprintf(b, "The [arguments of these classes](#%s) are below.\n\n", strings.ReplaceAll(args, ".", ""))
	}
	if s.note != "" {
		checkSymbols(t, s.module, s.note)
		fmt.Fprintf(b, "%s\n\n", marked(s.note))
	}
	fmt.Fprint(b, "| Python | Go |\n|---|---|\n")
	for _, cell := range cells {
		fmt.Fprintf(b, "| %s | %s |\n", strings.Join(byCell[cell], ", "), marked(cell))
	}
	if rest != nil {
		checkSymbols(t, s.module, s.rest)
		fmt.Fprintf(b, "\n%s: %s.\n", strings.ToUpper(s.rest[:1])+marked(s.rest)[1:], strings.Join(rest, ", "))
	}
}

// cellOf returns the Go side of a name, or "" if it is neither in the section's rows nor a class.
func cellOf(s nameSection, registry map[string]string, name string) string {
	if cell := s.rows[name]; cell != "" {
		return cell
	}
	module := s.module
	if s.of != "" {
		module = s.of
	}
	if typ := registry[name]; typ != "" {
		return typ
	}
	if reason := refusal(module, name); reason != "" {
		return "not there: " + reason
	}
	dir := registryDirs[module]
	if dir == "" {
		return ""
	}
	pkg := filepath.Base(dir)
	switch name {
	case "get", "deserialize":
		return pkg + ".Decode"
	case "serialize":
		return fmt.Sprintf("%s.ClassOf, %s.ConfigOf", pkg, pkg)
	}
	return ""
}

// refusal returns the reason for which lince does not support a class of a module.
func refusal(module, name string) string {
	m, ok := modules[strings.TrimPrefix(module, "keras.")]
	if !ok {
		return ""
	}
	_, err := m.decode(name, nil)
	var unknown *config.UnknownClass
	if errors.As(err, &unknown) {
		return unknown.Reason
	}
	return ""
}

// registryNames returns the Go types of a section's classes by their names, aliases and short names in Keras. It reads the
// tables in the source: the packages export class names alone.
func registryNames(t *testing.T, s nameSection) map[string]string {
	module := s.module
	if s.of != "" {
		module = s.of
	}
	found := map[string]string{}
	if module == "keras.activations" {
		specs(declarations(t, "layer"), func(s *ast.ValueSpec, _ string) {
			if typ, ok := s.Type.(*ast.Ident); ok && typ.Name == "Function" {
				found[unquoted(s.Values[0])] = "layer." + s.Names[0].Name
			}
		})
		return found
	}
	dir := registryDirs[module]
	if dir == "" {
		return found
	}
	specs(declarations(t, dir), func(s *ast.ValueSpec, _ string) {
		if s.Names[0].Name != "classes" {
			return
		}
		ast.Inspect(s, func(n ast.Node) bool {
			entry, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			typ, names := "", []string(nil)
			for _, e := range entry.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				switch key, _ := kv.Key.(*ast.Ident); {
				case key == nil:
				case key.Name == "Of":
					typ = kv.Value.(*ast.CompositeLit).Type.(*ast.Ident).Name
				case key.Name == "Class":
					names = append(names, unquoted(kv.Value))
				case key.Name == "Names", key.Name == "Aliases":
					for _, v := range kv.Value.(*ast.CompositeLit).Elts {
						names = append(names, unquoted(v))
					}
				}
			}
			if typ == "" {
				return true
			}
			if class := classField(entry); class == "" {
				names = append(names, typ)
			}
			if module == "keras.optimizers" {
				names = append(names, strings.ToLower(typ))
			}
			for _, name := range names {
				found[name] = filepath.Base(dir) + "." + typ
			}
			return false
		})
	})
	if len(found) == 0 {
		t.Errorf("%s has no classes", dir)
	}
	return found
}

func classField(entry *ast.CompositeLit) string {
	for _, e := range entry.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Class" {
			return unquoted(kv.Value)
		}
	}
	return ""
}

func unquoted(e ast.Expr) string {
	s, err := strconv.Unquote(e.(*ast.BasicLit).Value)
	if err != nil {
		panic(err)
	}
	return s
}

// marked returns a cell in Markdown: Go symbols become code.
func marked(cell string) string {
	parts := strings.Split(cell, "`")
	for i := 0; i < len(parts); i += 2 { // outside of code
		parts[i] = symbol.ReplaceAllString(parts[i], "`$0`")
	}
	return strings.Join(parts, "`")
}

// checkCell reports the mistakes in a row.
func checkCell(t *testing.T, name, cell string) {
	checkSymbols(t, name, cell)
	if !explained(cell) {
		t.Errorf("%s: %q has no Go symbol and gives no reason", name, cell)
	}
}

// explained reports whether a cell names a Go symbol, has code or says why there is none.
func explained(cell string) bool {
	return strings.HasPrefix(cell, "not there: ") || strings.HasPrefix(cell, "not needed: ") || strings.Contains(marked(cell), "`")
}

// checkSymbols reports Go symbols in a text that do not exist.
func checkSymbols(t *testing.T, name, text string) {
	for _, symbol := range missingSymbols(t, text) {
		t.Errorf("%s: there is no %s", name, symbol)
	}
}

// missingSymbols returns the Go symbols in a text that do not exist.
func missingSymbols(t *testing.T, text string) []string {
	var none []string
	for _, m := range symbol.FindAllStringSubmatch(text, -1) {
		if dirOf(m[1]) == "" || !symbols(t, m[1])[strings.TrimSuffix(m[2]+"."+m[3], ".")] {
			none = append(none, m[0])
		}
	}
	return none
}

var symbolsOf = map[string]map[string]bool{}

// symbols returns the exported symbols of a package: Name, or Type.Name for fields and methods.
func symbols(t *testing.T, pkg string) map[string]bool {
	if symbolsOf[pkg] != nil {
		return symbolsOf[pkg]
	}
	dir := dirOf(pkg)
	if _, err := os.Stat(filepath.Join(testenv.Root(t), dir)); err != nil {
		p, err := build.Import(dir, "", build.FindOnly)
		if err != nil {
			t.Fatal(err)
		}
		if dir, err = filepath.Rel(testenv.Root(t), p.Dir); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]bool{}
	embedded := map[string][]string{}
	for _, d := range declarations(t, dir) {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				found[d.Name.Name] = true
			} else {
				found[baseType(d.Recv.List[0].Type)+"."+d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					for _, n := range s.Names {
						found[n.Name] = true
					}
				case *ast.TypeSpec:
					found[s.Name.Name] = true
					for _, f := range fieldsOf(s.Type) {
						for _, n := range f.Names {
							found[s.Name.Name+"."+n.Name] = true
						}
						if at, ok := f.Type.(*ast.SelectorExpr); ok && f.Names == nil && dirOf(baseType(at.X)) != "" {
							for name := range symbols(t, baseType(at.X)) {
								if member, ok := strings.CutPrefix(name, at.Sel.Name+"."); ok {
									found[s.Name.Name+"."+member] = true
								}
							}
						} else if f.Names == nil {
							embedded[s.Name.Name] = append(embedded[s.Name.Name], baseType(f.Type))
						}
					}
				}
			}
		}
	}
	for typ, list := range embedded {
		for _, inner := range list {
			for name := range maps.Clone(found) {
				if member, ok := strings.CutPrefix(name, inner+"."); ok && inner != "" {
					found[typ+"."+member] = true
				}
			}
		}
	}
	symbolsOf[pkg] = found
	return found
}

func fieldsOf(typ ast.Expr) []*ast.Field {
	switch typ := typ.(type) {
	case *ast.StructType:
		return typ.Fields.List
	case *ast.InterfaceType:
		return typ.Methods.List
	}
	return nil
}

func baseType(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return baseType(e.X)
	case *ast.IndexExpr:
		return baseType(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// refusedNames returns the classes in the tables of a package of classes that it does not support.
func refusedNames(t *testing.T, dir string) []string {
	var names []string
	specs(declarations(t, dir), func(s *ast.ValueSpec, _ string) {
		ast.Inspect(s, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if _, ok := lit.Type.(*ast.MapType); !ok || s.Names[0].Name != "classes" && s.Names[0].Name != "refused" {
				return true
			}
			for _, e := range lit.Elts {
				names = append(names, unquoted(e.(*ast.KeyValueExpr).Key))
			}
			return false
		})
	})
	return names
}

// TestClassesAreKnown checks that lince either supports a class of Keras or refuses it with a reason.
func TestClassesAreKnown(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "names.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	classes := 0
	for module := range registryDirs {
		registry := registryNames(t, nameSection{module: module})
		for _, name := range refusedNames(t, registryDirs[module]) {
			if registry[name] != "" {
				t.Errorf("%s.%s is supported and refused", module, name)
			}
			if !slices.Contains(all[module], name) {
				t.Errorf("lince refuses %s.%s, which Keras does not have", module, name)
			}
		}
		short := strings.TrimPrefix(module, "keras.")
		for _, name := range all[module] {
			// Input is a function, InputSpec no layer, and Reduction the constants of Keras 2.
			if name[0] < 'A' || name[0] > 'Z' || slices.Contains([]string{"Input", "InputSpec", "Reduction"}, name) {
				continue
			}
			classes++
			_, err := modules[short].decode(name, nil)
			var unknown *config.UnknownClass
			reason := refusal(module, name)
			switch refused := errors.As(err, &unknown); {
			case refused && registry[name] != "":
				t.Errorf("%s is in the table, but Decode returns %v", module+"."+name, err)
			case refused && reason == "":
				t.Errorf("%s is neither supported nor refused with a reason: %v", module+"."+name, err)
			case refused && !strings.HasSuffix(err.Error(), fmt.Sprintf("%q: %s", name, reason)):
				t.Errorf("%s: the error %q does not give the reason", module+"."+name, err)
			}
		}
	}
	if n := len(refusedNames(t, "layer")); n < 50 {
		t.Errorf("package layer refuses %d classes", n)
	}
	if classes < 200 {
		t.Errorf("names.json has %d classes, want all of Keras", classes)
	}
	if _, err := layer.Decode("Conv2d", nil); err == nil || !strings.Contains(err.Error(), "did you mean Conv2D") {
		t.Errorf("an unknown class: %v", err)
	}
}

// TestNameMistakesAreFound checks the checks of the tables.
func TestNameMistakesAreFound(t *testing.T) {
	text := "lince.Open, lince.Opn, lince.Model.Fit, lince.Model.Fits, lince.Silent, lince.FitOptions.Epochs, lince.FitOptions.Epoch, " +
		"graph.Value.Shape, layer.Layer.Build, lossy.Loss, os.ReadFile, os.ReedFile"
	if got, want := missingSymbols(t, text), []string{"lince.Opn", "lince.Model.Fits", "lince.FitOptions.Epoch", "lossy.Loss", "os.ReedFile"}; !slices.Equal(got, want) {
		t.Errorf("there are no %q, want %q", got, want)
	}
	if explained("the name of the file") || !explained("not there: why") || !explained("see lince.Open") || !explained("`lince show`") {
		t.Error("cells without a reason are not found")
	}
	if got, want := marked("see lince.Model.Fit and `layer.ReLU`"), "see `lince.Model.Fit` and `layer.ReLU`"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if refusal("keras.layers", "LSTM") == "" || refusal("keras.layers", "Dense") != "" || refusal("keras.layers", "Maxout") != "" {
		t.Error("the reasons for refusing a class are wrong")
	}
}
