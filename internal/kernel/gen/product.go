package main

import "fmt"

// product writes a tile of a matrix product C = A B for amd64: some rows by one or two vectors of columns. The sums stay
// in registers while k runs. All kernels that multiply matrices use it (micro.go, gemm.go, winograd_products.go). They
// choose the initial values of the sums (startFrom, startZero), where A and B are read from (left, right), what else is
// done for each k (perK), and what is done with the sums (product_end.go).
type product struct {
	*asm
	args    *reg // pointer to the struct that has the operands
	rows    int
	vectors int
	tail    *reg     // mask of the last vector; nil: it is always whole
	sums    [][]*reg // by row and vector
	b       []*reg   // a row of B
	x       []*reg   // elements of A; they are used in turn

	left  left
	right right
	perK  []func() // write what else is done for each k
	pairs bool     // the loop over k is unrolled by two
}

// newProduct takes the registers of a tile. The function's only parameter is a pointer to the struct.
func newProduct(a *asm, rows, vectors int, masked bool) *product {
	t := &product{asm: a, args: a.param(a.params[0]), rows: rows, vectors: vectors}
	if masked {
		t.tail = a.mask("lanes")
		t.comment("load the mask of the last vector")
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

// pointer takes a general register and loads a field to it.
func (t *product) pointer(field string) *reg {
	p := t.general(field)
	t.i("MOVQ %s, %s", t.args.field(field), p)
	return p
}

// wholeOrPart writes code twice: for tiles whose last vector is whole, and with a mask for the others. Without a tail
// it writes only the first. A masked load in the loop over k would cost as much as a multiplication, and a masked store
// of AVX2 as much as many.
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

// eachVector writes code for each vector of a row, with its mask, which is nil for whole vectors.
func (t *product) eachVector(tail *reg, each func(j int, mask *reg)) {
	for j := range t.vectors - 1 {
		each(j, nil)
	}
	each(t.vectors-1, tail)
}

// loadRow loads the vectors of the row to which a register points.
func (t *product) loadRow(from *reg, tail *reg, to []*reg) {
	t.eachVector(tail, func(j int, mask *reg) { t.loadPart(from.mem(j*t.bytes()), mask, to[j]) })
}

// eachSum writes code for each sum.
func (t *product) eachSum(each func(sum *reg)) {
	for _, row := range t.sums {
		for _, sum := range row {
			each(sum)
		}
	}
}

// overRows writes code for each row of a matrix. p points to the row: it starts at the first row, and moves by stride.
func (t *product) overRows(p, stride *reg, each func(row int)) {
	for r := range t.rows {
		each(r)
		if r < t.rows-1 {
			t.i("ADDQ %s, %s", stride, p)
		}
	}
}

// rowsOf is overRows for a matrix whose start and stride are fields.
func (t *product) rowsOf(start, stride string, each func(row int, p *reg)) {
	p, step := t.pointer(start), t.pointer(stride)
	t.overRows(p, step, func(row int) { each(row, p) })
	t.free(p, step)
}

// prefetchResult prefetches the lines to which results are written.
func (t *product) prefetchResult() {
	t.comment("prefetch the result")
	t.rowsOf("C", "CStride", func(_ int, p *reg) { t.prefetchLines(p) })
}

// prefetchLines prefetches the lines of a row.
func (t *product) prefetchLines(p *reg) {
	for o := 0; o < t.vectors*t.bytes(); o += 64 {
		t.i("PREFETCHT0 %s", p.mem(o))
	}
}

// startFrom loads the initial values of the sums.
func (t *product) startFrom(start, stride string) {
	t.comment("load the initial values of the sums")
	t.rowsOf(start, stride, func(row int, p *reg) { t.loadRow(p, t.tail, t.sums[row]) })
}

// startZero clears the sums.
func (t *product) startZero() {
	t.comment("set the sums to 0")
	t.eachSum(func(sum *reg) { t.zero(sum) })
}

// left is where elements of A are read from.
type left interface {
	element(row int) string // address of a row's element for the current k
	next()                  // moves to the next k
	move(by any)            // moves by an operand, in bytes
	registers() []*reg
}

// strided are rows of A at a stride, in which k is contiguous. Three rows share a pointer.
type strided struct {
	t        *product
	stride   *reg
	each     int      // number of rows from each start
	pointers [][]*reg // by start, for each three rows
}

// strided takes registers for rows that lie AStride apart. An equal number of rows begins at each of the starts, which
// are operands.
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

// contiguous are contiguous rows of A, with k at a stride.
type contiguous struct {
	t         *product
	p, stride *reg
}

// contiguous takes registers for contiguous rows. start is an operand, and the stride is AStride.
func (t *product) contiguous(start any) *contiguous {
	c := &contiguous{t, t.general("A"), t.pointer("AStride")}
	t.i("MOVQ %v, %s", start, c.p)
	return c
}

func (c *contiguous) element(row int) string { return c.p.mem(4 * row) }
func (c *contiguous) next()                  { c.move(c.stride) }
func (c *contiguous) move(by any)            { c.t.i("ADDQ %v, %s", by, c.p) }
func (c *contiguous) registers() []*reg      { return []*reg{c.p, c.stride} }

// right is where rows of B are read from. stride is a register, or a number of bytes.
type right struct {
	p      *reg
	stride any
}

// overK writes the loop over k. For each k, it multiplies a row of B by an element of each row of A.
func (t *product) overK() {
	t.comment("for each k, multiply a row of B by an element of each row of A")
	t.wholeOrPart(t.multiply)
}

// multiply is overK with a mask for the last vector of B, or nil. With pairs, a pass of the loop multiplies for two k.
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

// multiplyRow multiplies a row of B by an element of each row of A, and moves to the next k.
func (t *product) multiplyRow(tail *reg) {
	t.loadRow(t.right.p, tail, t.b)
	for _, do := range t.perK {
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

// prefixed returns a register, or a number with the prefix of a constant.
func prefixed(x any) any {
	if n, ok := x.(int); ok {
		return fmt.Sprintf("$%d", n)
	}
	return x
}

// overSegments is overK for all segments of k. skip moves from the end of a segment to the start of the next.
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

// prefetchAhead prefetches a line of memory for each k: the one to which p points. p then moves by step.
func (t *product) prefetchAhead(cache string, p, step *reg) {
	t.perK = append(t.perK, func() { t.i("PREFETCH%s %s\nADDQ %s, %s", cache, p.mem(0), step, p) })
}

// prefetchUpTo is prefetchAhead for memory from at to end, half a line for each k. It returns the two registers. step is
// 0 if all of the memory has been prefetched.
func (t *product) prefetchUpTo(at, end, cache string) (p, step *reg) {
	p, step = t.general("ahead"), t.general("step")
	half := t.general("half a line")
	t.i("MOVQ %s, %s\nXORL %s, %s\nMOVL $32, %s", at, p, step, step, half)
	t.i("CMPQ %s, %s\nCMOVQCS %s, %s", p, end, half, step)
	t.free(half)
	t.prefetchAhead(cache, p, step)
	return p, step
}

// eitherLeft writes the loop over k twice: for rows of A at a stride, and for contiguous rows. The field transposed
// selects one. If strided is nil, it writes only the second. The functions must free the registers that they take.
func (t *product) eitherLeft(strided, contiguous func()) {
	if strided != nil {
		t.i("CMPQ %s, $0\nJNE transposed", t.args.field("transposed"))
		t.comment("rows of A at a stride")
		strided()
		t.i("JMP multiplied")
		t.at("transposed")
	}
	t.comment("contiguous rows of A")
	contiguous()
	if strided != nil {
		t.at("multiplied")
	}
	t.free(t.b...)
	t.free(t.x...)
}

// freeOperands frees the registers that the loop over k uses for A and B, and others.
func (t *product) freeOperands(others ...*reg) {
	t.free(t.left.registers()...)
	t.free(t.right.p)
	if stride, ok := t.right.stride.(*reg); ok {
		t.free(stride)
	}
	t.free(others...)
	t.perK, t.pairs = nil, false
}
