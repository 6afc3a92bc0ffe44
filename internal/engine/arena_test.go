package engine

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

func TestArenas(t *testing.T) {
	var s arenas
	sizes := func() (n []int) {
		for _, p := range s.made {
			if a := p.Value(); a != nil {
				n = append(n, len(a.Bytes))
			}
		}
		return n
	}
	check := func(what string, want ...int) {
		t.Helper()
		if got := sizes(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: arenas of %v bytes, want %v", what, got, want)
		}
	}
	small, large := 1000, 1<<20+1000
	a := s.take(small)
	b := s.take(small)
	check("two at once", small, small)
	i := &instance{arena: a}
	a.bind(i)
	if ok, gone := s.claim(i); ok || gone {
		t.Error("a run's arena was claimed by another")
	}
	s.release(a)
	if ok, _ := s.claim(i); !ok {
		t.Error("a free arena was not claimed")
	}
	s.release(a)
	if c := s.take(small / 2); c != a {
		t.Error("a free arena was not taken")
	}
	s.release(a)
	c := s.take(large)
	check("one in place of a smaller", small, large)
	if _, gone := s.claim(i); !gone {
		t.Error("the instance of an arena that is gone was claimed")
	}
	for i := range c.Bytes {
		c.Bytes[i] = 1
	}
	s.release(b)
	s.release(c)
	if d := s.take(small + 1); d != c {
		t.Error("not the arena that is large enough")
	}
	s.release(c)
	if d := s.take(small); d != b {
		t.Error("not the smallest arena that is large enough")
	}
	runtime.KeepAlive(b)
	runtime.KeepAlive(c)
}

// TestShared checks that programs and plans that run one after another share one arena.
func TestShared(t *testing.T) {
	e, err := New(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	type run struct {
		p  *program
		in []*tensor.Tensor
		g  *graph.Graph
	}
	var runs []run
	for i := range cases {
		g, store := build(t, i)
		p, err := e.Compile(g, store)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{cases[i].shape[0], 1} {
			shape := append([]int{n}, cases[i].shape[1:]...)
			runs = append(runs, run{p.(*program), []*tensor.Tensor{pixels(1, shape...)}, g})
		}
	}
	for range 2 {
		for _, r := range runs {
			if err := r.p.Run(r.in, outputs(t, r.g, r.in[0].Shape())); err != nil {
				t.Fatal(err)
			}
			if n := len(e.arenas.made); n != 1 {
				t.Fatalf("there are %d arenas, want 1", n)
			}
		}
	}
	size := len(e.arenas.made[0].Value().Bytes)
	most := 0
	for _, r := range runs {
		for _, pl := range r.p.plans {
			most = max(most, pl.size())
		}
	}
	if size != most {
		t.Errorf("the arena has %d bytes, want the %d of the largest plan", size, most)
	}
}

// TestDirty checks that results do not depend on the previous contents of the arena.
func TestDirty(t *testing.T) {
	for i, c := range cases {
		for _, isa := range kernel.Available() {
			var want []string
			for _, dirt := range []byte{0, 0xff} { // 0xff: NaN
				g, store := build(t, i)
				e, err := newEngine(Options{Threads: 2}, isa)
				if err != nil {
					t.Fatal(err)
				}
				p, err := e.Compile(g, store)
				if err != nil {
					t.Fatal(err)
				}
				a := e.arenas.take(1 << 22)
				in := []*tensor.Tensor{pixels(1, c.shape...)}
				var got []string
				for range 2 {
					for i := range a.Bytes {
						a.Bytes[i] = dirt
					}
					e.arenas.release(a)
					out := outputs(t, g, in[0].Shape())
					if err := p.Run(in, out); err != nil {
						t.Fatal(err)
					}
					if a = e.arenas.made[0].Value(); len(e.arenas.made) != 1 {
						t.Fatal("the run has another arena")
					}
					for _, o := range out {
						got = append(got, string(o.Raw()))
					}
				}
				for _, v := range store.Variables() {
					got = append(got, string(v.Value().Raw()))
				}
				if want == nil {
					want = got
				}
				for k := range got {
					if got[k] != want[k] {
						t.Errorf("%s, %v: result %d depends on what was in the arena", c.name, isa, k)
					}
				}
				e.pool.close()
			}
		}
	}
}

// TestSharedFilters checks that two plans and two programs with the same weights pack them once for each
// packing, and again when they have changed.
func TestSharedFilters(t *testing.T) {
	e, err := New(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	convolutions := find(t, "convolutions")
	g, store := build(t, convolutions)
	x := pixels(1, cases[convolutions].shape...)
	results := func(p *program, x *tensor.Tensor) (s string) {
		out := outputs(t, g, x.Shape())
		if err := p.Run([]*tensor.Tensor{x}, out); err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			s += string(o.Raw())
		}
		return s
	}
	var programs []*program
	for range 2 {
		p, err := e.Compile(g, store)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p.(*program))
	}
	first := results(programs[0], x)
	n := len(e.packs.made)
	if want := 6 * 2; n != want { // six weights, for the convolution and its gradient
		t.Errorf("%d operands are packed, want %d", n, want)
	}
	if results(programs[1], x) != first {
		t.Error("another program gives other bits")
	}
	results(programs[0], x.Rows(0, 1))
	if len(e.packs.made) != n {
		t.Errorf("%d operands are packed after other plans ran, want the %d that were", len(e.packs.made), n)
	}
	v := store.Lookup("k0")
	other := v.Value().Clone()
	for i := range other.Float32s() {
		other.Float32s()[i] *= 2
	}
	old := v.Value().Clone()
	if err := store.Set(v, other); err != nil {
		t.Fatal(err)
	}
	changed := results(programs[1], x)
	if changed == first || changed != results(programs[0], x) {
		t.Error("a changed weight was not packed again")
	}
	if err := store.Set(v, old); err != nil {
		t.Fatal(err)
	}
	if results(programs[0], x) != first || results(programs[1], x) != first {
		t.Error("a weight that was changed back gives other bits")
	}
	runtime.KeepAlive(programs)
}

// TestMemory checks that Memory predicts the size of a run's arena.
func TestMemory(t *testing.T) {
	for i, c := range cases {
		e, err := New(Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		g, store := build(t, i)
		p, err := e.Compile(g, store)
		if err != nil {
			t.Fatal(err)
		}
		shape := tensor.Shape(c.shape)
		m, err := p.(*program).Memory([]tensor.Shape{shape})
		if err != nil {
			t.Fatal(err)
		}
		if len(e.arenas.made) != 0 {
			t.Errorf("%s: measuring took an arena", c.name)
		}
		if err := p.Run([]*tensor.Tensor{pixels(1, shape...)}, outputs(t, g, shape)); err != nil {
			t.Fatal(err)
		}
		sum := m.Activations + m.Gradients + m.Workspace + m.Gaps + m.Scratch
		if got := len(e.arenas.made[0].Value().Bytes); got != sum || m.Activations <= 0 || m.Gradients < 0 || m.Workspace < 0 || m.Gaps < 0 || m.Scratch < 0 {
			t.Errorf("%s: measured %+v, which are %d bytes; a run took %d", c.name, m, sum, got)
		}
		packed := 0
		for _, p := range e.packs.made {
			packed += 4 * len(p.Value().data)
		}
		if c.name == "convolutions" && (packed == 0 || m.Packed != packed) {
			t.Errorf("%s: measured %d bytes of packed weights, a run has %d", c.name, m.Packed, packed)
		}
		if updates := len(store.Variables()) > 0 && p.(*program).changes != nil; c.name == "larger network" && (!updates || m.Gradients == 0) {
			t.Errorf("%s: measured %d bytes of gradients", c.name, m.Gradients)
		}
		e.pool.close()
		runtime.KeepAlive(p)
	}
}

// TestArenaKeepsNoInstance checks that an arena that is still used does not keep the instances of programs that are not, and with them their weights.
func TestArenaKeepsNoInstance(t *testing.T) {
	var s arenas
	a := s.take(1000)
	kept := &instance{arena: a}
	a.bind(&instance{arena: a}) // no one else keeps it
	a.bind(kept)
	gone := a.instances[0]
	for range 3 {
		runtime.GC()
	}
	if gone.Value() != nil {
		t.Error("the arena keeps an instance that is not used")
	}
	a.bind(&instance{arena: a})
	if n := len(a.instances); n != 2 {
		t.Errorf("the arena lists %d instances, want 2", n)
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(a)
}
