package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// dispatch writes Go functions that choose an instruction set, so that the Go code that calls them is the same on all
// architectures. For each function that is written for all instruction sets of an architecture, such as take, it writes
// takeVectors(isa, ...), which calls takeAVX512 or takeAVX2, and on arm64 takeNEON. It panics for other instruction
// sets, whose vectors may have another length, and on other architectures.

// dispatching has the input and the output of dispatch.
type dispatching struct {
	functions []function
	shared    bytes.Buffer // Go code for all architectures, which may call the functions of dispatch
	other     bytes.Buffer // asm_other.go after its imports
	kernels   bool         // whether the Go code imports package kernel
}

// function is a function for one instruction set.
type function struct {
	name, isa string
	params    []string
}

// record adds a function to those for which dispatch writes Go functions.
func (d *dispatching) record(name string, v vec, params []string) {
	d.functions = append(d.functions, function{name, v.name, params})
}

// dispatch writes the functions that choose an instruction set. It must be called at the end of a family.
func (f *family) dispatch() {
	f.kernels = true
	var done []string
	for _, fn := range f.functions {
		if slices.Contains(done, fn.name) {
			continue
		}
		done = append(done, fn.name)
		has := func(v vec) bool {
			return slices.ContainsFunc(f.functions, func(g function) bool { return g.name == fn.name && g.isa == v.name })
		}
		if slices.ContainsFunc(f.vecs, func(v vec) bool { return !has(v) }) {
			continue
		}
		var args []string
		for _, p := range fn.params {
			args = append(args, strings.Fields(p)[0])
		}
		params, call := strings.Join(fn.params, ", "), "("+strings.Join(args, ", ")+")\n"
		head := func(isa string) string {
			return fmt.Sprintf("\n// %sVectors calls the assembly for an instruction set.\nfunc %[1]sVectors(%s kernel.ISA, %s) {\n", fn.name, isa, params)
		}
		if len(f.vecs) == 1 {
			fmt.Fprint(&f.code, head("_"), fn.name, f.vecs[0].name, call, "}\n")
		} else {
			fmt.Fprint(&f.code, head("isa"), "switch isa {\n")
			for _, v := range f.vecs {
				fmt.Fprint(&f.code, "case kernel.", v.name, ":\n", fn.name, v.name, call)
			}
			fmt.Fprintf(&f.code, "default:\npanic(\"%s has no assembly for \" + isa.String())\n}\n}\n", fn.name)
		}
		fmt.Fprintf(&f.other, "\nfunc %sVectors(_ kernel.ISA, %s) { panic(%q) }\n", fn.name, blank(fn.params), "no assembly on this architecture")
	}
	f.code.Write(f.shared.Bytes())
	f.other.Write(f.shared.Bytes())
}

// blank replaces the names of parameters by underscores.
func blank(params []string) string {
	var types []string
	for _, p := range params {
		types = append(types, "_ "+strings.Fields(p)[1])
	}
	return strings.Join(types, ", ")
}

// importKernel returns the import of package kernel, if the Go code needs it.
func (d *dispatching) importKernel() string {
	if !d.kernels {
		return ""
	}
	return "\nimport \"github.com/lince-ml/lince/internal/kernel\"\n"
}
