// Command gen writes the assembly of the kernels, the Go declarations of its functions, and the switches that choose
// one of them. To run it: `go generate ./internal/kernel/...`. Its output is checked in, and a test fails if the
// output is out of date.
//
// Kernels are written with the functions in asm.go (instructions), registers.go (registers with names) and check.go
// (checks of their use). They use the instructions of amd64, which neon.go translates to arm64. product.go and
// product_end.go write tiles of matrix products, for micro.go, gemm.go and winograd_products.go; neon_product.go does
// the same with instructions of arm64. Each of the other files writes the vector loops of a family. See
// docs/add-a-kernel.md.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// families lists the packages that have assembly, and the functions that write it for amd64 and arm64.
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
	{"layernorm", layernorm, layernorm},
	{"softmax", softmax, softmax},
}

func main() {
	for path, text := range generate() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// generate returns the text of all files, by their path in internal/kernel.
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
			out := &family{vecs: target.vecs}
			target.write(out)
			files[filepath.Join(f.name, "asm_"+target.arch+".s")] = out.assembly()
			files[filepath.Join(f.name, "asm_"+target.arch+".go")] = out.declarations(f.name)
			if out.other.Len() > 0 {
				files[filepath.Join(f.name, "asm_other.go")] = out.others(f.name)
			}
		}
	}
	return files
}
