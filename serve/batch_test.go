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
	threads []int   // of each batch
	bad     float32 // a batch with this input fails; 0 is none
	slow    time.Duration
}

func (r *recorder) run(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	time.Sleep(time.Second + r.slow) // of the fake clock
	x := in[0].Float32s()
	r.mu.Lock()
	r.batches = append(r.batches, slices.Clone(x))
	r.threads = append(r.threads, threads)
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

func of(ctx context.Context, values ...float32) []*example {
	list := newExamples(ctx, len(values))
	for i, v := range values {
		list[i].in = []*tensor.Tensor{tensor.Of([]float32{v}, 1, 1)}
	}
	return list
}

// begin starts a request for values, and returns a function that waits for its result.
func begin(ctx context.Context, b *batcher, values ...float32) func() ([]float32, error) {
	list, done := of(ctx, values...), make(chan error, 1)
	b.add(list)
	go func() { done <- b.wait(ctx, list) }()
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

// batching runs a test with a batcher on some threads, and a fake clock.
func batching(t *testing.T, threads int, o batchOptions, f func(t *testing.T, b *batcher, r *recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		b := newBatcher(o, newThreads(threads), r.run)
		f(t, b, r)
		synctest.Wait()
		if p := b.pool; p.free != p.all {
			t.Errorf("%d of %d threads are free in the end", p.free, p.all)
		}
	})
}

// TestBatches checks that examples that come while a batch is computed are in the next ones, whose sizes are powers of two.
func TestBatches(t *testing.T) {
	batching(t, 1, batchOptions{most: 8, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
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
	batching(t, 1, batchOptions{most: 4, delay: 10 * time.Second, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
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
	batching(t, 1, batchOptions{most: 4, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
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
	batching(t, 1, batchOptions{most: 4, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
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
	batching(t, 1, batchOptions{most: 4, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
		run := b.run
		b.run = func(int, []*tensor.Tensor) ([]*tensor.Tensor, error) { panic("a bug") }
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
	batching(t, 1, batchOptions{most: 4, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
		calls := 0
		b.run = func(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
			if calls++; in[0].Shape()[0] > 1 {
				return nil, errors.New("cannot reshape")
			}
			return r.run(threads, in)
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
	batching(t, 1, batchOptions{most: 4, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
		list := of(t.Context(), 1, 2, 0)
		list[2].in[0] = tensor.Of([]float32{3, 4}, 1, 2)
		b.add(list)
		if err := b.wait(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		if want := [][]float32{{1, 2}, {3, 4}}; !slices.EqualFunc(r.batches, want, slices.Equal) {
			t.Errorf("batches %v, want %v", r.batches, want)
		}
	})
}

// TestThreads checks that batches are computed on all threads: a batch of more than one only if no other waits.
func TestThreads(t *testing.T) {
	batching(t, 2, batchOptions{most: 1, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
		start := time.Now()
		_, _ = begin(t.Context(), b, 1, 2, 3, 4)()
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("4 examples took %v on two threads, want 2 s", got)
		}
		if want := []int{1, 1, 1, 1}; !slices.Equal(r.threads, want) {
			t.Errorf("batches on %v threads, want %v", r.threads, want)
		}
	})
	batching(t, 8, batchOptions{most: 8, limit: 100, threads: 6}, func(t *testing.T, b *batcher, r *recorder) {
		for _, c := range []struct {
			examples int
			want     []int
		}{{1, []int{6}}, {2, []int{4, 4}}, {3, []int{2, 3, 3}}, {8, []int{1, 1, 1, 1, 1, 1, 1, 1}}, {16, []int{1, 1, 1, 1, 1, 1, 1, 1}}} {
			synctest.Wait() // until the threads of the last batch are free
			r.threads = nil
			_, _ = begin(t.Context(), b, make([]float32, c.examples)...)()
			slices.Sort(r.threads)
			if !slices.Equal(r.threads, c.want) {
				t.Errorf("%d examples were computed on %v threads, want %v", c.examples, r.threads, c.want)
			}
		}
	})
}

// TestFairness checks that two models get the same time on a thread, however many requests one has and however long its batches take.
func TestFairness(t *testing.T) {
	batching(t, 1, batchOptions{most: 1, limit: 100, threads: 1}, func(t *testing.T, a *batcher, ra *recorder) {
		rb := &recorder{}
		b := newBatcher(batchOptions{most: 1, limit: 100, threads: 1}, a.pool, rb.run)
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
		rb.slow, rb.batches, ra.batches = 2*time.Second, nil, nil
		x = begin(t.Context(), a, make([]float32, 30)...)
		y = begin(t.Context(), b, make([]float32, 30)...)
		time.Sleep(24*time.Second + time.Millisecond)
		ra.mu.Lock()
		rb.mu.Lock()
		na, nb := len(ra.batches), len(rb.batches)
		rb.mu.Unlock()
		ra.mu.Unlock()
		if na < 11 || na > 13 || 3*nb < 9 || 3*nb > 15 {
			t.Errorf("in 24 s, one model had %d batches of 1 s, the other %d of 3 s", na, nb)
		}
		_, _ = x()
		_, _ = y()
	})
}

// TestDecodeTurns checks that images are decoded on the threads that compute, and that a request whose client has gone leaves the queue.
func TestDecodeTurns(t *testing.T) {
	batching(t, 2, batchOptions{most: 8, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
		var now, most atomic.Int64
		decode := func(ctx context.Context, err error) func() error {
			e, done := of(ctx, 1)[0], make(chan error, 1)
			go func() {
				done <- b.decode(e, func() error {
					most.Store(max(most.Load(), now.Add(1)))
					time.Sleep(time.Second)
					now.Add(-1)
					return err
				})
			}()
			synctest.Wait()
			return func() error {
				if err := <-done; err != nil {
					return err
				}
				return b.wait(ctx, []*example{e})
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		broken := errors.New("no image")
		start := time.Now()
		waits := []func() error{decode(t.Context(), nil), decode(t.Context(), nil), decode(gone, nil), decode(t.Context(), broken), decode(t.Context(), nil)}
		cancel()
		for i, want := range []error{nil, nil, context.Canceled, broken, nil} {
			if err := waits[i](); !errors.Is(err, want) {
				t.Errorf("request %d: got %v, want %v", i, err, want)
			}
		}
		if got := time.Since(start); most.Load() != 2 || got != 4*time.Second {
			t.Errorf("%d decoded at the same time, and all took %v; want 2 and 4 s", most.Load(), got)
		}
	})
}

// TestDecodeComputes checks that the goroutine that decodes an image computes the image's batch if that is next and short, but not the batch of another
// request, and none that may be long: the request could not end when its client has gone.
func TestDecodeComputes(t *testing.T) {
	batching(t, 1, batchOptions{most: 1, limit: 100, threads: 1}, func(t *testing.T, b *batcher, r *recorder) {
		r.slow = 10*time.Millisecond - time.Second
		nothing := func() error { return nil }
		// decode returns how long decoding takes. The batch may be computed later.
		decode := func(f func() error, others ...*example) time.Duration {
			start, e := time.Now(), of(t.Context(), 1)[0]
			if err := b.decode(e, f); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if err := b.wait(t.Context(), append(others, e)); err != nil || len(e.out) != 1 || e.out[0].Float32s()[0] != 2 {
				t.Errorf("outputs %v, %v, want 2", e.out, err)
			}
			if got := decoded([]*example{e}, []error{nil}); got != start {
				t.Errorf("decoded %v after the start, want at once", got.Sub(start))
			}
			synctest.Wait()
			return took
		}
		if got := decode(nothing); got != 0 {
			t.Errorf("the first batch, whose time is not known, is computed while decoding, in %v", got)
		}
		if got := decode(nothing); got != 10*time.Millisecond {
			t.Errorf("decoding a short batch takes %v, want 10ms: it computes the batch", got)
		}
		other := of(t.Context(), 2)
		if got := decode(func() error { b.add(other); return nil }, other...); got != 0 {
			t.Errorf("decoding takes %v, want 0: the next batch is another request's", got)
		}
		r.slow = 0
		for range 2 {
			decode(nothing)
		}
		if got := decode(nothing); got != 0 {
			t.Errorf("decoding takes %v, want 0: a batch of a second is long", got)
		}
	})
}

func TestAdmit(t *testing.T) {
	batching(t, 1, batchOptions{most: 4, limit: 5, threads: 1}, func(t *testing.T, b *batcher, _ *recorder) {
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

// TestWiden checks that a model whose predictions take long is computed on all threads, and that options and an older version come first.
func TestWiden(t *testing.T) {
	for _, c := range []struct {
		options Options
		want    int
	}{{Options{Threads: 4}, 4}, {Options{Threads: 4, ThreadsPerRequest: 3}, 3}, {Options{Threads: 1}, 1}} {
		s := newServer(t, c.options)
		v := s.currentOf("pets")
		next, err := s.newVersion("pets", "2", v.model)
		if err != nil {
			t.Fatal(err)
		}
		run := next.batcher.run
		next.batcher.run = func(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
			time.Sleep(2 * time.Millisecond)
			return run(threads, in)
		}
		s.widen(next, nil)
		if got := next.batcher.threads; got != c.want {
			t.Errorf("%+v: %d threads for a slow model, want %d", c.options, got, c.want)
		}
		v.batcher.threads = 2
		s.widen(next, v)
		if got := next.batcher.threads; c.options.ThreadsPerRequest == 0 && c.options.Threads > 1 && got != 2 {
			t.Errorf("%+v: %d threads for a new version, want those of the old one, 2", c.options, got)
		}
	}
}
