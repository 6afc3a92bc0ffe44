package main

import "fmt"

// product is a tile of a matrix product on amd64: some rows by one or two vectors of columns, whose
// sums stay in registers while k runs. All kernels that multiply matrices are made of it (micro.go,
// gemm.go, winograd_products.go). What differs is put in: what sums start from (startFrom, startZero),
// where A and B come from (left, right), what is done besides for each k (meanwhile), and what becomes
// of the sums (product_end.go).
type product struct {
	*asm
	args    *reg // the struct that says where operands are
	rows    int
	vectors int
	tail    *reg     // mask of the last vector; nil: it is whole
	sums    [][]*reg // by row and vector
	b       []*reg   // the row of B at hand
	x       []*reg   // elements of A, in turn

	left      left
	right     right
	meanwhile []func()
	pairs     bool // the loop over k is unrolled twice
}

// newProduct takes the registers of a tile. The function's only parameter points to its struct.
func newProduct(a *asm, rows, vectors int, masked bool) *product {
	t := &product{asm: a, args: a.param(a.params[0]), rows: rows, vectors: vectors}
	if masked {
		t.tail = a.mask("lanes")
		t.comment("the lanes of the last vector")
		if a.is512() {
			a.i("KMOVW %s, %s", t.args.field("Mask"), t.tail)
		} else {
			p := t.pointer("Lanes")
			a.v("VMOVUPS", p.mem(0), t.tail)
			a.free(p)
		}
	}
	for r := range rows {
		t.sums = append(t.sums, a.vectors(fmt.Sprintf("sum of row %d", r), vectors))
	}
	t.b = a.vectors("row of B", vectors)
	t.x = a.vectors("element of A", min(2, a.unused(vectorClass)))
	return t
}

// pointer takes a register and loads a field to it.
func (t *product) pointer(field string) *reg {
	p := t.general(field)
	t.i("MOVQ %s, %s", t.args.field(field), p)
	return p
}

// wholeOrPart writes something for tiles whose last vector is whole, and for others, unless all are
// whole. (With a mask, loads in the loop over k take a multiplication's time, and stores of AVX2 many.)
func (t *product) wholeOrPart(write func(tail *reg)) {
	if t.tail == nil {
		write(nil)
		return
	}
	part, done := t.newLabel("part"), t.newLabel("done")
	t.i("CMPQ %s, $0\nJEQ %s", t.args.field("whole"), part)
	write(nil)
	t.i("JMP %s", done)
	t.at(part)
	write(t.tail)
	t.at(done)
}

// eachVector writes something for each vector of a row, and the mask that it has.
func (t *product) eachVector(tail *reg, each func(j int, mask *reg)) {
	for j := range t.vectors - 1 {
		each(j, nil)
	}
	each(t.vectors-1, tail)
}

// loadRow loads the vectors of a row that a register points to.
func (t *product) loadRow(from *reg, tail *reg, to []*reg) {
	t.eachVector(tail, func(j int, mask *reg) { t.loadPart(from.mem(j*t.bytes()), mask, to[j]) })
}

// eachSum writes something for each sum.
func (t *product) eachSum(each func(sum *reg)) {
	for _, row := range t.sums {
		for _, sum := range row {
			each(sum)
		}
	}
}

// overRows writes something for each row of a matrix, from a register that walks down.
func (t *product) overRows(p, stride *reg, each func(row int)) {
	for r := range t.rows {
		each(r)
		if r < t.rows-1 {
			t.i("ADDQ %s, %s", stride, p)
		}
	}
}

// rowsOf is overRows for a matrix whose place and stride are fields.
func (t *product) rowsOf(start, stride string, each func(row int, p *reg)) {
	p, step := t.pointer(start), t.pointer(stride)
	t.overRows(p, step, func(row int) { each(row, p) })
	t.free(p, step)
}

// fetchResult brings the lines that results go to into the first cache.
func (t *product) fetchResult() {
	t.comment("the result comes into the cache meanwhile")
	t.rowsOf("C", "CStride", func(_ int, p *reg) { t.fetchLines(p) })
}

func (t *product) fetchLines(p *reg) {
	for o := 0; o < t.vectors*t.bytes(); o += 64 {
		t.i("PREFETCHT0 %s", p.mem(o))
	}
}

// startFrom loads the sums.
func (t *product) startFrom(start, stride string) {
	t.comment("what the sums start from")
	t.rowsOf(start, stride, func(row int, p *reg) { t.loadRow(p, t.tail, t.sums[row]) })
}

// startZero clears the sums.
func (t *product) startZero() {
	t.comment("the sums start from 0")
	t.eachSum(func(sum *reg) { t.zero(sum) })
}

// left is where elements of A come from.
type left interface {
	element(row int) string // of the k at hand
	next()                  // goes to the next k
	move(by any)            // goes somewhere else, in bytes
	registers() []*reg
}

// strided are rows of A at a stride, k contiguous. A register serves three rows.
type strided struct {
	t        *product
	stride   *reg
	each     int // rows behind each start
	pointers [][]*reg
}

// strided begins at the rows of the given starts, each followed by as many others at a stride.
func (t *product) strided(starts ...any) *strided {
	s := &strided{t: t, stride: t.pointer("AStride"), each: t.rows / len(starts)}
	three := t.general("three rows")
	t.i("LEAQ (%s)(%s*2), %s", s.stride, s.stride, three)
	for _, start := range starts {
		var pointers []*reg
		for n := range (s.each + 2) / 3 {
			p := t.general(fmt.Sprintf("rows of A from %d", 3*n))
			if n == 0 {
				t.i("MOVQ %v, %s", start, p)
			} else {
				t.i("LEAQ (%s)(%s*1), %s", pointers[n-1], three, p)
			}
			pointers = append(pointers, p)
		}
		s.pointers = append(s.pointers, pointers)
	}
	t.free(three)
	return s
}

func (s *strided) element(row int) string {
	p, n := s.pointers[row/s.each][row%s.each/3], row%s.each%3
	if n == 0 {
		return p.mem(0)
	}
	return p.memPlus(s.stride, n, 0)
}

func (s *strided) next() { s.move("$4") }

func (s *strided) move(by any) {
	for _, pointers := range s.pointers {
		for _, p := range pointers {
			s.t.i("ADDQ %v, %s", by, p)
		}
	}
}

func (s *strided) registers() []*reg {
	regs := []*reg{s.stride}
	for _, p := range s.pointers {
		regs = append(regs, p...)
	}
	return regs
}

// contiguous are rows of A that follow one another, k at a stride.
type contiguous struct {
	t         *product
	p, stride *reg
}

func (t *product) contiguous(start any) *contiguous {
	c := &contiguous{t, t.general("A"), t.pointer("AStride")}
	t.i("MOVQ %v, %s", start, c.p)
	return c
}

func (c *contiguous) element(row int) string { return c.p.mem(4 * row) }
func (c *contiguous) next()                  { c.move(c.stride) }
func (c *contiguous) move(by any)            { c.t.i("ADDQ %v, %s", by, c.p) }
func (c *contiguous) registers() []*reg      { return []*reg{c.p, c.stride} }

// right is where rows of B come from: from k to k a register or a number of bytes.
type right struct {
	p      *reg
	stride any
}

// overK multiplies while k runs: a row of B at a time, which each row of A has an element for.
func (t *product) overK() {
	t.comment("for each k: a row of B times an element of each row of A")
	t.wholeOrPart(t.multiply)
}

// multiply is overK with a mask for the last vectors of B. In pairs, two k are multiplied at a time.
func (t *product) multiply(tail *reg) {
	k, again := t.pointer("K"), t.newLabel("again")
	if !t.pairs || tail != nil {
		t.loop(again)
		t.multiplyRow(tail)
		t.i("DECQ %s\nJNE %s", k, again)
		t.free(k)
		return
	}
	odd, end := t.newLabel("odd"), t.newLabel("end")
	t.i("SUBQ $2, %s\nJLT %s", k, odd)
	t.loop(again)
	t.multiplyRow(tail)
	t.multiplyRow(tail)
	t.i("SUBQ $2, %s\nJGE %s", k, again)
	t.at(odd)
	t.i("ADDQ $2, %s\nJEQ %s", k, end)
	t.multiplyRow(tail)
	t.at(end)
	t.free(k)
}

// multiplyRow multiplies a row of B by an element of each row of A, and goes to the next k.
func (t *product) multiplyRow(tail *reg) {
	t.loadRow(t.right.p, tail, t.b)
	for _, do := range t.meanwhile {
		do()
	}
	for r, sums := range t.sums {
		x := t.x[r%len(t.x)]
		t.v("VBROADCASTSS", t.left.element(r), x)
		for j, sum := range sums {
			t.v("VFMADD231PS", t.b[j], x, sum)
		}
	}
	t.left.next()
	t.i("ADDQ %v, %s", prefixed(t.right.stride), t.right.p)
}

// prefixed is an operand: a register, or a number.
func prefixed(x any) any {
	if n, ok := x.(int); ok {
		return fmt.Sprintf("$%d", n)
	}
	return x
}

// overSegments is overK for the segments of k, with what leads from the end of one to the next.
func (t *product) overSegments(skip func()) {
	count := t.pointer("Segs")
	t.i("MOVQ %s, %s", count, t.args.field("segments"))
	t.free(count)
	segment := t.newLabel("segment")
	t.at(segment)
	t.overK()
	skip()
	t.i("DECQ %s\nJNE %s", t.args.field("segments"), segment)
}

// fetchAhead asks for a line of memory for each k, from a register that moves on by another.
func (t *product) fetchAhead(cache string, p, step *reg) {
	t.meanwhile = append(t.meanwhile, func() { t.i("PREFETCH%s %s\nADDQ %s, %s", cache, p.mem(0), step, p) })
}

// fetchUpTo is fetchAhead for memory up to an end, half a line for each k. Registers are where it is,
// and the step: 0 when all has been asked for.
func (t *product) fetchUpTo(at, end, cache string) (p, step *reg) {
	p, step = t.general("ahead"), t.general("step")
	half := t.general("half a line")
	t.i("MOVQ %s, %s\nXORL %s, %s\nMOVL $32, %s", at, p, step, step, half)
	t.i("CMPQ %s, %s\nCMOVQCS %s, %s", p, end, half, step)
	t.free(half)
	t.fetchAhead(cache, p, step)
	return p, step
}

// eitherLeft writes the loop over k for rows of A at a stride, unless that is nil, and for those that
// follow one another, which the field transposed says. Each gives back its registers.
func (t *product) eitherLeft(strided, contiguous func()) {
	if strided != nil {
		t.i("CMPQ %s, $0\nJNE transposed", t.args.field("transposed"))
		t.comment("rows of A at a stride")
		strided()
		t.i("JMP multiplied")
		t.at("transposed")
	}
	t.comment("rows of A that follow one another")
	contiguous()
	if strided != nil {
		t.at("multiplied")
	}
	t.free(t.b...)
	t.free(t.x...)
}

// freeOperands gives back the registers that the loop over k had for A and B, and others.
func (t *product) freeOperands(others ...*reg) {
	t.free(t.left.registers()...)
	t.free(t.right.p)
	if stride, ok := t.right.stride.(*reg); ok {
		t.free(stride)
	}
	t.free(others...)
	t.meanwhile, t.pairs = nil, false
}
