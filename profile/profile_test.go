package profile

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// filled returns a profile with known times.
func filled() *Profile {
	p := &Profile{Limits: Limits{GFLOPS: 100, GBS: 10}}
	r := p.NewRun("training, batch 4", 2, []Step{
		{Op: "Conv2D", Layer: "conv", Shape: "4x8x8x3 -> 4x6x6x8", Algorithm: "direct", FLOPs: 5e8, Bytes: 1e6, Parts: 3},
		{Op: "ReLU", Layer: "conv", Bytes: 4e7, Parts: 1},
		{Op: "Assign", Parts: 1},
	})
	r.count = 2
	r.wall = []int64{20e6, 20e6, 10}
	r.parts = [][]int64{{12e6, 12e6, 12e6}, {20e6}, {10}}
	r.busy[0].spans = []span{{r, 0, 1000, 5000}, {r, 1, 6000, 7000}}
	r.busy[1].spans = []span{{r, 0, 1100, 4000}}
	p.phase = []Phase{{Name: Train, Count: 2, Total: 40 * time.Millisecond, Most: 21 * time.Millisecond}}
	p.spans = []span{{step: 0, from: 900, to: 7100}}
	return p
}

func TestWriteTable(t *testing.T) {
	var b strings.Builder
	if err := filled().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := `  times   total      mean   longest
      2  0.04 s  20.00 ms  21.00 ms  training steps

training, batch 4: 2 runs, 20.00 ms each in kernels
      ms  share  GFLOP/s  of peak  GB/s  of memory  parts  op, layer, shape
  10.000  50.0%     50.0      50%   0.1         1%      3  Conv2D (direct)  conv  4x8x8x3 -> 4x6x6x8
  10.000  50.0%                     4.0        40%      1  ReLU  conv
   0.000   0.0%                                            1 others
estimated speedup by number of threads:  2: 1.3x  4: 1.7x  8: 1.7x  16: 1.7x
`
	if got := b.String(); got != want {
		t.Errorf("%s", cmp.Diff(want, got))
	}
}

func TestSpeedup(t *testing.T) {
	rows := []Row{{Parts: []time.Duration{3, 1, 1, 1}}, {Parts: []time.Duration{2}}}
	for threads, want := range map[int]float64{1: 1, 2: 8. / 5, 3: 8. / 5, 16: 8. / 5} {
		if got := Speedup(rows, threads); math.Abs(got-want) > 1e-12 {
			t.Errorf("%d threads: %v, want %v", threads, got, want)
		}
	}
}

func TestWriteTrace(t *testing.T) {
	var b strings.Builder
	if err := filled().WriteTrace(&b); err != nil {
		t.Fatal(err)
	}
	var events []event
	if err := json.Unmarshal([]byte(b.String()), &events); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		if e.Phase == "X" {
			got = append(got, e.Name)
		}
	}
	// Enclosing spans come before enclosed ones, as readers of the format expect.
	if want := "training steps,Conv2D,Conv2D,ReLU"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if e := events[len(events)-1]; e.Time != 6 || e.Took != 1 || e.TID != 1 || e.Args["layer"] != "conv" {
		t.Errorf("the last event is %+v", e)
	}
}

func TestRun(t *testing.T) {
	p := &Profile{}
	r := p.NewRun("x", 1, []Step{{Op: "A", Parts: 2}})
	for range 3 {
		r.Begin()
		r.BeginStep()
		done := 0
		for part := range 2 {
			r.Part(0, part, 0, func(int, []float32) { done++ }, nil)
		}
		r.EndStep(0)
		if done != 2 {
			t.Fatalf("%d parts were run", done)
		}
	}
	end := p.Begin(Wait)
	end()
	rows := p.Rows()
	if len(rows) != 1 || rows[0].Runs != 3 || rows[0].Time <= 0 || rows[0].Time < rows[0].Parts[0] {
		t.Errorf("%+v", rows)
	}
	if ph := p.Phases(); len(ph) != 1 || ph[0].Count != 1 {
		t.Errorf("%+v", ph)
	}
	if !r.Belongs(p) || r.Belongs(&Profile{}) {
		t.Error("the run does not know its profile")
	}
	var none *Profile
	none.Begin(Wait)() // does nothing
}
