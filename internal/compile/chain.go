package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Chain computes several element-wise ops in one pass over memory. Its operands are broadcast to Shape,
// which is the shape of each result. The step of a RandomUniform is an operand too.
type Chain struct {
	Shape   tensor.Shape
	Steps   []ChainStep
	Results []ChainResult
}

// ChainStep is an op of a Chain. In has the values that it reads: numbers below the Chain's number of
// operands are operands, and the others are earlier steps.
type ChainStep struct {
	Op op.Op
	In []int
}

// ChainResult is a result of a Chain: the value of a step, numbered as in ChainStep.
type ChainResult struct {
	Value int
	DType tensor.DType
}

const (
	maxChainSteps    = 32 // of a Chain
	maxChainOperands = 12 // of a Chain
	maxChainResults  = 4  // of a Chain
	minChainElements = 64 // of a result: below, a pass over memory costs nothing
)

// Name implements op.Op.
func (Chain) Name() string { return "FusedChain" }

// Attributes prints the steps, each with the values that it reads, and the values that are results. Values
// are numbered: the operands first, then the steps.
func (o Chain) Attributes() string {
	var s strings.Builder
	for _, step := range o.Steps {
		s.WriteString(step.Op.Name())
		if a := op.Attributes(step.Op); a != "" {
			s.WriteString("[" + a + "]")
		}
		s.WriteByte('(')
		for i, v := range step.In {
			if i > 0 {
				s.WriteByte(' ')
			}
			fmt.Fprint(&s, v)
		}
		s.WriteString(") ")
	}
	s.WriteByte('=')
	for _, r := range o.Results {
		fmt.Fprint(&s, " ", r.Value)
	}
	return s.String()
}

// Infer implements op.Op.
func (o Chain) Infer(in []op.Type) ([]op.Type, error) {
	for i, t := range in {
		if s, err := op.Broadcast(t.Shape, o.Shape); err != nil || !s.Equal(o.Shape) {
			return nil, fmt.Errorf("operand %d is %v, which does not broadcast to %v", i, t, o.Shape)
		}
	}
	for i, step := range o.Steps {
		for _, v := range step.In {
			if v < 0 || v >= len(in)+i {
				return nil, fmt.Errorf("step %d reads value %d, which does not come before it", i, v)
			}
		}
	}
	var out []op.Type
	for _, r := range o.Results {
		if r.Value < len(in) || r.Value >= len(in)+len(o.Steps) {
			return nil, fmt.Errorf("result %d is not a step", r.Value)
		}
		out = append(out, op.Type{DType: r.DType, Shape: o.Shape})
	}
	return out, nil
}

// LastUse returns the last step that reads one of the operands for which is reports true, and -1 if none
// does.
func (o Chain) LastUse(is func(operand int) bool) int {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if slices.ContainsFunc(o.Steps[i].In, is) {
			return i
		}
	}
	return -1
}

// program writes a Chain: its steps, its operands and its results.
type program struct {
	Chain
	in     []*graph.Value
	values map[*graph.Value]int // operands by their number, steps by -1 - their index
	seen   map[string]int       // equal steps, by their text
}

// newProgram writes the nodes, which are in order, with the results of roots as results.
func newProgram(shape tensor.Shape, nodes []*graph.Node, roots map[*graph.Node]bool) *program {
	p := &program{Chain: Chain{Shape: shape}, values: map[*graph.Value]int{}, seen: map[string]int{}}
	var results []int
	for _, n := range nodes {
		at := p.add(n)
		if roots[n] {
			if at >= 0 || slices.Contains(results, at) { // an operand, or the result of another node too
				at = p.step(Copy{}, at)
			}
			results = append(results, at)
			p.Results = append(p.Results, ChainResult{DType: n.Out[0].DType})
		}
		p.values[n.Out[0]] = at
	}
	number := func(v int) int {
		if v < 0 {
			return len(p.in) - 1 - v
		}
		return v
	}
	for i := range p.Steps {
		for j, v := range p.Steps[i].In {
			p.Steps[i].In[j] = number(v)
		}
	}
	for i, v := range results {
		p.Results[i].Value = number(v)
	}
	return p
}

// add adds the step of a node and returns its value.
func (p *program) add(n *graph.Node) int {
	switch n.Op.(type) {
	case op.Cast, op.BroadcastLike: // a Bool is 0 or 1, and operands are broadcast
		return p.value(n.In[0])
	case op.RandomUniform:
		return p.step(n.Op, p.value(n.In[0]))
	}
	in := make([]int, len(n.In))
	for i, v := range n.In {
		in[i] = p.value(v)
	}
	return p.step(n.Op, in...)
}

// value returns the number of a value, which becomes an operand if it is not computed by a step.
func (p *program) value(v *graph.Value) int {
	at, ok := p.values[v]
	if !ok {
		at = len(p.in)
		p.in = append(p.in, v)
		p.values[v] = at
	}
	return at
}

// step adds a step, unless an equal one is there.
func (p *program) step(o op.Op, in ...int) int {
	key := fmt.Sprint(o.Name(), "|", op.Attributes(o), "|", in)
	if at, ok := p.seen[key]; ok {
		return at
	}
	p.Steps = append(p.Steps, ChainStep{o, in})
	at := -len(p.Steps)
	p.seen[key] = at
	return at
}
