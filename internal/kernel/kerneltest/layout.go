package kerneltest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"testing"
)

// Layout holds a struct that assembly reads to the offsets that the comments of its fields
// promise ("// 24: from row to row"), which are those that the generator writes into the
// assembly. v is a value of the struct, file is where it is declared.
func Layout(t *testing.T, file string, v any) {
	t.Helper()
	for _, err := range layoutErrors(file, nil, reflect.TypeOf(v)) {
		t.Error(err)
	}
}

var offset = regexp.MustCompile(`^// (\d+)\b`)

// layoutErrors finds fields that are not where the comments say. src is the file's text, or nil.
func layoutErrors(file string, src any, typ reflect.Type) (errs []error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ParseComments)
	if err != nil {
		return []error{err}
	}
	promised := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != typ.Name() {
			return true
		}
		list, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		i := 0
		for _, field := range list.Fields.List {
			if field.Comment != nil {
				if m := offset.FindStringSubmatch(field.Comment.List[0].Text); m != nil {
					promised++
					want, _ := strconv.Atoi(m[1])
					if got := typ.Field(i).Offset; got != uintptr(want) {
						errs = append(errs, fmt.Errorf("%s.%s is at %d, its comment says %d", typ.Name(), typ.Field(i).Name, got, want))
					}
				}
			}
			i += max(len(field.Names), 1)
		}
		return false
	})
	if promised == 0 {
		errs = append(errs, fmt.Errorf("%s has no %s whose fields' comments begin with their offsets", file, typ.Name()))
	}
	return errs
}
