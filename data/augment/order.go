package augment

import "github.com/lince-ml/lince/internal/mt19937"

// Order is the order of Keras' image iterators, as next() walks them: which rows make up a
// batch, and where in NumPy's stream the batch's draws begin. Both are pure functions of the
// seed, the epoch and the step, so a run can go on from any place and batches can be made
// in any order, by any number of goroutines.
//
// Batch number t, counted over all epochs, begins with numpy.random.seed(Seed + t); the
// batch that starts an epoch first draws permutation(N) from that stream; then come the
// batch's images, one after the other. (Keras' fit reads its iterators from several threads,
// which share one global stream: there the numbers depend on timing. Here they never do.)
type Order struct {
	Seed      uint32 // Seed + t wraps around at 2^32, where NumPy would refuse the seed
	N         int    // rows in the dataset
	BatchSize int    // at least 1
	NoShuffle bool   // rows in order, 0..N-1
}

// Steps is the number of batches in an epoch; the last may be short.
func (o Order) Steps() int {
	if o.N <= 0 || o.BatchSize <= 0 {
		return 0
	}
	return (o.N-1)/o.BatchSize + 1
}

func (o Order) rand(epoch, step int) *mt19937.Rand {
	return mt19937.New(o.Seed + uint32(epoch)*uint32(o.Steps()) + uint32(step))
}

// Epoch is the epoch's order of rows, written into rows if it is large enough.
func (o Order) Epoch(rows []int, epoch int) []int {
	rows = grow(rows, max(o.N, 0))
	for i := range rows {
		rows[i] = i
	}
	if !o.NoShuffle {
		mt19937.Shuffle(o.rand(epoch, 0), rows)
	}
	return rows
}

// Bounds is where a batch's rows are in the epoch's order: Epoch(nil, epoch)[from:to].
func (o Order) Bounds(step int) (from, to int) {
	from = step * o.BatchSize
	return from, min(from+o.BatchSize, o.N)
}

// Batch is the rows of one batch. Whoever walks an epoch keeps Epoch and cuts it with
// Bounds: this draws the whole permutation each time.
func (o Order) Batch(rows []int, epoch, step int) []int {
	rows = o.Epoch(rows, epoch)
	from, to := o.Bounds(step)
	return rows[from:to]
}

// Rand is the stream as it stands when the batch's first image is drawn.
func (o Order) Rand(epoch, step int) *mt19937.Rand {
	r := o.rand(epoch, step)
	if step == 0 && !o.NoShuffle {
		for i := o.N - 1; i > 0; i-- {
			r.Interval(uint32(i))
		}
	}
	return r
}

// Transforms draws the transforms of one batch of images of h rows and w columns, in the
// batch's order, into dst if it is large enough.
func (g *Generator) Transforms(dst []Transform, o Order, epoch, step, h, w int) []Transform {
	from, to := o.Bounds(step)
	dst = grow(dst, to-from)
	r := o.Rand(epoch, step)
	for i := range dst {
		dst[i] = g.Draw(r, h, w)
	}
	return dst
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
