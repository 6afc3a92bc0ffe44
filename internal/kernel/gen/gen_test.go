package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

// TestInstructionSets checks that the generator writes kernels for each instruction set of package kernel: dispatch
// chooses among these only.
func TestInstructionSets(t *testing.T) {
	all := append(slices.Clone(vecs), neon)
	for isa := kernel.Generic + 1; !strings.HasPrefix(isa.String(), "ISA("); isa++ {
		i := slices.IndexFunc(all, func(v vec) bool { return v.isa == isa })
		switch {
		case i < 0:
			t.Errorf("no vec for %v: add it to asm.go, and see \"A new instruction set\" in docs/add-a-kernel.md", isa)
		case all[i].lanes != isa.Lanes():
			t.Errorf("%v has %d lanes here, %d in package kernel", isa, all[i].lanes, isa.Lanes())
		}
	}
}

// TestGeneratedFilesAreCurrent checks that the checked-in files are what the generator writes.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	for path, want := range generate() {
		got, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate ./internal/kernel/...", path)
		}
	}
}
