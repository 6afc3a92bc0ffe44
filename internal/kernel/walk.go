package kernel

// Places are indices into the three operands of a Walk, or steps between such indices; 0 for an
// operand that the walk does not have. (Go does not keep arrays in registers.)
type Places struct{ A, B, C int }

func (p Places) times(n int) Places { return Places{p.A * n, p.B * n, p.C * n} }

func (p Places) plus(q Places) Places { return Places{p.A + q.A, p.B + q.B, p.C + q.C} }

// Walk visits the elements of a shape in order, one run along the last dimension at a time, and
// gives the index of each run's first element in up to three operands. Adjacent dimensions are
// merged where every operand steps through them at one stride, so that runs are long.
type Walk struct {
	axes []walkAxis // at least one
	n    int
}

type walkAxis struct {
	n    int
	step Places
}

// NewWalk prepares the walk over shape. strides[i] are the strides of operand i along each
// dimension, in elements; 0 repeats the operand along a dimension.
func NewWalk(shape []int, strides ...[]int) *Walk {
	w := &Walk{n: 1}
	for d, n := range shape {
		w.n *= n
		if n == 1 {
			continue
		}
		a := walkAxis{n: n}
		for i, step := range []*int{&a.step.A, &a.step.B, &a.step.C}[:len(strides)] {
			*step = strides[i][d]
		}
		if last := len(w.axes) - 1; last >= 0 && w.axes[last].step == a.step.times(n) {
			a.n *= w.axes[last].n
			w.axes = w.axes[:last]
		}
		w.axes = append(w.axes, a)
	}
	if len(w.axes) == 0 {
		w.axes = []walkAxis{{n: 1}}
	}
	return w
}

// Len is the number of elements.
func (w *Walk) Len() int { return w.n }

// Step is the distance between adjacent elements of a run, in each operand.
func (w *Walk) Step() Places { return w.axes[len(w.axes)-1].step }

// Range calls f for each run of the elements [lo, hi): n elements, the first of which is element
// at of the shape and has the indices from in the operands.
func (w *Walk) Range(lo, hi int, f func(at, n int, from Places)) {
	outer := len(w.axes) - 1
	run := w.axes[outer]
	for at := lo; at < hi; {
		row, skip := at/run.n, at%run.n
		rows, step := 1, Places{}
		if outer > 0 {
			next := w.axes[outer-1]
			rows, step = next.n-row%next.n, next.step
		}
		var from Places
		for d := outer - 1; d >= 0; d-- {
			a := w.axes[d]
			from = from.plus(a.step.times(row % a.n))
			row /= a.n
		}
		for ; rows > 0 && at < hi; rows-- {
			n := min(run.n-skip, hi-at)
			if skip > 0 {
				f(at, n, from.plus(run.step.times(skip)))
			} else {
				f(at, n, from)
			}
			at, skip = at+n, 0
			from = from.plus(step)
		}
	}
}
