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
