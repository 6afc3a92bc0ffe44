package engine

import (
	"sync/atomic"
	"testing"
)

// TestLateHelper checks that a late helper that has the number of a step that is over does not take a part of
// the next step.
func TestLateHelper(t *testing.T) {
	j := &job{scratch: make([][]float32, 2), wake: make(chan struct{}, 1)}
	var ran int
	run := func(int, []float32) { ran++ }
	old := j.publish(&step{parts: 2, run: run})
	j.work(0, old)
	if ran != 2 {
		t.Fatalf("%d parts, want 2", ran)
	}
	j.change(&step{parts: 8, run: run})
	j.work(1, old) // between the two halves of publish
	if ran != 2 {
		t.Errorf("a late helper took %d parts of the next step", ran-2)
	}
	number := j.open()
	j.work(1, old) // and after them
	if ran != 2 {
		t.Errorf("a late helper took %d parts of the next step", ran-2)
	}
	j.work(0, number)
	if done := j.done.Load(); ran != 10 || done != 8 {
		t.Errorf("%d parts, %d of them counted; want 10 and 8", ran, done)
	}
}

// TestPartsRunOnce checks that each part of a step runs once, and that the run continues after it.
func TestPartsRunOnce(t *testing.T) {
	for _, threads := range []int{2, 3, 5} {
		p := newWorkers(threads)
		helpers := p.take(nil, threads-1)
		j := &job{scratch: make([][]float32, threads), wake: make(chan struct{}, 1)}
		var ran [8]atomic.Int64
		run := func(part int, _ []float32) { ran[part].Add(1) }
		steps := []*step{{parts: 2, run: run}, {parts: 8, run: run}, {parts: 3, run: run}}
		for i := range 3000 {
			s := steps[i%len(steps)]
			j.run(s, helpers)
			for k := range ran {
				want := int64(0)
				if k < s.parts {
					want = 1
				}
				if got := ran[k].Swap(0); got != want {
					t.Fatalf("%d threads, step %d: part %d of %d ran %d times", threads, i, k, s.parts, got)
				}
			}
			if i%100 == 99 { // a run ends, another begins
				j.over(helpers)
			}
		}
		j.over(helpers)
		p.give(helpers)
		p.close()
	}
}

// TestTake checks that a run reserves no more workers than it may have, and that others get the rest.
func TestTake(t *testing.T) {
	p := newWorkers(4)
	var all [][]*worker
	for _, c := range []struct{ most, want int }{{0, 0}, {1, 1}, {3, 2}, {3, 0}} {
		got := p.take(nil, c.most)
		if len(got) != c.want {
			t.Errorf("take(%d) returned %d workers, want %d", c.most, len(got), c.want)
		}
		all = append(all, got)
	}
	for _, got := range all {
		p.give(got)
	}
	if got := p.take(nil, 3); len(got) != 3 {
		t.Errorf("take(3) returned %d workers after all were free, want 3", len(got))
	}
	p.close()
}

// TestTakePart checks that slots take each part once, even slots in ascending and odd slots in descending order; and that steps with
// more parts than 16 bits can count are taken in ascending order.
func TestTakePart(t *testing.T) {
	for _, parts := range []int{0, 1, 2, 5, maxTwoEnded, maxTwoEnded + 1, 70000} {
		ran, next := make([]int, parts), uint64(0)
		low, high := -1, parts
		for i := 0; ; i++ {
			slot := i * 7 % 5 // 0 2 4 1 3
			part, one := taken(uint32(next)).take(parts, slot)
			if part < 0 {
				break
			}
			next += one
			ran[part]++
			if slot%2 == 0 || parts > maxTwoEnded {
				if part <= low {
					t.Fatalf("%d parts: slot %d takes part %d after part %d", parts, slot, part, low)
				}
				low = part
			} else {
				if part >= high {
					t.Fatalf("%d parts: slot %d takes part %d after part %d", parts, slot, part, high)
				}
				high = part
			}
		}
		for part, n := range ran {
			if n != 1 {
				t.Fatalf("%d parts: part %d was taken %d times", parts, part, n)
			}
		}
		if next > 1<<32-1 {
			t.Errorf("%d parts: the number of the step has changed", parts)
		}
	}
}
