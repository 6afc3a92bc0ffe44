package main

import "fmt"

// word3 has the encodings of instructions that Go's assembler does not know, with three vector registers of four
// float32 or sixteen bytes. All operands are register 0. The keys are the names in the Arm Architecture Reference
// Manual (C7.2).
var word3 = map[string]uint32{
	"FADD":  0x4e20d400,
	"FSUB":  0x4ea0d400,
	"FMUL":  0x6e20dc00,
	"FDIV":  0x6e20fc00,
	"FMLA":  0x4e20cc00,
	"FMLS":  0x4ea0cc00,
	"FMAX":  0x4e20f400,
	"FMIN":  0x4ea0f400,
	"FCMEQ": 0x4e20e400,
	"FCMGT": 0x6ea0e400,
	"FCMGE": 0x6e20e400,
	"BIC":   0x4e601c00,
}

// word2 is the same for two registers. A number or suffix in a name selects a form of the instruction.
var word2 = map[string]uint32{
	"FCMLT0":  0x4ea0e800,
	"FCMLE0":  0x6ea0d800,
	"FSQRT":   0x6ea1f800,
	"FNEG":    0x6ea0f800,
	"FCVTNS":  0x4e21a800, // converts to integers, to nearest, ties to even
	"SCVTF":   0x4e21d800,
	"SSHR1":   0x4f3f0400,
	"FADDP.S": 0x7e30d800, // adds the first two lanes
	"XTN.H4":  0x0e612800, // from S4
	"XTN.B8":  0x0e212800, // from H8
	"USHLL.8": 0x2f08a400, // B8 to H8
	"USHLL.4": 0x2f10a400, // H4 to S4
}

// fmlaElement is the encoding of FMLA (by element): to += x * y[lane].
const fmlaElement = 0x4f801000

// encode3 encodes to = x op y, with the manual's order of operands.
func encode3(op string, x, y, to int) uint32 {
	code, ok := word3[op]
	if !ok {
		panic("arm64: no encoding of " + op)
	}
	return code | register(y)<<16 | register(x)<<5 | register(to)
}

// encode2 encodes to = op x.
func encode2(op string, x, to int) uint32 {
	code, ok := word2[op]
	if !ok {
		panic("arm64: no encoding of " + op)
	}
	return code | register(x)<<5 | register(to)
}

// encodeFMLA encodes to += x * y[lane].
func encodeFMLA(x, y, lane, to int) uint32 {
	return fmlaElement | uint32(lane&1)<<21 | register(y)<<16 | uint32(lane>>1)<<11 | register(x)<<5 | register(to)
}

// encodeIndexed encodes LDR or STR (register, SIMD&FP) of 16 bytes at base + index.
func encodeIndexed(load bool, base, index, n int) uint32 {
	code := uint32(0x3ca06800)
	if load {
		code = 0x3ce06800
	}
	return code | register(index)<<16 | register(base)<<5 | register(n)
}

func register(n int) uint32 {
	if n < 0 || n > 31 {
		panic(fmt.Sprintf("arm64: there is no register %d", n))
	}
	return uint32(n)
}
