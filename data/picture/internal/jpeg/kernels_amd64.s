#include "textflag.h"

// COEF loads row i of the coefficients and multiplies it by the quantisation table.
#define COEF(i, reg) \
	VPMOVSXWD (16*i)(SI), reg; \
	VPMOVZXWD (16*i)(DX), Y15; \
	VPMULLD   Y15, reg, reg

#define CONST(i) (32*i)(CX)

// PASS is the one-dimensional inverse DCT of each lane of Y0..Y7, of which the results before the
// shift go to Y8..Y15. round is the offset of the rounding in CX. The names are those of inverseDCTGo.
#define PASS(round) \
	VPADDD  Y6, Y2, Y8;          /* z1 */ \
	VPMULLD CONST(0), Y8, Y8;    \
	VPMULLD CONST(1), Y6, Y9;    \
	VPSUBD  Y9, Y8, Y9;          /* t2 */ \
	VPMULLD CONST(2), Y2, Y10;   \
	VPADDD  Y8, Y10, Y10;        /* t3 */ \
	VPADDD  Y4, Y0, Y8;          \
	VPSUBD  Y4, Y0, Y11;         \
	VPSLLD  $13, Y8, Y8;         \
	VPSLLD  $13, Y11, Y11;       \
	VPADDD  CONST(round), Y8, Y8;   /* t0 */ \
	VPADDD  CONST(round), Y11, Y11; /* t1 */ \
	VPADDD  Y10, Y8, Y0;         /* t10 */ \
	VPSUBD  Y10, Y8, Y4;         /* t13 */ \
	VPADDD  Y9, Y11, Y2;         /* t11 */ \
	VPSUBD  Y9, Y11, Y6;         /* t12 */ \
	VPADDD  Y1, Y7, Y8;          /* z1 */ \
	VPADDD  Y3, Y5, Y9;          /* z2 */ \
	VPADDD  Y3, Y7, Y10;         /* z3 */ \
	VPADDD  Y1, Y5, Y11;         /* z4 */ \
	VPADDD  Y10, Y11, Y12;       \
	VPMULLD CONST(3), Y12, Y12;  /* z5 */ \
	VPMULLD CONST(4), Y7, Y7;    /* t0 */ \
	VPMULLD CONST(5), Y5, Y5;    /* t1 */ \
	VPMULLD CONST(6), Y3, Y3;    /* t2 */ \
	VPMULLD CONST(7), Y1, Y1;    /* t3 */ \
	VPMULLD CONST(8), Y8, Y8;    \
	VPMULLD CONST(9), Y9, Y9;    \
	VPMULLD CONST(10), Y10, Y10; \
	VPMULLD CONST(11), Y11, Y11; \
	VPADDD  Y12, Y10, Y10;       \
	VPADDD  Y12, Y11, Y11;       \
	VPADDD  Y8, Y7, Y7;          \
	VPADDD  Y10, Y7, Y7;         \
	VPADDD  Y9, Y5, Y5;          \
	VPADDD  Y11, Y5, Y5;         \
	VPADDD  Y9, Y3, Y3;          \
	VPADDD  Y10, Y3, Y3;         \
	VPADDD  Y8, Y1, Y1;          \
	VPADDD  Y11, Y1, Y1;         \
	VPADDD  Y1, Y0, Y8;          \
	VPSUBD  Y1, Y0, Y15;         \
	VPADDD  Y3, Y2, Y9;          \
	VPSUBD  Y3, Y2, Y14;         \
	VPADDD  Y5, Y6, Y10;         \
	VPSUBD  Y5, Y6, Y13;         \
	VPADDD  Y7, Y4, Y11;         \
	VPSUBD  Y7, Y4, Y12

#define SHIFT(n) \
	VPSRAD n, Y8, Y8;   \
	VPSRAD n, Y9, Y9;   \
	VPSRAD n, Y10, Y10; \
	VPSRAD n, Y11, Y11; \
	VPSRAD n, Y12, Y12; \
	VPSRAD n, Y13, Y13; \
	VPSRAD n, Y14, Y14; \
	VPSRAD n, Y15, Y15

// func inverseDCTAVX2(dst *byte, stride int, block *[64]int16, quant *[64]uint16, c *dctConstants)
TEXT ·inverseDCTAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ block+16(FP), SI
	MOVQ quant+24(FP), DX
	MOVQ c+32(FP), CX

	COEF(0, Y0)
	COEF(1, Y1)
	COEF(2, Y2)
	COEF(3, Y3)
	COEF(4, Y4)
	COEF(5, Y5)
	COEF(6, Y6)
	COEF(7, Y7)
	PASS(12)
	SHIFT($11)

	// transpose Y8..Y15 to Y0..Y7
	VPUNPCKLDQ Y9, Y8, Y0
	VPUNPCKHDQ Y9, Y8, Y1
	VPUNPCKLDQ Y11, Y10, Y2
	VPUNPCKHDQ Y11, Y10, Y3
	VPUNPCKLDQ Y13, Y12, Y4
	VPUNPCKHDQ Y13, Y12, Y5
	VPUNPCKLDQ Y15, Y14, Y6
	VPUNPCKHDQ Y15, Y14, Y7
	VPUNPCKLQDQ Y2, Y0, Y8
	VPUNPCKHQDQ Y2, Y0, Y9
	VPUNPCKLQDQ Y3, Y1, Y10
	VPUNPCKHQDQ Y3, Y1, Y11
	VPUNPCKLQDQ Y6, Y4, Y12
	VPUNPCKHQDQ Y6, Y4, Y13
	VPUNPCKLQDQ Y7, Y5, Y14
	VPUNPCKHQDQ Y7, Y5, Y15
	VPERM2I128 $0x20, Y12, Y8, Y0
	VPERM2I128 $0x20, Y13, Y9, Y1
	VPERM2I128 $0x20, Y14, Y10, Y2
	VPERM2I128 $0x20, Y15, Y11, Y3
	VPERM2I128 $0x31, Y12, Y8, Y4
	VPERM2I128 $0x31, Y13, Y9, Y5
	VPERM2I128 $0x31, Y14, Y10, Y6
	VPERM2I128 $0x31, Y15, Y11, Y7

	PASS(13)
	SHIFT($18)

	// lane y of register x is now the sample at row y, column x: clamp to bytes, then transpose
	VPACKSSDW Y9, Y8, Y8
	VPACKSSDW Y11, Y10, Y10
	VPACKSSDW Y13, Y12, Y12
	VPACKSSDW Y15, Y14, Y14
	VPACKUSWB Y10, Y8, Y8
	VPACKUSWB Y14, Y12, Y12
	VBROADCASTI128 CONST(14), Y0 // shuffle
	VPSHUFB Y0, Y8, Y8
	VPSHUFB Y0, Y12, Y12
	VPUNPCKLDQ Y12, Y8, Y0 // rows 0, 1 and 4, 5
	VPUNPCKHDQ Y12, Y8, Y1 // rows 2, 3 and 6, 7
	VEXTRACTI128 $1, Y0, X2
	VEXTRACTI128 $1, Y1, X3
	LEAQ (R8)(R8*2), R9
	LEAQ (DI)(R8*4), R10
	VMOVQ X0, (DI)
	VMOVHPS X0, (DI)(R8*1)
	VMOVQ X1, (DI)(R8*2)
	VMOVHPS X1, (DI)(R9*1)
	VMOVQ X2, (R10)
	VMOVHPS X2, (R10)(R8*1)
	VMOVQ X3, (R10)(R8*2)
	VMOVHPS X3, (R10)(R9*1)
	VZEROUPPER
	RET

#define WORD(i) (32*i)(CX)

// func h2v1AVX2(dst, src *byte, blocks int, c *wordConstants)
TEXT ·h2v1AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), BX
	MOVQ c+24(FP), CX
	VMOVDQU WORD(0), Y6 // 1
	VMOVDQU WORD(1), Y7 // 2

h2v1:
	VPMOVZXBW (SI), Y0   // this
	VPMOVZXBW -1(SI), Y1 // prev
	VPMOVZXBW 1(SI), Y2  // next
	VPADDW Y0, Y0, Y3
	VPADDW Y3, Y0, Y0    // 3*this
	VPADDW Y6, Y1, Y1
	VPADDW Y7, Y2, Y2
	VPADDW Y0, Y1, Y1
	VPADDW Y0, Y2, Y2
	VPSRLW $2, Y1, Y1
	VPSRLW $2, Y2, Y2
	VPSLLW $8, Y2, Y2
	VPOR Y2, Y1, Y1
	VMOVDQU Y1, (DI)
	ADDQ $16, SI
	ADDQ $32, DI
	DECQ BX
	JNZ h2v1
	VZEROUPPER
	RET

// COLUMN is 3*near + far of 16 samples at an offset.
#define COLUMN(off, reg) \
	VPMOVZXBW off(SI), reg; \
	VPMOVZXBW off(DX), Y4;  \
	VPADDW reg, reg, Y5;    \
	VPADDW Y5, reg, reg;    \
	VPADDW Y4, reg, reg

// func h2v2AVX2(dst, near, far *byte, blocks int, c *wordConstants)
TEXT ·h2v2AVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ near+8(FP), SI
	MOVQ far+16(FP), DX
	MOVQ blocks+24(FP), BX
	MOVQ c+32(FP), CX
	VMOVDQU WORD(3), Y6 // 8
	VMOVDQU WORD(2), Y7 // 7

h2v2:
	COLUMN(0, Y0)  // this
	COLUMN(-1, Y1) // prev
	COLUMN(1, Y2)  // next
	VPADDW Y0, Y0, Y3
	VPADDW Y3, Y0, Y0
	VPADDW Y6, Y1, Y1
	VPADDW Y7, Y2, Y2
	VPADDW Y0, Y1, Y1
	VPADDW Y0, Y2, Y2
	VPSRLW $4, Y1, Y1
	VPSRLW $4, Y2, Y2
	VPSLLW $8, Y2, Y2
	VPOR Y2, Y1, Y1
	VMOVDQU Y1, (DI)
	ADDQ $16, SI
	ADDQ $16, DX
	ADDQ $32, DI
	DECQ BX
	JNZ h2v2
	VZEROUPPER
	RET

// HALF converts 16 of 32 pixels: unpack is the low or high half of each lane of Y (Y0), Cb (Y1), Cr (Y2). Y15 is zero.
// The words of R, G and B go to the given registers.
#define HALF(unpack, r, g, b) \
	unpack  Y15, Y0, Y3; \
	unpack  Y15, Y1, Y4; \
	unpack  Y15, Y2, Y5; \
	VPSUBW  WORD(4), Y4, Y4;   /* cb - 128 */ \
	VPSUBW  WORD(4), Y5, Y5;   /* cr - 128 */ \
	VPADDW  Y5, Y5, r;         \
	VPMULHW WORD(5), r, r;     \
	VPADDW  WORD(0), r, r;     \
	VPSRAW  $1, r, r;          \
	VPADDW  Y5, r, r;          \
	VPADDW  Y3, r, r;          \
	VPADDW  Y4, Y4, g;         \
	VPMULHW WORD(6), g, b;     \
	VPADDW  WORD(0), b, b;     \
	VPSRAW  $1, b, b;          \
	VPADDW  g, b, b;           \
	VPADDW  Y3, b, b;          \
	VPSUBW  Y5, Y3, Y3;        /* y - cr */ \
	VPUNPCKLWD Y5, Y4, g;      \
	VPUNPCKHWD Y5, Y4, Y4;     \
	VPMADDWD WORD(7), g, g;    \
	VPMADDWD WORD(7), Y4, Y4;  \
	VPADDD  WORD(8), g, g;     \
	VPADDD  WORD(8), Y4, Y4;   \
	VPSRAD  $16, g, g;         \
	VPSRAD  $16, Y4, Y4;       \
	VPACKSSDW Y4, g, g;        \
	VPADDW  Y3, g, g

// THIRD makes bytes 16*i to 16*i+15 of the RGB of the 16 pixels of each lane.
#define THIRD(i, out) \
	VBROADCASTI128 (48*i)(R8), Y3;    \
	VPSHUFB Y3, Y6, out;              \
	VBROADCASTI128 (48*i+16)(R8), Y3; \
	VPSHUFB Y3, Y7, Y4;               \
	VPOR    Y4, out, out;             \
	VBROADCASTI128 (48*i+32)(R8), Y3; \
	VPSHUFB Y3, Y8, Y4;               \
	VPOR    Y4, out, out

// func ycc2rgbAVX2(dst, y, cb, cr *byte, blocks int, c *wordConstants)
TEXT ·ycc2rgbAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ y+8(FP), SI
	MOVQ cb+16(FP), DX
	MOVQ cr+24(FP), R9
	MOVQ blocks+32(FP), BX
	MOVQ c+40(FP), CX
	LEAQ 288(CX), R8 // shuffles
	VPXOR Y15, Y15, Y15

ycc:
	VMOVDQU (SI), Y0
	VMOVDQU (DX), Y1
	VMOVDQU (R9), Y2
	HALF(VPUNPCKLBW, Y6, Y7, Y8)
	HALF(VPUNPCKHBW, Y9, Y10, Y11)
	VPACKUSWB Y9, Y6, Y6
	VPACKUSWB Y10, Y7, Y7
	VPACKUSWB Y11, Y8, Y8
	THIRD(0, Y0)
	THIRD(1, Y1)
	THIRD(2, Y2)
	VMOVDQU X0, (DI)
	VMOVDQU X1, 16(DI)
	VMOVDQU X2, 32(DI)
	VEXTRACTI128 $1, Y0, 48(DI)
	VEXTRACTI128 $1, Y1, 64(DI)
	VEXTRACTI128 $1, Y2, 80(DI)
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, R9
	ADDQ $96, DI
	DECQ BX
	JNZ ycc
	VZEROUPPER
	RET
