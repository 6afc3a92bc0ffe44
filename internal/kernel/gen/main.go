// Command gen writes the assembly of the kernels, the Go declarations of its functions and
// the switches that choose one: `go generate ./internal/kernel/...`. Its output is checked
// in, and a test holds the two together.
//
// Where to find what: asm.go is the little language the kernels are written in; micro.go the
// tiles of convolution and matrix products; the other files the vector loops of the family
// they are named after. docs/add-a-kernel.md tells how to add one.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// families lists the packages that have assembly.
var families = []struct {
	name  string
	write func(f *family)
}{
	{"micro", micro},
	{"reduce", reduce},
	{"pool", pool},
	{"eltwise", eltwise},
	{"optstep", optstep},
	{"winograd", winograd},
	{"sparse", sparse},
}

func main() {
	for path, text := range generate() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// generate makes all files, named relative to internal/kernel.
func generate() map[string][]byte {
	files := map[string][]byte{}
	for _, f := range families {
		out := &family{}
		f.write(out)
		files[filepath.Join(f.name, "asm_amd64.s")] = out.assembly()
		files[filepath.Join(f.name, "asm_amd64.go")] = out.declarations(f.name)
	}
	return files
}
