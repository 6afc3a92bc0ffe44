package kernel

import "testing"

func list(p Offsets) []int { return []int{p.A, p.B, p.C} }

// TestWalk compares walks in blocks of all lengths with indices counted by hand.
func TestWalk(t *testing.T) {
	for _, c := range []struct {
		shape   []int
		strides [][]int
		runs    int // number of runs in a walk over all elements
	}{
		{nil, nil, 1},
		{[]int{7}, [][]int{{1}}, 1},
		{[]int{2, 3, 4}, [][]int{{12, 4, 1}}, 1},                       // all of it
		{[]int{2, 3, 4}, [][]int{{12, 4, 1}, {4, 0, 1}}, 6},            // (2,1,4)
		{[]int{2, 3, 4}, [][]int{{12, 4, 1}, {0, 0, 1}}, 6},            // (4,)
		{[]int{2, 3, 4}, [][]int{{12, 4, 1}, {3, 1, 0}}, 6},            // (2,3,1)
		{[]int{2, 3, 4}, [][]int{{12, 4, 1}, {1, 0, 0}}, 2},            // (2,1,1)
		{[]int{2, 1, 3, 4}, [][]int{{12, 5, 4, 1}}, 1},                 // the stride along one element does not count
		{[]int{3, 2, 4}, [][]int{{4, 12, 1}, {0, 0, 0}, {8, 4, 1}}, 6}, // transposed
	} {
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		w := NewWalk(c.shape, c.strides...)
		if w.Len() != n {
			t.Errorf("%v: %d elements, want %d", c.shape, w.Len(), n)
		}
		runs := 0
		w.Range(0, n, func(int, int, Offsets) { runs++ })
		if runs != c.runs {
			t.Errorf("%v, strides %v: %d runs, want %d", c.shape, c.strides, runs, c.runs)
		}
		for block := 1; block <= n; block++ {
			next := 0
			for lo := 0; lo < n; lo += block {
				w.Range(lo, min(n, lo+block), func(at, count int, from Offsets) {
					if at != next || count < 1 {
						t.Fatalf("%v in blocks of %d: %d elements at %d, want some at %d", c.shape, block, count, at, next)
					}
					for i := range count {
						for k, s := range c.strides {
							want, rest := 0, at+i
							for d := len(c.shape) - 1; d >= 0; d-- {
								want += rest % c.shape[d] * s[d]
								rest /= c.shape[d]
							}
							if got := list(from)[k] + i*list(w.Step())[k]; got != want {
								t.Fatalf("%v, strides %v: element %d of operand %d at %d, want %d", c.shape, s, at+i, k, got, want)
							}
						}
					}
					next += count
				})
			}
			if next != n {
				t.Fatalf("%v in blocks of %d: ends at %d", c.shape, block, next)
			}
		}
	}
	w := NewWalk([]int{2, 3, 4}, []int{0, 4, 1})
	sum := 0
	if n := testing.AllocsPerRun(3, func() { w.Range(0, 24, func(at, n int, from Offsets) { sum += n }) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
