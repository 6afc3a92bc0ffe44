package engine

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

// chain lowers compile.Chain.
func chain(l *lowering) error {
	o := l.node.Op.(compile.Chain)
	code := make([]eltwise.Instruction, len(o.Steps))
	for i, s := range o.Steps {
		code[i].In = s.In
		if err := instruction(s, &code[i]); err != nil {
			return err
		}
	}
	var stride [][]int
	for _, v := range l.node.In {
		stride = append(stride, repeated(v.Shape, o.Shape))
	}
	var results []int
	for _, r := range o.Results {
		results = append(results, r.Value)
	}
	code, results = activations(l.node.In, code, results)
	k := eltwise.NewChain(l.isa, o.Shape, stride, code, results)
	l.scratch = k.ScratchLen()
	l.bind = func(b *binding) {
		in, out := make([]*memory, len(l.node.In)), make([]*memory, len(l.node.Out))
		for i := range in {
			in[i] = b.in(i)
		}
		for i := range out {
			out[i] = b.out(i)
		}
		// fill draws the numbers of a RandomUniform.
		fill := func(i, at int, dst []float32) {
			s := o.Steps[i]
			philox.Uniform(s.Op.(op.RandomUniform).Key, in[s.In[0]].i64[0], at, dst)
		}
		b.step(k.Parts(), func(part int, scratch []float32) {
			var x, y [16][]float32
			for i, m := range in {
				x[i] = m.f32
			}
			for i, m := range out {
				y[i] = m.f32
			}
			k.Run(part, x[:len(in)], y[:len(out)], fill, scratch)
		})
	}
	return nil
}

// instruction translates a step of a chain.
func instruction(s compile.ChainStep, to *eltwise.Instruction) error {
	name, ok := s.Op.Name(), true
	switch s.Op.(type) {
	case op.Select:
		to.Kind = eltwise.Choice
	case op.RandomUniform:
		to.Kind = eltwise.Filled
	case op.Unary, compile.Copy:
		to.Kind = eltwise.OfOne
		to.Unary, ok = eltwise.UnaryNamed(name)
	default:
		to.Kind = eltwise.OfTwo
		to.Binary, ok = eltwise.BinaryNamed(name)
	}
	if !ok {
		return fmt.Errorf("a chain has no instruction for %s", name)
	}
	return nil
}

// activations replaces the instructions of an activation by one instruction with the same bits: Sigmoid and Mul by Swish, and
// Add 3, ReLU6, Div 6 and Mul by HardSwish.
func activations(in []*graph.Value, code []eltwise.Instruction, results []int) ([]eltwise.Instruction, []int) {
	m := len(in)
	uses := make([]int, m+len(code))
	for _, c := range code {
		if c.Kind == eltwise.Filled { // the caller knows its number
			return code, results
		}
		for _, v := range c.In {
			uses[v]++
		}
	}
	for _, r := range results {
		uses[r]++
	}
	// inner returns the instruction that computes v if v is used once.
	inner := func(v int) *eltwise.Instruction {
		if v < m || uses[v] != 1 {
			return nil
		}
		return &code[v-m]
	}
	unary := func(c *eltwise.Instruction, f eltwise.UnaryOp) bool {
		return c != nil && c.Kind == eltwise.OfOne && c.Unary == f
	}
	// binary reports whether c is a function of a value and this number.
	binary := func(c *eltwise.Instruction, f eltwise.BinaryOp, number float32) bool {
		if c == nil || c.Kind != eltwise.OfTwo || c.Binary != f || c.In[1] >= m {
			return false
		}
		k, ok := in[c.In[1]].Node.Op.(op.Const)
		return ok && k.Value.DType() == tensor.Float32 && k.Value.Len() == 1 && k.Value.Float32s()[0] == number
	}
	gone := make([]bool, len(code))
	for i, c := range code {
		if c.Kind != eltwise.OfTwo || c.Binary != eltwise.Mul {
			continue
		}
		for k, x := range c.In {
			y := c.In[1-k]
			if s := inner(y); unary(s, eltwise.Sigmoid) && s.In[0] == x {
				code[i] = eltwise.Instruction{Kind: eltwise.OfOne, Unary: eltwise.Swish, In: []int{x}}
				gone[y-m] = true
				break
			}
			div := inner(y)
			if !binary(div, eltwise.Div, 6) {
				continue
			}
			relu := inner(div.In[0])
			if !unary(relu, eltwise.ReLU6) {
				continue
			}
			if add := inner(relu.In[0]); binary(add, eltwise.Add, 3) && add.In[0] == x {
				code[i] = eltwise.Instruction{Kind: eltwise.OfOne, Unary: eltwise.HardSwish, In: []int{x}}
				gone[y-m], gone[div.In[0]-m], gone[relu.In[0]-m] = true, true, true
				break
			}
		}
	}
	return without(m, code, results, gone)
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

// chainInPlace lists the operands that a result of a chain may overwrite: those of its shape that no step
// after the result's reads.
func chainInPlace(o compile.Chain, n *graph.Node, result int) []int {
	var operands []int
	for i, v := range n.In {
		if v.DType == tensor.Int64 || !v.Shape.Equal(o.Shape) {
			continue
		}
		root := compile.Root(v)
		last := o.LastUse(func(j int) bool { return j < len(n.In) && compile.Root(n.In[j]) == root })
		if last <= o.Results[result].Value-len(n.In) {
			operands = append(operands, i)
		}
	}
	return operands
}
