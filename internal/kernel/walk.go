package kernel

// Places are indices into the operands of a Walk, or the steps between them; those of operands
// that there are not are 0. (An array would not be kept in registers.)
type Places struct{ A, B, C int }

func (p Places) times(n int) Places { return Places{p.A * n, p.B * n, p.C * n} }

func (p Places) plus(q Places) Places { return Places{p.A + q.A, p.B + q.B, p.C + q.C} }

// Walk goes over the elements of a shape in their order, run by run along the last dimension,
// and knows where in each of up to three operands a run begins. Dimensions that all operands
// pass through as through one are joined, so that runs are long.
type Walk struct {
	axes []walkAxis // at least one
	n    int
}

type walkAxis struct {
	n    int
	step Places
}

// NewWalk prepares the walk over shape; strides[i] are operand i's, in elements: 0 along a
// dimension that it is repeated along.
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

// Step is how far apart the elements of a run are, in each operand.
func (w *Walk) Step() Places { return w.axes[len(w.axes)-1].step }

// Range calls f for the runs of elements [lo, hi): n elements from the one numbered at on, which
// are at from in the operands.
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
