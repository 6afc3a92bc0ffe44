package eltwise

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// randomChain is a chain of random functions over a random shape, with its operands.
type randomChain struct {
	shape    []int
	strides  [][]int
	operands [][]float32
	code     []Instruction
	results  []int
}

// newRandomChain draws a chain. Runs are shorter than a block, as long as one, or longer.
func newRandomChain(t *testing.T, seed uint64) *randomChain {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &randomChain{shape: [][]int{
		{1 + r.IntN(5), 1 + r.IntN(40), 1 + r.IntN(90)}, {7}, {1}, {3 * chainBlock}, {2, chainBlock + 5}, {9, 1, 16}, {5, 1200, 3}, {2, 9, chainBlock},
	}[r.IntN(8)]}
	n := 1
	for _, d := range c.shape {
		n *= d
	}
	for i := range 1 + r.IntN(4) {
		stride, size := make([]int, len(c.shape)), 1
		for d := len(c.shape) - 1; d >= 0; d-- {
			if i == 0 || r.IntN(3) > 0 {
				stride[d] = size
				size *= c.shape[d]
			}
		}
		c.strides, c.operands = append(c.strides, stride), append(c.operands, numbers(t, seed+uint64(i), size))
	}
	for j := range 1 + r.IntN(12) {
		value := func() int { return r.IntN(len(c.operands) + j) }
		i := Instruction{Kind: Kind(r.IntN(4)), In: []int{value(), value(), value()}}
		switch i.Kind {
		case OfOne:
			i.Unary, i.In = UnaryOp(r.IntN(len(unaries))), i.In[:1]
		case OfTwo:
			i.Binary, i.In = BinaryOp(r.IntN(len(binaries))), i.In[:2]
		case Filled:
			i.In = nil
		}
		c.code = append(c.code, i)
		if r.IntN(3) == 0 {
			c.results = append(c.results, len(c.operands)+j)
		}
	}
	if last := len(c.operands) + len(c.code) - 1; len(c.results) == 0 || c.results[len(c.results)-1] != last {
		c.results = append(c.results, last)
	}
	return c
}

func fillIndices(instruction, at int, dst []float32) {
	for i := range dst {
		dst[i] = float32((at+i)%37*(instruction+1)) - 20
	}
}

// passes computes the values of all instructions, one after the other, with the kernels for whole arrays.
func (c *randomChain) passes(isa kernel.ISA) [][]float32 {
	type value struct {
		v       []float32
		strides []int
	}
	full, n := make([]int, len(c.shape)), 1
	for d := len(c.shape) - 1; d >= 0; d-- {
		full[d] = n
		n *= c.shape[d]
	}
	var values []value
	for i, x := range c.operands {
		values = append(values, value{x, c.strides[i]})
	}
	whole := func(v value) []float32 { // without broadcasts
		y := make([]float32, n)
		kernel.NewWalk(c.shape, v.strides).Range(0, n, func(at, n int, from kernel.Offsets) {
			step := kernel.NewWalk(c.shape, v.strides).Step().A
			for i := range n {
				y[at+i] = v.v[from.A+i*step]
			}
		})
		return y
	}
	for j, s := range c.code {
		y := make([]float32, n)
		var in []value
		for _, v := range s.In {
			in = append(in, values[v])
		}
		switch s.Kind {
		case OfOne:
			u := NewUnary(isa, s.Unary, n)
			kerneltest.Parts(u.Parts(), func(p int) { u.Run(p, whole(in[0]), y) })
		case OfTwo:
			b := NewBinary(isa, s.Binary, Same, 1, n)
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, whole(in[0]), whole(in[1]), y) })
		case Choice:
			b := NewSelect(isa, kernel.NewWalk(c.shape, full, full, full))
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, whole(in[0]), whole(in[1]), whole(in[2]), y) })
		case Filled:
			fillIndices(j, 0, y)
		}
		values = append(values, value{y, full})
	}
	var all [][]float32
	for _, v := range values {
		all = append(all, v.v)
	}
	return all
}

// TestChain compares random chains, bit for bit, with passes over whole arrays.
func TestChain(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		count := uint64(300)
		if testing.Short() {
			count = 40
		}
		for seed := range count {
			c := newRandomChain(t, seed)
			k := NewChain(isa, c.shape, c.strides, c.code, c.results)
			want := c.passes(isa)
			var got [][]float32
			for range c.results {
				got = append(got, kerneltest.Junk(t, len(want[len(want)-1])))
			}
			scratch := kerneltest.Junk(t, k.ScratchLen())
			kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, c.operands, got, fillIndices, scratch) })
			for i, v := range c.results {
				for e := range got[i] {
					if !same(got[i][e], want[v][e]) {
						t.Fatalf("seed %d, shape %v, strides %v, code %v, value %d, element %d: %v, want %v", seed, c.shape, c.strides, c.code, v, e, got[i][e], want[v][e])
					}
				}
			}
		}
	})
}

// TestChainInPlace checks that a result can overwrite an operand that no later instruction takes.
func TestChainInPlace(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		const n = 3*kernel.Block + 5
		x, y, dst := kerneltest.Random(t, 1, n), kerneltest.Random(t, 2, n), kerneltest.Junk(t, n)
		code := []Instruction{{Kind: OfOne, Unary: Sigmoid, In: []int{0}}, {Kind: OfTwo, Binary: Mul, In: []int{2, 0}}, {Kind: OfTwo, Binary: Sub, In: []int{3, 1}}}
		k := NewChain(isa, []int{n}, [][]int{{1}, {1}}, code, []int{3, 4})
		scratch, last := kerneltest.Junk(t, k.ScratchLen()), kerneltest.Junk(t, n)
		kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, [][]float32{x, y}, [][]float32{dst, last}, nil, scratch) })
		kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, [][]float32{x, y}, [][]float32{x, y}, nil, scratch) })
		kerneltest.Equal(t, "the operand that was overwritten first", x, dst)
		kerneltest.Equal(t, "the operand that was overwritten last", y, last)
	})
}

// TestChainBits compares a chain with the bits of other instruction sets.
func TestChainBits(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, shape := range [][]int{{3, 7, 5}, {50, 48}, {2, 3000}} {
			n, cols := 1, shape[len(shape)-1]
			for _, d := range shape {
				n *= d
			}
			full, row := make([]int, len(shape)), make([]int, len(shape))
			for d, step := len(shape)-1, 1; d >= 0; d-- {
				full[d] = step
				step *= shape[d]
			}
			row[len(row)-1] = 1
			x, y, dst := kerneltest.Random(t, 1, n), kerneltest.Random(t, 2, cols), kerneltest.Junk(t, n)
			code := []Instruction{{Kind: OfTwo, Binary: Add, In: []int{0, 1}}, {Kind: OfOne, Unary: Erf, In: []int{2}}, {Kind: OfTwo, Binary: Mul, In: []int{3, 2}}}
			k := NewChain(isa, shape, [][]int{full, row}, code, []int{4})
			scratch := kerneltest.Junk(t, k.ScratchLen())
			kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, [][]float32{x, y}, [][]float32{dst}, nil, scratch) })
			vectors.Check(t, isa, fmt.Sprint(shape), dst)
			kerneltest.NoAllocs(t, "chain", func() { k.Run(0, [][]float32{x, y}, [][]float32{dst}, nil, scratch) })
		}
	})
}

// BenchmarkChain compares activations as chains with a pass over memory for each function. BENCHMARKS.md has the times.
func BenchmarkChain(b *testing.B) {
	one := func(op UnaryOp, v int) Instruction { return Instruction{Kind: OfOne, Unary: op, In: []int{v}} }
	two := func(op BinaryOp, v, w int) Instruction { return Instruction{Kind: OfTwo, Binary: op, In: []int{v, w}} }
	isa := kernel.Available()[0]
	for _, c := range []struct {
		name    string
		numbers []float32
		code    []Instruction
	}{
		{"silu", nil, []Instruction{one(Sigmoid, 0), two(Mul, 0, 1)}},
		{"gelu", []float32{.5, .70710677, 1}, []Instruction{two(Mul, 0, 1), two(Mul, 0, 2), one(Erf, 5), two(Add, 6, 3), two(Mul, 4, 7)}},
		{"h-swish", []float32{3, 1. / 6}, []Instruction{two(Add, 0, 1), one(ReLU6, 3), two(Mul, 4, 2), two(Mul, 0, 5)}},
	} {
		for _, n := range []int{1 << 11, 1 << 16, 1 << 23} {
			operands, strides := [][]float32{make([]float32, n)}, [][]int{{1}}
			for i := range operands[0] {
				operands[0][i] = float32(i%1000)/100 - 5
			}
			for _, v := range c.numbers {
				operands, strides = append(operands, []float32{v}), append(strides, []int{0})
			}
			dst := make([]float32, n)
			k := NewChain(isa, []int{n}, strides, c.code, []int{len(operands) + len(c.code) - 1})
			scratch := make([]float32, k.ScratchLen())
			b.Run(fmt.Sprintf("%s/%d/chain", c.name, n), func(b *testing.B) {
				kerneltest.Speed(b, 0, 8*n, func() {
					for p := range k.Parts() {
						k.Run(p, operands, [][]float32{dst}, nil, scratch)
					}
				})
			})
			values := operands
			for range c.code {
				values = append(values, make([]float32, n))
			}
			b.Run(fmt.Sprintf("%s/%d/passes", c.name, n), func(b *testing.B) {
				kerneltest.Speed(b, 0, 8*n, func() {
					for j, s := range c.code {
						y := values[len(operands)+j]
						for p := range kernel.Blocks(n) {
							lo, hi := kernel.BlockRange(n, p)
							switch {
							case s.Kind == OfOne:
								applyUnary(isa, s.Unary, values[s.In[0]][lo:hi], y[lo:hi])
							case len(values[s.In[1]]) == 1:
								apply(isa, s.Binary, values[s.In[0]][lo:hi], values[s.In[1]], y[lo:hi])
							default:
								apply(isa, s.Binary, values[s.In[0]][lo:hi], values[s.In[1]][lo:hi], y[lo:hi])
							}
						}
					}
				})
			})
		}
	}
}
