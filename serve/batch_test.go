package serve

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lince-ml/lince/tensor"
)

// recorder is a model that adds 1 to its input, takes a second for each batch, and records the batches.
type recorder struct {
	mu      sync.Mutex
	batches [][]float32
	bad     float32 // a batch with this input fails; 0 is none
}

func (r *recorder) run(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	time.Sleep(time.Second) // of the fake clock
	x := in[0].Float32s()
	r.mu.Lock()
	r.batches = append(r.batches, slices.Clone(x))
	r.mu.Unlock()
	out := tensor.New(tensor.Float32, in[0].Shape()...)
	for i, v := range x {
		if r.bad != 0 && v == r.bad {
			return nil, errors.New("a bad input")
		}
		out.Float32s()[i] = v + 1
	}
	return []*tensor.Tensor{out}, nil
}

func of(values ...float32) []*example {
	var list []*example
	for _, v := range values {
		list = append(list, &example{in: []*tensor.Tensor{tensor.Of([]float32{v}, 1, 1)}})
	}
	return list
}

// begin starts a request for values, and returns a function that waits for its result.
func begin(ctx context.Context, b *batcher, values ...float32) func() ([]float32, error) {
	list, done := of(values...), make(chan error, 1)
	go func() { done <- b.do(ctx, list) }()
	synctest.Wait()
	return func() ([]float32, error) {
		err := <-done
		var out []float32
		for _, e := range list {
			if e.out != nil {
				out = append(out, e.out[0].Float32s()...)
			}
		}
		return out, err
	}
}

// batching runs a test with a batcher and a fake clock.
func batching(t *testing.T, o batchOptions, f func(t *testing.T, b *batcher, r *recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		o.turns = make(chan struct{}, o.loops)
		b := newBatcher(o, r.run)
		f(t, b, r)
		b.close()
	})
}

// TestBatches checks that examples that come while a batch is computed are in the next ones, whose sizes are powers of two.
func TestBatches(t *testing.T) {
	batching(t, batchOptions{most: 8, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		first := begin(t.Context(), b, 1)
		var all []func() ([]float32, error)
		for v := range 11 {
			all = append(all, begin(t.Context(), b, float32(10+v)))
		}
		if got, err := first(); err != nil || !slices.Equal(got, []float32{2}) {
			t.Errorf("got %v, %v", got, err)
		}
		for v, wait := range all {
			if got, err := wait(); err != nil || !slices.Equal(got, []float32{float32(11 + v)}) {
				t.Errorf("got %v, %v for %d", got, err, 10+v)
			}
		}
		var sizes []int
		for _, x := range r.batches {
			sizes = append(sizes, len(x))
		}
		if want := []int{1, 8, 2, 1}; !slices.Equal(sizes, want) {
			t.Errorf("batches of %v, want %v", sizes, want)
		}
	})
}

// TestDelay checks that a batch waits for others until it is full or the delay is over.
func TestDelay(t *testing.T) {
	batching(t, batchOptions{most: 4, delay: 10 * time.Second, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		start := time.Now()
		x, y := begin(t.Context(), b, 1), begin(t.Context(), b, 2)
		_, _ = x()
		_, _ = y()
		if got := time.Since(start); got != 11*time.Second {
			t.Errorf("two examples took %v, want the delay of 10 s and 1 s", got)
		}
		start = time.Now()
		_, _ = begin(t.Context(), b, 1, 2, 3, 4)()
		if got := time.Since(start); got != time.Second {
			t.Errorf("a full batch took %v, want 1 s", got)
		}
		if len(r.batches) != 2 {
			t.Errorf("batches %v, want 2", r.batches)
		}
	})
}

// TestDropped checks that examples whose time is over, or whose client has gone, are not computed.
func TestDropped(t *testing.T) {
	batching(t, batchOptions{most: 4, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		var drops atomic.Int64
		b.dropped = func() { drops.Add(1) }
		first := begin(t.Context(), b, 1)
		gone, cancel := context.WithCancel(t.Context())
		late, stop := context.WithTimeoutCause(t.Context(), time.Millisecond, errTimeout)
		defer stop()
		x, y, z := begin(gone, b, 2), begin(late, b, 3), begin(t.Context(), b, 4)
		cancel()
		if _, err := x(); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if _, err := y(); !errors.Is(err, errTimeout) {
			t.Errorf("got %v, want errTimeout", err)
		}
		for _, wait := range []func() ([]float32, error){first, z} {
			if _, err := wait(); err != nil {
				t.Error(err)
			}
		}
		if want := [][]float32{{1}, {4}}; !slices.EqualFunc(r.batches, want, slices.Equal) || drops.Load() != 2 {
			t.Errorf("batches %v and %d drops, want %v and 2", r.batches, drops.Load(), want)
		}
	})
}

// TestBadExample checks that an example that fails does not fail the others in its batch.
func TestBadExample(t *testing.T) {
	batching(t, batchOptions{most: 4, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		r.bad = 3
		first := begin(t.Context(), b, 1)
		x, y := begin(t.Context(), b, 2), begin(t.Context(), b, 3)
		_, _ = first()
		if got, err := x(); err != nil || !slices.Equal(got, []float32{3}) {
			t.Errorf("got %v, %v", got, err)
		}
		if _, err := y(); err == nil || !strings.Contains(err.Error(), "a bad input") {
			t.Errorf("got %v, want the error", err)
		}
	})
}

// TestPanic checks that a panic in a model is an error, and that the batcher continues.
func TestPanic(t *testing.T) {
	batching(t, batchOptions{most: 4, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		run := b.run
		b.run = func([]*tensor.Tensor) ([]*tensor.Tensor, error) { panic("a bug") }
		if _, err := begin(t.Context(), b, 1)(); err == nil || !strings.Contains(err.Error(), "a bug") {
			t.Errorf("got %v, want the panic", err)
		}
		b.run = run
		if got, err := begin(t.Context(), b, 1)(); err != nil || !slices.Equal(got, []float32{2}) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// TestOneExample checks that a model whose network allows one example only gets one.
func TestOneExample(t *testing.T) {
	batching(t, batchOptions{most: 4, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		calls := 0
		b.run = func(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
			if calls++; in[0].Shape()[0] > 1 {
				return nil, errors.New("cannot reshape")
			}
			return r.run(in)
		}
		for range 2 {
			if got, err := begin(t.Context(), b, 1, 2, 3, 4)(); err != nil || len(got) != 4 {
				t.Fatalf("got %v, %v", got, err)
			}
		}
		if calls != 9 { // the first batch, and each example
			t.Errorf("%d calls, want 9", calls)
		}
	})
}

// TestShapes checks that examples of different shapes are in different batches.
func TestShapes(t *testing.T) {
	batching(t, batchOptions{most: 4, loops: 1, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		list := of(1, 2)
		list = append(list, &example{in: []*tensor.Tensor{tensor.Of([]float32{3, 4}, 1, 2)}})
		if err := b.do(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		if want := [][]float32{{1, 2}, {3, 4}}; !slices.EqualFunc(r.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", r.batches, want)
		}
	})
}

// TestTurns checks that two models take turns, and that a model may compute several batches at the same time.
func TestTurns(t *testing.T) {
	batching(t, batchOptions{most: 1, loops: 1, limit: 100}, func(t *testing.T, a *batcher, ra *recorder) {
		rb := &recorder{}
		b := newBatcher(batchOptions{most: 1, loops: 1, limit: 100, turns: a.turns}, rb.run)
		defer b.close()
		start := time.Now()
		x := begin(t.Context(), a, 1, 2, 3, 4, 5, 6)
		y := begin(t.Context(), b, 1)
		_, _ = y()
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("the other model answered after %v, want 2 s", got)
		}
		_, _ = x()
		if got := time.Since(start); got != 7*time.Second {
			t.Errorf("all took %v, want 7 s", got)
		}
	})
	batching(t, batchOptions{most: 1, loops: 2, limit: 100}, func(t *testing.T, b *batcher, r *recorder) {
		start := time.Now()
		_, _ = begin(t.Context(), b, 1, 2, 3, 4)()
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("4 examples took %v in two loops, want 2 s", got)
		}
	})
}

func TestAdmit(t *testing.T) {
	batching(t, batchOptions{most: 4, loops: 1, limit: 5}, func(t *testing.T, b *batcher, _ *recorder) {
		for _, c := range []struct {
			n  int
			ok bool
		}{{3, true}, {3, false}, {2, true}, {1, false}, {-5, true}, {5, true}} {
			if c.n < 0 {
				b.release(-c.n)
				continue
			}
			if err := b.admit(c.n); (err == nil) != c.ok {
				t.Errorf("admit(%d): %v", c.n, err)
			}
		}
	})
}
