package engine

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/tensor"
)

// activationForms lists the activations that are one instruction with the same bits as the instructions that they replace. Each
// function returns x if instruction i, a product, is the last one of f(x), and the other instructions of f.
var activationForms = []struct {
	f     eltwise.UnaryOp
	match func(m *matcher, i int) (x int, others []int, ok bool)
}{
	{eltwise.Swish, (*matcher).swish},
	{eltwise.HardSwish, (*matcher).hardSwish},
	{eltwise.Gelu, (*matcher).gelu},
	{eltwise.GeluQuotient, (*matcher).geluQuotient},
}

// activations replaces the instructions of an activation by one instruction with the same bits.
func activations(in []*graph.Value, code []eltwise.Instruction, results []int) ([]eltwise.Instruction, []int) {
	m := &matcher{in, code, make([]int, len(in)+len(code))}
	for _, c := range code {
		if c.Kind == eltwise.Filled { // the caller knows its number
			return code, results
		}
		for _, v := range c.In {
			m.uses[v]++
		}
	}
	for _, r := range results {
		m.uses[r]++
	}
	gone := make([]bool, len(code))
	for i, c := range code {
		if c.Kind != eltwise.OfTwo || c.Binary != eltwise.Mul {
			continue
		}
		for _, form := range activationForms {
			x, others, ok := form.match(m, i)
			if !ok {
				continue
			}
			code[i] = eltwise.Instruction{Kind: eltwise.OfOne, Unary: form.f, In: []int{x}}
			for _, v := range others {
				gone[v-len(in)] = true
			}
			break
		}
	}
	return without(len(in), code, results, gone)
}

// matcher finds activations in the instructions of a chain. Values are numbered as in eltwise.Instruction.
type matcher struct {
	in   []*graph.Value
	code []eltwise.Instruction
	uses []int // of each value
}

// swish matches x * Sigmoid(x).
func (m *matcher) swish(i int) (int, []int, bool) {
	return m.product(i, func(x, y int) ([]int, bool) {
		of, ok := m.unary(y, eltwise.Sigmoid)
		return []int{y}, ok && of == x
	})
}

// hardSwish matches x * (ReLU6(x+3) / 6).
func (m *matcher) hardSwish(i int) (int, []int, bool) {
	return m.product(i, func(x, y int) ([]int, bool) {
		relu, ok := m.binary(y, eltwise.Div, 6)
		if !ok {
			return nil, false
		}
		add, ok := m.unary(relu, eltwise.ReLU6)
		if !ok {
			return nil, false
		}
		of, ok := m.binary(add, eltwise.Add, 3)
		return []int{y, relu, add}, ok && of == x
	})
}

// gelu matches x*0.5 * (Erf(x*sqrt(0.5)) + 1).
func (m *matcher) gelu(i int) (x int, others []int, ok bool) {
	_, others, ok = m.product(i, func(half, add int) ([]int, bool) {
		if x, ok = m.binary(half, eltwise.Mul, .5); !ok {
			return nil, false
		}
		erf, ok := m.binary(add, eltwise.Add, 1)
		if !ok {
			return nil, false
		}
		scaled, ok := m.unary(erf, eltwise.Erf)
		if !ok {
			return nil, false
		}
		of, ok := m.binary(scaled, eltwise.Mul, math.Sqrt2/2)
		return []int{half, add, erf, scaled}, ok && of == x
	})
	return x, others, ok
}

// geluQuotient matches x * (Erf(x/sqrt(2)) + 1) * 0.5.
func (m *matcher) geluQuotient(i int) (int, []int, bool) {
	whole, ok := m.operands(&m.code[i], eltwise.Mul, .5)
	if !ok || !m.inner(whole) {
		return 0, nil, false
	}
	x, others, ok := m.product(whole-len(m.in), func(x, add int) ([]int, bool) {
		erf, ok := m.binary(add, eltwise.Add, 1)
		if !ok {
			return nil, false
		}
		div, ok := m.unary(erf, eltwise.Erf)
		if !ok {
			return nil, false
		}
		of, ok := m.binary(div, eltwise.Div, math.Sqrt2)
		return []int{add, erf, div}, ok && of == x
	})
	return x, append(others, whole), ok
}

// product calls match with both orders of the factors of instruction i, and returns the first factor of the order that matches.
func (m *matcher) product(i int, match func(x, y int) ([]int, bool)) (x int, others []int, ok bool) {
	c := &m.code[i]
	if c.Kind != eltwise.OfTwo || c.Binary != eltwise.Mul {
		return 0, nil, false
	}
	for k, x := range c.In {
		if others, ok := match(x, c.In[1-k]); ok {
			return x, others, true
		}
	}
	return 0, nil, false
}

// inner reports whether an instruction computes v, and v is used once.
func (m *matcher) inner(v int) bool { return v >= len(m.in) && m.uses[v] == 1 }

// unary returns the operand of the instruction that computes v, if it is f and v is used once.
func (m *matcher) unary(v int, f eltwise.UnaryOp) (of int, ok bool) {
	if !m.inner(v) {
		return 0, false
	}
	c := &m.code[v-len(m.in)]
	return c.In[0], c.Kind == eltwise.OfOne && c.Unary == f
}

// binary returns the operand of the instruction that computes v, if it is f of an operand and this number, and v is used once.
func (m *matcher) binary(v int, f eltwise.BinaryOp, number float32) (of int, ok bool) {
	if !m.inner(v) {
		return 0, false
	}
	return m.operands(&m.code[v-len(m.in)], f, number)
}

// operands returns the operand of c, if it is f of an operand and this number.
func (m *matcher) operands(c *eltwise.Instruction, f eltwise.BinaryOp, number float32) (of int, ok bool) {
	if c.Kind != eltwise.OfTwo || c.Binary != f {
		return 0, false
	}
	if m.is(c.In[1], number) {
		return c.In[0], true
	}
	return c.In[1], (f == eltwise.Add || f == eltwise.Mul) && m.is(c.In[0], number)
}

// is reports whether v is a constant with this number.
func (m *matcher) is(v int, number float32) bool {
	if v >= len(m.in) {
		return false
	}
	k, ok := m.in[v].Node.Op.(op.Const)
	return ok && k.Value.DType() == tensor.Float32 && k.Value.Len() == 1 && k.Value.Float32s()[0] == number
}

// without removes instructions, whose results are not used, and renumbers the others.
func without(operands int, code []eltwise.Instruction, results []int, gone []bool) ([]eltwise.Instruction, []int) {
	number := make([]int, operands+len(code)) // by the old one
	for i := range operands {
		number[i] = i
	}
	renumbered := func(values []int) []int {
		list := make([]int, len(values))
		for i, v := range values {
			list[i] = number[v]
		}
		return list
	}
	var left []eltwise.Instruction
	for i, c := range code {
		if gone[i] {
			continue
		}
		c.In = renumbered(c.In)
		number[operands+i] = operands + len(left)
		left = append(left, c)
	}
	return left, renumbered(results)
}
