package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/internal/testenv"
)

func TestStatistics(t *testing.T) {
	if m := median([]float64{9, 1, 2}); m != 2 {
		t.Errorf("median %v, want 2", m)
	}
	if m := median([]float64{4, 1, 2, 3}); m != 2.5 {
		t.Errorf("median %v, want 2.5", m)
	}
	if s := spread([]float64{3, 2, 1}); s != 1 {
		t.Errorf("spread %v, want 1", s)
	}
	if g := geomean([]float64{.5, 8}); math.Abs(g-2) > 1e-12 {
		t.Errorf("geometric mean %v, want 2", g)
	}
	for x, want := range map[float64]float64{123456: 123500, .00123456: .001235, 0: 0} {
		if got := round(x); math.Abs(got-want) > 1e-9*want {
			t.Errorf("round(%v) is %v, want %v", x, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	ours, theirs := []values{{"a": 2, "b": 1}, {"a": 4, "b": 1}}, []values{{"a": 6, "b": 1}}
	items, err := join(ours, theirs, map[string]work{"a": {flops: 7}})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 2 || items[0].Lince != 3 || items[0].ratio() != 2 || items[0].Flops != 7 || items[0].LinceSpread == 0 || items[1].Flops != 0 {
		t.Errorf("%+v", items)
	}
	if _, err := join(ours, []values{{"a": 6}}, nil); err == nil {
		t.Error("no error for a number that only one side has")
	}
}

func TestTable(t *testing.T) {
	r := &results{Limits: machine.Limits{FMA: 2000}, Balance: []balance{{"balance", []float64{2, 3.5, 5, 6}}}, Rows: []result{
		{Name: "layers", Unit: "ms", Goal: goal{Ratio: 1, Least: .6}, Items: []item{
			{Name: "forward: one", Lince: 1, Peer: 4, Flops: 1e9},
			{Name: "forward: two", Lince: 1, Peer: .5, Flops: 1e9},
			{Name: "filter: one", Lince: 2, Peer: 3, LinceSpread: .25},
		}},
		{Name: "step", Unit: "ms", Goal: goal{Ratio: 5, Floor: 4}, Others: .25, Items: []item{{Name: "step", Lince: 10, Peer: 45}}},
		{Name: "memory", Unit: "MiB", Goal: goal{Most: 300}, Items: []item{{Name: "process", Lince: 250, Peer: 1000}}},
		{Name: "photos", Error: "there are none"},
	}}
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for line := range strings.Lines(b.String()) {
		fields := strings.FieldsFunc(strings.TrimSpace(strings.ReplaceAll(line, "  ", "\t")), func(r rune) bool { return r == '\t' })
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		got = append(got, fields)
	}
	want := [][]string{
		heads,
		{"layers: forward (2 layers)", "2.00 ms", "4.50 ms", "1.41x (worst 0.50x: two)", "1x, each at least 0.6x", "no", "50% FMA", "0%"},
		{"layers: filter", "2.00 ms", "3.00 ms", "1.50x", "1x", "yes", "25%"},
		{"step", "10.0 ms", "45.0 ms", "4.50x", "5x, minimum 4x", "minimum", "0%, other processes used 25%"},
		{"memory", "250 MiB", "1000 MiB", "4.00x", "at most 300 MiB", "yes", "0%"},
		{"photos", "not measured: there are none"},
		{"balance: 2 threads 2.00x, 4 threads 3.50x, 8 threads 5.00x, 16 threads 6.00x"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestLayers checks that the table has each layer once, and only layers whose results have the same
// size on both sides.
func TestLayers(t *testing.T) {
	seen := map[convLayer]bool{}
	for _, l := range layers {
		if seen[l] {
			t.Errorf("%s: %s is listed twice", l.network, l.name())
		}
		seen[l] = true
		if l.groups != 1 && (l.groups != l.channels || l.filters%l.channels != 0) {
			t.Errorf("%s: %s has %d groups", l.network, l.name(), l.groups)
		}
		if l.kernel%2 == 0 || l.height%l.stride != 0 {
			t.Errorf("%s: the padding of %s differs between lince and the peer", l.network, l.name())
		}
	}
	if want := []string{"ResNet-50", "MobileNetV2", "EfficientNet-B0", "VGG-16"}; !slices.Equal(networks(), want) {
		t.Errorf("networks %v, want %v", networks(), want)
	}
}

// TestRows checks that names of rows are unique and that rows refer to kinds and scripts that exist.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.name] {
			t.Errorf("two rows %q", r.name)
		}
		seen[r.name] = true
		k, ok := kinds[r.lince[0]]
		if !ok {
			t.Errorf("%s: unknown kind %q", r.name, r.lince[0])
		} else if _, err := k.workOf(r.lince[1:]); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		if r.other != nil {
			if _, ok := kinds[r.other[0]]; !ok {
				t.Errorf("%s: unknown kind %q", r.name, r.other[0])
			}
		} else if _, err := os.Stat(filepath.Join("peers", r.script[0])); err != nil {
			t.Error(err)
		}
		if r.file != nil {
			if _, err := os.Stat(filepath.Join("peers", r.file[0])); err != nil {
				t.Error(err)
			}
		}
		if r.goal == (goal{}) || r.unit == "" || r.peer == "" {
			t.Errorf("%s: %+v", r.name, r)
		}
	}
}

// TestGraphs checks that the engine runs the graphs of all directions, products and blocks.
func TestGraphs(t *testing.T) {
	convolution := convLayer{height: 8, width: 8, channels: 4, filters: 4, kernel: 3, stride: 2, groups: 1}
	depthwise := convolution
	depthwise.groups = 4
	for _, l := range []convLayer{convolution, depthwise} {
		for _, d := range directions {
			if _, err := timeGraph(1, func(b *graph.Builder) *graph.Value { return d.build(b, l, 2) }); err != nil {
				t.Errorf("%s of %d groups: %v", d.name, l.groups, err)
			}
		}
	}
	for _, p := range products {
		if _, err := timeGraph(1, func(b *graph.Builder) *graph.Value { return p.build(b, 8, 2) }); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
	for _, block := range blocks {
		if _, err := blockForward([]string{block.name, "1"}, 1); err != nil {
			t.Errorf("%s: %v", block.name, err)
		}
	}
	for name := range trainedBlocks {
		if _, err := blockStep([]string{name, "1"}, 1); err != nil {
			t.Errorf("training step of %s: %v", name, err)
		}
	}
}

// TestKeep checks that nothing is written into the tree without -write.
func TestKeep(t *testing.T) {
	root := t.TempDir()
	document := filepath.Join(root, "BENCHMARKS.md")
	if err := os.WriteFile(document, []byte(begin+end), 0o666); err != nil {
		t.Fatal(err)
	}
	r := &results{CPU: "a processor", Rows: []result{{Name: "a row", Error: "not today"}}}
	for _, write := range []bool{false, true} {
		if err := (&options{root: root, write: write}).keep(r); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), "not today"); got != write {
			t.Errorf("-write=%v: the tables were written: %v", write, got)
		}
		if got := exists(filepath.Join(root, "bench")); got != write {
			t.Errorf("-write=%v: the results were written: %v", write, got)
		}
	}
}

// TestDocument checks that BENCHMARKS.md shows the results in bench/results.
func TestDocument(t *testing.T) {
	root := testenv.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "BENCHMARKS.md"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := withTables(root, string(text))
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Error("the tables of BENCHMARKS.md differ from bench/results; run go run ./bench -tables")
	}
}
