package engine

import (
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/tensor"
)

// TestActivations compares the bits of chains with those of the chains that activations makes of them, and counts the
// instructions of the latter.
func TestActivations(t *testing.T) {
	one := func(op eltwise.UnaryOp, v int) eltwise.Instruction {
		return eltwise.Instruction{Kind: eltwise.OfOne, Unary: op, In: []int{v}}
	}
	two := func(op eltwise.BinaryOp, v, w int) eltwise.Instruction {
		return eltwise.Instruction{Kind: eltwise.OfTwo, Binary: op, In: []int{v, w}}
	}
	const n = 5000
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i-n/2) / 40
	}
	copy(x, []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), -3, 3, 1e-45, 3e-39, -2e-38, 3e38, -3e38})
	for i, c := range []struct {
		numbers []float32 // the operands from 1 on
		code    []eltwise.Instruction
		results []int
		want    int // instructions
	}{
		{nil, []eltwise.Instruction{one(eltwise.Sigmoid, 0), two(eltwise.Mul, 0, 1)}, []int{2}, 1},
		{nil, []eltwise.Instruction{one(eltwise.Neg, 0), one(eltwise.Sigmoid, 1), two(eltwise.Mul, 2, 1), one(eltwise.Abs, 3)}, []int{4, 1}, 3},
		{nil, []eltwise.Instruction{one(eltwise.Sigmoid, 0), two(eltwise.Mul, 0, 1)}, []int{2, 1}, 2},
		{nil, []eltwise.Instruction{one(eltwise.Sigmoid, 0), two(eltwise.Mul, 1, 1)}, []int{2}, 2},
		{[]float32{3, 6}, []eltwise.Instruction{two(eltwise.Add, 0, 1), one(eltwise.ReLU6, 3), two(eltwise.Div, 4, 2), two(eltwise.Mul, 0, 5)}, []int{6}, 1},
		{[]float32{3, 6}, []eltwise.Instruction{two(eltwise.Add, 0, 1), one(eltwise.ReLU6, 3), two(eltwise.Div, 4, 2), two(eltwise.Mul, 5, 0), one(eltwise.Neg, 6)}, []int{7}, 2},
		{[]float32{3, 5}, []eltwise.Instruction{two(eltwise.Add, 0, 1), one(eltwise.ReLU6, 3), two(eltwise.Div, 4, 2), two(eltwise.Mul, 0, 5)}, []int{6}, 4},
		{[]float32{3, 6}, []eltwise.Instruction{two(eltwise.Add, 0, 1), one(eltwise.ReLU6, 3), two(eltwise.Div, 4, 2), two(eltwise.Mul, 0, 5)}, []int{6, 4}, 4},
		{[]float32{.5, math.Sqrt2 / 2, 1}, []eltwise.Instruction{two(eltwise.Mul, 0, 1), two(eltwise.Mul, 0, 2), one(eltwise.Erf, 5), two(eltwise.Add, 6, 3), two(eltwise.Mul, 4, 7)}, []int{8}, 1},
		{[]float32{.5, math.Sqrt2 / 2, 1}, []eltwise.Instruction{two(eltwise.Mul, 0, 1), two(eltwise.Mul, 0, 2), one(eltwise.Erf, 5), two(eltwise.Add, 3, 6), two(eltwise.Mul, 7, 4)}, []int{8, 6}, 5},
		{[]float32{.5, math.Sqrt2, 1}, []eltwise.Instruction{two(eltwise.Div, 0, 2), one(eltwise.Erf, 4), two(eltwise.Add, 5, 3), two(eltwise.Mul, 0, 6), two(eltwise.Mul, 7, 1)}, []int{8}, 1},
		{[]float32{.5, 1.5, 1}, []eltwise.Instruction{two(eltwise.Div, 0, 2), one(eltwise.Erf, 4), two(eltwise.Add, 5, 3), two(eltwise.Mul, 0, 6), two(eltwise.Mul, 7, 1)}, []int{8}, 5},
	} {
		b := graph.NewBuilder(graph.NewStore(), false)
		in := []*graph.Value{b.Input("x", tensor.Float32, n)}
		operands, strides := [][]float32{x}, [][]int{{1}}
		for _, v := range c.numbers {
			in = append(in, b.Constant(tensor.Float32, float64(v)))
			operands, strides = append(operands, []float32{v}), append(strides, []int{0})
		}
		code, results := activations(in, append([]eltwise.Instruction(nil), c.code...), c.results)
		if len(code) != c.want {
			t.Errorf("case %d: %d instructions, want %d", i, len(code), c.want)
		}
		for _, isa := range kernel.Available() {
			run := func(code []eltwise.Instruction, results []int) (bits []uint32) {
				k := eltwise.NewChain(isa, []int{n}, strides, code, results)
				y := make([][]float32, len(results))
				for i := range y {
					y[i] = make([]float32, n)
				}
				scratch := make([]float32, k.ScratchLen())
				for p := range k.Parts() {
					k.Run(p, operands, y, nil, scratch)
				}
				for _, v := range y {
					for _, f := range v {
						if f != f {
							f = float32(math.NaN()) // any NaN
						}
						bits = append(bits, math.Float32bits(f))
					}
				}
				return bits
			}
			if got, want := run(code, results), run(c.code, c.results); !slices.Equal(got, want) {
				t.Errorf("case %d, %v: other bits", i, isa)
			}
		}
	}
}
