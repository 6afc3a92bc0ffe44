package main

import (
	"path/filepath"
	"regexp"
	"testing"
)

// TestEncodings compares encodings with those of LLVM's assembler (llvm-mc -triple=aarch64).
func TestEncodings(t *testing.T) {
	for op, want := range map[string]uint32{
		"FADD": 0x4e21d443, "FSUB": 0x4ea1d443, "FMUL": 0x6e21dc43, "FDIV": 0x6e21fc43, "FMLA": 0x4e21cc43, "FMLS": 0x4ea1cc43,
		"FCMGT": 0x6ea1e443, "FCMGE": 0x6e21e443, "BIC": 0x4e611c43,
		"FMAX": 0x4e21f443, "FMIN": 0x4ea1f443, "FCMEQ": 0x4e21e443,
	} {
		if got := encode3(op, 2, 1, 3); got != want {
			t.Errorf("%s v3, v2, v1 is %#08x, want %#08x", op, got, want)
		}
	}
	for op, want := range map[string]uint32{
		"FCMLT0": 0x4ea0e843, "FCMLE0": 0x6ea0d843, "FSQRT": 0x6ea1f843, "FNEG": 0x6ea0f843, "FCVTNS": 0x4e21a843, "SCVTF": 0x4e21d843,
		"SSHR1": 0x4f3f0443, "XTN.H4": 0x0e612843, "XTN.B8": 0x0e212843, "USHLL.8": 0x2f08a443, "USHLL.4": 0x2f10a443, "FADDP.S": 0x7e30d843,
	} {
		if got := encode2(op, 2, 3); got != want {
			t.Errorf("%s v3, v2 is %#08x, want %#08x", op, got, want)
		}
	}
	for _, c := range []struct {
		y, lane int
		want    uint32
	}{{1, 0, 0x4f811043}, {17, 3, 0x4fb11843}, {17, 1, 0x4fb11043}} {
		if got := encodeFMLA(2, c.y, c.lane, 3); got != c.want {
			t.Errorf("fmla v3.4s, v2.4s, v%d.s[%d] is %#08x, want %#08x", c.y, c.lane, got, c.want)
		}
	}
	for load, want := range map[bool]uint32{true: 0x3ce16843, false: 0x3ca16843} {
		if got := encodeIndexed(load, 2, 1, 3); got != want {
			t.Errorf("load %v: q3, [x2, x1] is %#08x, want %#08x", load, got, want)
		}
	}
	if len(word3)+len(word2) != 24 {
		t.Error("an instruction of arm64.go is not tested")
	}
}

// TestReservedRegisters checks that kernels do not use reserved registers: the operating system uses R18, Go's
// assembler R27, its runtime R28, and the stack R29 and R30.
func TestReservedRegisters(t *testing.T) {
	reserved := regexp.MustCompile(`\bR(18|27|28|29|30)\b`)
	for path, text := range generate() {
		if found := reserved.Find(text); filepath.Base(path) == "asm_arm64.s" && found != nil {
			t.Errorf("%s uses %s", path, found)
		}
	}
}
