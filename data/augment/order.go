package augment

import "github.com/lince-ml/lince/internal/mt19937"

// Order is the order of Keras' image iterators: which rows form a batch, and where in NumPy's random
// stream the batch begins. Both depend only on the seed, the epoch and the step. So training can be resumed
// at any step, and any number of goroutines can make batches in any order.
//
// Batch t, counted from 0 over all epochs, begins with numpy.random.seed(Seed + t). The first batch of an
// epoch then draws permutation(N) from that stream. Then the transforms of the batch's images are drawn, one
// image after the other. Keras' fit reads its iterators from several threads that share one global stream, so
// its numbers depend on timing. Here they do not.
type Order struct {
	Seed      uint32 // Seed + t wraps around at 2^32, where NumPy would refuse the seed
	N         int    // the number of rows in the dataset
	BatchSize int    // at least 1
	NoShuffle bool   // keeps the order 0 to N-1
}

// Steps returns the number of batches in an epoch. The last batch may be smaller.
func (o Order) Steps() int {
	if o.N <= 0 || o.BatchSize <= 0 {
		return 0
	}
	return (o.N-1)/o.BatchSize + 1
}

func (o Order) rand(epoch, step int) *mt19937.Rand {
	return mt19937.New(o.Seed + uint32(epoch)*uint32(o.Steps()) + uint32(step))
}

// Epoch returns the order of rows in an epoch. It reuses the memory of rows if that is large enough.
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

// Bounds returns the range of a batch in an epoch's order: the batch has the rows Epoch(nil, epoch)[from:to].
func (o Order) Bounds(step int) (from, to int) {
	from = step * o.BatchSize
	return from, min(from+o.BatchSize, o.N)
}

// Batch returns the rows of one batch. It draws the whole permutation each time. To make all batches of
// an epoch, call Epoch once and slice it with Bounds. Batch reuses the memory of rows if that is large
// enough.
func (o Order) Batch(rows []int, epoch, step int) []int {
	rows = o.Epoch(rows, epoch)
	from, to := o.Bounds(step)
	return rows[from:to]
}

// Rand returns the random stream from which the transforms of a batch are drawn.
func (o Order) Rand(epoch, step int) *mt19937.Rand {
	r := o.rand(epoch, step)
	if step == 0 && !o.NoShuffle {
		for i := o.N - 1; i > 0; i-- {
			r.Interval(uint32(i))
		}
	}
	return r
}

// Transforms draws the transforms of one batch of images of h rows and w columns, in the batch's order.
// It reuses the memory of dst if that is large enough.
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
