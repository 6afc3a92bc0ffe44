package kerneltest

import (
	"reflect"
	"testing"
)

type sample struct {
	a int32
	b int64
	c int32
}

func TestLayoutErrors(t *testing.T) {
	_ = sample{a: 1, b: 2, c: 3}
	for text, want := range map[string]int{
		"a int32 // 0\nb int64 // 8: the second\nc int32 // 16": 0,
		"a int32 // 0\nb int64 // 4: the second\nc int32 // 16": 1,
		"a int32 // 8\nb int64 // 16\nc int32 // 0":             3,
		"a int32 // the first\nb, c int64":                      1,
	} {
		src := "package p\ntype sample struct {\n" + text + "\n}"
		if errs := layoutErrors("p.go", src, reflect.TypeFor[sample]()); len(errs) != want {
			t.Errorf("%s: errors %v, want %d", text, errs, want)
		}
	}
}
