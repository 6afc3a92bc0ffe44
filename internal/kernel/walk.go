package kernel

// Offsets are indices into the operands of a Walk, or distances between such indices. They are 0 for operands
// that the walk does not have. (This is not an array because Go does not keep arrays in registers.)
type Offsets struct{ A, B, C int }

func (p Offsets) times(n int) Offsets { return Offsets{p.A * n, p.B * n, p.C * n} }

func (p Offsets) plus(q Offsets) Offsets { return Offsets{p.A + q.A, p.B + q.B, p.C + q.C} }

// Walk visits the elements of a shape in row-major order, in runs along the last dimension, and computes the
// index of each run's first element in up to three operands. Adjacent dimensions are merged if they have a
// common stride in each operand, so that runs are long.
type Walk struct {
	axes []walkAxis // at least one
	n    int
}

type walkAxis struct {
	n    int
	step Offsets
}

// NewWalk prepares a walk over shape. strides[i] has the strides of operand i along each dimension, in elements.
// A stride of 0 repeats the operand along the dimension.
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
func (w *Walk) Step() Offsets { return w.axes[len(w.axes)-1].step }

// Range calls f for each run of elements [lo, hi) of the shape. A run has n elements and starts with element at,
// which has the indices from in the operands.
func (w *Walk) Range(lo, hi int, f func(at, n int, from Offsets)) {
	outer := len(w.axes) - 1
	run := w.axes[outer]
	for at := lo; at < hi; {
		row, skip := at/run.n, at%run.n
		rows, step := 1, Offsets{}
		if outer > 0 {
			next := w.axes[outer-1]
			rows, step = next.n-row%next.n, next.step
		}
		var from Offsets
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
