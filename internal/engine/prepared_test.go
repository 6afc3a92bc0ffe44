package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// folded is a network whose weights are computed from variables.
func folded(t *testing.T, count bool) (*graph.Graph, *graph.Store) {
	t.Helper()
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 9, 8, 3)
	y := trial{b: b}.normalized(b.Conv2D(x, weight(b, "kernel", 3, 3, 3, 20), window(3, 1, 1, op.Same)), "bn")
	runs := b.Variable(graph.Variable{Path: "runs", Type: op.Type{DType: tensor.Float32}, Role: graph.State})
	if count {
		b.Assign(runs, b.Offset(runs, 1))
	}
	g, err := b.Finish(graph.Output{Key: "y", Value: b.ReLU(y)}, graph.Output{Key: "deviation", Value: b.Sqrt(b.Offset(in0(b, "bn/deviation"), 1))})
	if err != nil {
		t.Fatal(err)
	}
	store.Initialize(1)
	return g, store
}

// instances returns all instances of a program.
func instances(p *program) (all []*instance) {
	for _, pl := range p.plans {
		all = append(all, pl.made...)
	}
	return all
}

// TestPrepared checks that values that depend only on variables are computed only when one of these has changed,
// and that all plans share them.
func TestPrepared(t *testing.T) {
	g, store := folded(t, true)
	e, err := New(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	p, err := e.Compile(g, store)
	if err != nil {
		t.Fatal(err)
	}
	_, copied := folded(t, true)
	q, err := interp.New().Compile(g, copied)
	if err != nil {
		t.Fatal(err)
	}
	run := func(batch int) {
		t.Helper()
		x := pixels(3, batch, 9, 8, 3)
		got, want := outputs(t, g, x.Shape()), outputs(t, g, x.Shape())
		if err := p.Run([]*tensor.Tensor{x}, got); err != nil {
			t.Fatal(err)
		}
		if err := q.Run([]*tensor.Tensor{x}, want); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			compare(t, fmt.Sprintf("batch %d, output %d", batch, i), got[i], want[i])
		}
	}
	set := func(path string, seed uint64) {
		t.Helper()
		for _, s := range []*graph.Store{store, copied} {
			v := s.Lookup(path)
			if err := s.Set(v, pixels(seed, v.Shape...)); err != nil {
				t.Fatal(err)
			}
		}
	}
	versions := func() (all []uint64) {
		for _, i := range instances(p.(*program)) {
			for _, s := range i.prepare {
				all = append(all, s.of.version)
			}
		}
		return all
	}
	run(2)
	made := len(e.packs.made)
	if made < 2 {
		t.Fatalf("%d values are prepared", made)
	}
	run(5)
	if n := len(e.packs.made); n != made {
		t.Errorf("a second plan prepares %d more values", n-made)
	}
	run(2)
	before := versions()
	run(2)
	if after := versions(); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("a run that changes another variable makes versions %v of %v", after, before)
	}
	for i, path := range []string{"kernel", "bn/gamma", "bn/deviation", "bn/mean", "bn/beta"} {
		set(path, uint64(10+i))
		run(2)
		run(5)
	}
	if runs := store.Lookup("runs").Value().Float32s()[0]; runs != 14 {
		t.Errorf("%v runs are counted, want 14", runs)
	}
}

// TestPreparedTogether runs several shapes concurrently after the variables have changed.
func TestPreparedTogether(t *testing.T) {
	g, store := folded(t, false)
	p := compiled(t, Options{Threads: 3}, g, store)
	for round := range 3 {
		gamma := store.Lookup("bn/gamma")
		if err := store.Set(gamma, pixels(uint64(round), gamma.Shape...)); err != nil {
			t.Fatal(err)
		}
		q, err := interp.New().Compile(g, store)
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 8)
		var in, got, want [8][]*tensor.Tensor
		for i := range in {
			x := pixels(uint64(i), 1+i%3, 9, 8, 3)
			in[i], got[i], want[i] = []*tensor.Tensor{x}, outputs(t, g, x.Shape()), outputs(t, g, x.Shape())
		}
		for i := range in {
			go func() { errs <- p.Run(in[i], got[i]) }()
		}
		for range in {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		for i := range in {
			if err := q.Run(in[i], want[i]); err != nil {
				t.Fatal(err)
			}
			compare(t, fmt.Sprintf("round %d, run %d", round, i), got[i][0], want[i][0])
		}
	}
}

// TestPreparedIsChecked checks that LINCE_CHECK finds a prepared value that is not finite in each run until a
// variable changes, and that profiles list preparations.
func TestPreparedIsChecked(t *testing.T) {
	t.Setenv("LINCE_CHECK", "nan")
	g, store := folded(t, false)
	p := compiled(t, Options{Threads: 2}, g, store)
	var times profile.Profile
	p.(*program).Profile(&times, "predict")
	x := pixels(1, 2, 9, 8, 3)
	run := func() error { return p.Run([]*tensor.Tensor{x}, outputs(t, g, x.Shape())) }
	gamma := store.Lookup("bn/gamma")
	for _, v := range []float64{1, math.NaN(), 2} {
		value := tensor.New(tensor.Float32, gamma.Shape...)
		for i := range value.Float32s() {
			value.Float32s()[i] = float32(v)
		}
		if err := store.Set(gamma, value); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			err := run()
			if bad := err != nil && strings.Contains(err.Error(), `Div of layer "": element`); bad != (v != v) {
				t.Errorf("gamma is %v: %v", v, err)
			}
		}
	}
	if !slices.ContainsFunc(times.Rows(), func(r profile.Row) bool { return r.Op == "Mul prepare" }) {
		t.Errorf("the profile has no row of what is prepared: %+v", times.Rows())
	}
}
