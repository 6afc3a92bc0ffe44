package eltwise

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/kernel"
)

// Chain computes a list of functions over the elements of a shape, block by block. The intermediate values
// of a block stay in the first cache, so memory is read and written once. The results have the bits that the
// functions give one after the other.
type Chain struct {
	isa      kernel.ISA
	n        int   // elements
	axes     []int // the shape, with dimensions merged where possible; the last is a run
	rows     int   // the most runs in a block; 1 if a block is a run or a part of one
	operands []chainOperand
	code     []chainStep
	results  int
	slots    int // of scratch
}

// Instruction is a function of a Chain. In has the numbers of the values that it takes: the operands come
// first, then the results of the instructions.
type Instruction struct {
	Kind   Kind
	Unary  UnaryOp
	Binary BinaryOp
	In     []int
}

// Kind is the kind of a function.
type Kind uint8

// The kinds of functions.
const (
	OfOne  Kind = iota // Unary
	OfTwo              // Binary
	Choice             // Select
	Filled             // computed by the caller from the indices of the elements
)

// maxChain is the highest number of operands and instructions of a Chain.
const maxChain = 64

const (
	// chainBlock is the number of elements in a block. The blocks of a few values fit in the first cache.
	chainBlock = 1024
	// chainSlot is the distance between blocks in scratch memory. It is not a multiple of 4096 bytes, because
	// loads then wait for stores to other blocks, whose addresses have the same last digits.
	chainSlot = chainBlock + 48
	// chainVector is the length of the longest vector.
	chainVector = 16
)

// chainOperand is an operand and its distance between elements along each axis.
type chainOperand struct {
	steps []int
	form  form
	slot  int // if it is copied
}

// form says how an operand's numbers for a block are found.
type form uint8

const (
	direct   form = iota // the numbers of a block are adjacent
	single               // a block has one number; a vector of it is made when it changes
	repeated             // a block repeats a run; it is copied when the run changes
	gathered             // the runs of a block are apart, or a run has one number; each block is copied
)

// chainStep is an instruction. Its result goes to a slot of scratch, or to a result of the chain.
type chainStep struct {
	Instruction
	slot, result int // result is -1 if the slot is used
}

// NewChain prepares the instructions for a shape. strides[i] has the strides of operand i along each dimension,
// in elements; a stride of 0 repeats the operand along the dimension. results has the values that are results,
// each of which is an instruction's.
func NewChain(isa kernel.ISA, shape []int, strides [][]int, code []Instruction, results []int) *Chain {
	m := len(strides)
	if m+len(code) > maxChain {
		panic(fmt.Sprintf("eltwise: a chain of %d instructions and %d operands", len(code), m))
	}
	c := &Chain{isa: isa, n: 1, rows: 1, results: len(results), operands: make([]chainOperand, m)}
	for d, n := range shape {
		c.n *= n
		if n != 1 {
			c.axis(d, n, strides)
		}
	}
	if len(c.axes) == 0 {
		c.axes = []int{1}
		for i := range c.operands {
			c.operands[i].steps = []int{0}
		}
	}
	if run, outer := c.last(); run < chainBlock {
		c.rows = max(1, chainBlock/max(run, 1))
		if even := 16 / gcd(16, run); c.rows > even { // so that blocks consist of whole vectors
			c.rows -= c.rows % even
		}
		c.rows = min(c.rows, outer)
	}
	for i := range c.operands {
		o := &c.operands[i]
		if o.form = c.formOf(o.steps); o.form >= repeated {
			o.slot, c.slots = c.slots, c.slots+1
		}
	}
	c.assign(code, results)
	return c
}

// axis adds a dimension. It is merged with the one before it if no operand distinguishes them.
func (c *Chain) axis(d, n int, strides [][]int) {
	last := len(c.axes) - 1
	merge := last >= 0
	for i, s := range strides {
		merge = merge && c.operands[i].steps[last] == s[d]*n
	}
	if merge {
		c.axes[last] *= n
	} else {
		c.axes = append(c.axes, n)
	}
	for i, s := range strides {
		if o := &c.operands[i]; merge {
			o.steps[last] = s[d]
		} else {
			o.steps = append(o.steps, s[d])
		}
	}
}

// last returns the number of elements in a run, and the number of runs along the axis before it.
func (c *Chain) last() (run, outer int) {
	last := len(c.axes) - 1
	if last == 0 {
		return c.axes[0], 1
	}
	return c.axes[last], c.axes[last-1]
}

// formOf returns the form of an operand.
func (c *Chain) formOf(steps []int) form {
	last := len(steps) - 1
	inner := steps[last]
	if c.rows == 1 {
		if inner == 0 {
			return single
		}
		return direct
	}
	switch outer := steps[last-1]; {
	case inner == 1 && outer == c.axes[last]:
		return direct
	case inner == 0 && outer == 0:
		return single
	case inner == 1 && outer == 0:
		return repeated
	}
	return gathered
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// assign gives each instruction memory for its result.
func (c *Chain) assign(code []Instruction, results []int) {
	m := len(c.operands)
	last := make([]int, m+len(code)) // the last instruction that takes a value
	for j, i := range code {
		for _, v := range i.In {
			last[v] = j
		}
	}
	var free []int
	for j, i := range code {
		s := chainStep{Instruction: i, result: slices.Index(results, m+j)}
		for k, v := range i.In {
			// Functions read an element before they write it, so the result can replace an operand.
			if v >= m && last[v] == j && c.code[v-m].result < 0 && !slices.Contains(i.In[:k], v) {
				free = append(free, c.code[v-m].slot)
			}
		}
		if s.result < 0 {
			if len(free) == 0 {
				free = append(free, c.slots)
				c.slots++
			}
			s.slot, free = free[len(free)-1], free[:len(free)-1]
		}
		c.code = append(c.code, s)
	}
}

// Parts is the number of parts of Run.
func (c *Chain) Parts() int {
	if c.n == 0 || c.rows == 1 {
		return kernel.Blocks(c.n)
	}
	run, _ := c.last()
	return kernel.RowBlocks(c.n/run, run)
}

// ScratchLen is the length of the scratch memory, in floats.
func (c *Chain) ScratchLen() int { return c.slots*chainSlot + len(c.operands)*chainVector }

// chainValue has the numbers of a block, or chainVector times the one number that is repeated.
type chainValue struct {
	v    []float32
	step int // 0 if a number is repeated
}

// Run computes a part of the results. A result may be an operand that is not repeated, if no instruction after the
// result's takes the operand. fill computes the elements from index at on for an instruction of kind Filled.
// An operand that has one number and is taken by such instructions only may be nil.
func (c *Chain) Run(part int, operands, results [][]float32, fill func(instruction, at int, dst []float32), scratch []float32) {
	var values [maxChain]chainValue
	var copied [maxChain]int // 1 + the index of the run or the number that is in the operand's slot
	run, outer := c.last()
	lo, hi := kernel.BlockRange(c.n, part)
	if c.rows > 1 {
		lo, hi = kernel.Split(c.n/run, c.Parts(), part)
		lo, hi = lo*run, hi*run
	}
	m := len(c.operands)
	for at := lo; at < hi; {
		row, skip := at/run, at%run
		rows := min(c.rows, outer-row%outer, kernel.CeilDiv(hi-at, run))
		n := rows * run
		if c.rows == 1 {
			n = min(run-skip, hi-at, chainBlock)
		}
		for i := range c.operands {
			o := &c.operands[i]
			from := c.offset(o.steps, row) + skip*o.steps[len(o.steps)-1]
			switch o.form {
			case direct:
				values[i] = chainValue{operands[i][from : from+n], 1}
			case single:
				if operands[i] != nil && copied[i] != 1+from {
					copied[i] = 1 + from
					values[i] = chainValue{scratch[c.slots*chainSlot+i*chainVector:][:chainVector], 0}
					repeatTo(values[i].v, operands[i][from])
				}
			case repeated:
				block := scratch[o.slot*chainSlot:][:chainBlock]
				if copied[i] != 1+from {
					copied[i] = 1 + from
					for r := range c.rows {
						copy(block[r*run:], operands[i][from:from+run])
					}
				}
				values[i] = chainValue{block[:n], 1}
			case gathered:
				values[i] = chainValue{scratch[o.slot*chainSlot:][:n], 1}
				o.gather(values[i].v, operands[i], from, run)
			}
		}
		for j := range c.code {
			s := &c.code[j]
			var dst []float32
			if s.result >= 0 {
				dst = results[s.result][at : at+n]
			} else {
				dst = scratch[s.slot*chainSlot:][:n]
			}
			values[m+j] = chainValue{dst, 1}
			switch s.Kind {
			case OfOne:
				c.unary(s.Unary, values[s.In[0]], dst)
			case OfTwo:
				c.binary(s.Binary, values[s.In[0]], values[s.In[1]], dst)
			case Choice:
				c.choose(values[s.In[0]], values[s.In[1]], values[s.In[2]], dst)
			case Filled:
				fill(j, at, dst)
			}
		}
		at += n
	}
}

// offset returns the index of a run's first element in an operand.
func (c *Chain) offset(steps []int, row int) int {
	from := 0
	for d := len(c.axes) - 2; d >= 0; d-- {
		from += row % c.axes[d] * steps[d]
		row /= c.axes[d]
	}
	return from
}

// gather copies the runs of a block, starting at index from of the operand.
func (o *chainOperand) gather(block, x []float32, from, run int) {
	last := len(o.steps) - 1
	for at := 0; at < len(block); at += run {
		if o.steps[last] == 0 {
			repeatTo(block[at:at+run], x[from])
		} else {
			copy(block[at:at+run], x[from:])
		}
		from += o.steps[last-1]
	}
}

func repeatTo(dst []float32, x float32) {
	for i := range dst {
		dst[i] = x
	}
}

func (c *Chain) unary(op UnaryOp, x chainValue, dst []float32) {
	if x.step == 1 {
		applyUnary(c.isa, op, x.v, dst)
		return
	}
	applyUnary(c.isa, op, x.v[:1], dst[:1])
	repeatTo(dst, dst[0])
}

func (c *Chain) binary(op BinaryOp, x, y chainValue, dst []float32) {
	f := binaries[op].f
	for i := binaryValues(c.isa, op, x, y, dst); i < len(dst); i++ {
		dst[i] = f(x.v[i*x.step], y.v[i*y.step])
	}
}

func (c *Chain) choose(cond, x, y chainValue, dst []float32) {
	if cond.step == 0 {
		if cond.v[0] == 0 {
			x = y
		}
		c.unary(Copy, x, dst)
		return
	}
	for i := selectValues(c.isa, cond, x, y, dst); i < len(dst); i++ {
		if cond.v[i] != 0 {
			dst[i] = x.v[i*x.step]
		} else {
			dst[i] = y.v[i*y.step]
		}
	}
}

// UnaryNamed returns the function of one number with a name.
func UnaryNamed(name string) (UnaryOp, bool) {
	i := slices.IndexFunc(unaries[:], func(f unaryFunction) bool { return f.name == name })
	return UnaryOp(max(i, 0)), i >= 0
}

// BinaryNamed returns the function of two numbers with a name.
func BinaryNamed(name string) (BinaryOp, bool) {
	i := slices.IndexFunc(binaries[:], func(f binaryFunction) bool { return f.name == name })
	return BinaryOp(max(i, 0)), i >= 0
}
