package nearest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func noise(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

// naive sorts all distances.
func naive(queries, base []float32, dim, k int, self bool) [][]Neighbor {
	var out [][]Neighbor
	for i := 0; i < len(queries); i += dim {
		var list []Neighbor
		for j := 0; j < len(base); j += dim {
			if !self || i != j {
				list = append(list, Neighbor{j / dim, distance(queries[i:i+dim], base[j:j+dim])})
			}
		}
		slices.SortStableFunc(list, nearer)
		out = append(out, list[:min(k, len(list))])
	}
	return out
}

// TestFind compares the search with a sort of all distances, for sizes below, at and above those of the blocks.
func TestFind(t *testing.T) {
	for _, c := range []struct{ queries, base, dim, k int }{
		{1, 1, 1, 1}, {3, 5, 7, 2}, {64, 1024, 8, 3}, {65, 1025, 33, 5}, {130, 2100, 5, 10}, {2, 4, 3, 9},
	} {
		q, b := noise(c.queries*c.dim, 1), noise(c.base*c.dim, 2)
		var done atomic.Int64
		got, err := Find(t.Context(), q, c.dim, c.k, Options{Base: b, Progress: func(n int) { done.Add(int64(n)) }})
		if err != nil {
			t.Fatal(err)
		}
		if want := naive(q, b, c.dim, c.k, false); !reflect.DeepEqual(got, want) || int(done.Load()) != c.queries {
			t.Errorf("%+v: %d done, got %v, want %v", c, done.Load(), got, want)
		}
		if got, err = Find(t.Context(), b, c.dim, c.k, Options{}); err != nil {
			t.Fatal(err)
		}
		for i, want := range naive(b, b, c.dim, c.k, true) {
			if !slices.Equal(got[i], want) {
				t.Errorf("%+v: the neighbors of row %d among the others are %v, want %v", c, i, got[i], want)
				break
			}
		}
	}
}

// TestTies checks the order of equal rows, and rows of zeros.
func TestTies(t *testing.T) {
	base := []float32{0, 1, 1, 0, 2, 0, 0, 0, 3, 0, -1, 0}
	got, err := Find(t.Context(), []float32{5, 0, 0, 0}, 2, 6, Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]Neighbor{
		{{1, 0}, {2, 0}, {4, 0}, {0, 1}, {3, 1}, {5, 2}},
		{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestThreads expects the same bits for any number of threads.
func TestThreads(t *testing.T) {
	rows := noise(300*70, 3)
	var first [][]Neighbor
	for _, threads := range []int{1, 2, 5, 0} {
		got, err := Find(t.Context(), rows, 70, 4, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !reflect.DeepEqual(got, first) {
			t.Errorf("%d threads give other neighbors than 1", threads)
		}
	}
}

func TestErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(ctx, noise(20, 1), 2, 1, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled search gives %v", err)
	}
	inf := []float32{1, 2, float32(math.Inf(1)), 4}
	for want, f := range map[string]func() error{
		"element 0 of row 1 is +Inf": func() error { _, err := Find(t.Context(), inf, 2, 1, Options{}); return err },
		"0 neighbors":                func() error { _, err := Find(t.Context(), inf, 2, 0, Options{}); return err },
		"in rows of 3":               func() error { _, err := Find(t.Context(), inf, 3, 1, Options{}); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
