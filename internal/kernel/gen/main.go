// Command gen writes the assembly of the kernels, the Go declarations of its functions and
// the switches that choose one: `go generate ./internal/kernel/...`. Its output is checked
// in, and a test holds the two together.
//
// asm.go, registers.go and check.go are the language that kernels are written in: instructions,
// registers with names, and the checks of their use. neon.go translates it to arm64. product.go and
// product_end.go (and neon_product.go in arm64's own words) are the tile of a matrix product, which
// micro.go, gemm.go and winograd_products.go are made of. The other files are the vector loops of the
// family they are named after. docs/add-a-kernel.md tells how to add one.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// families lists the packages that have assembly, and what writes it for amd64 and, when not
// nil, for arm64.
var families = []struct {
	name         string
	amd64, arm64 func(f *family)
}{
	{"micro", micro, neonMicro},
	{"depthwise", depthwise, depthwise},
	{"reduce", reduce, reduce},
	{"pool", pool, pool},
	{"eltwise", eltwise, eltwise},
	{"optstep", optstep, optstep},
	{"winograd", winograd, winograd},
	{"gemm", gemm, neonGemm},
	{"sparse", sparse, neonSparse},
	{"batchnorm", batchnorm, batchnorm},
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
		for _, target := range []struct {
			arch  string
			write func(f *family)
			vecs  []vec
		}{
			{"amd64", f.amd64, vecs},
			{"arm64", f.arm64, []vec{neon}},
		} {
			if target.write == nil {
				continue
			}
			out := &family{vecs: target.vecs}
			target.write(out)
			files[filepath.Join(f.name, "asm_"+target.arch+".s")] = out.assembly()
			files[filepath.Join(f.name, "asm_"+target.arch+".go")] = out.declarations(f.name)
		}
	}
	return files
}
