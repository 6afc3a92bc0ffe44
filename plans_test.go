package lince

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

var update = flag.Bool("update", false, "rewrite the plans in testdata/plans")

// noKernels is a target without working memory, so that plans are the same on every machine.
type noKernels struct{}

func (noKernels) Workspace(*graph.Node, func(*graph.Value) bool) (int, error) { return 0, nil }

// InPlace implements compile.Target.
func (noKernels) InPlace(*graph.Node, int) []int { return nil }

func (noKernels) Size(v *graph.Value) int { return v.Shape.Elements() * max(4, v.DType.Size()) }

// TestPlans compares the plans of the tutorial's network at batch 15 with testdata/plans. The files show what the
// compiler does, and their differences show what a change does.
func TestPlans(t *testing.T) {
	m, err := Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(CompileOptions{Optimizer: optimizer.RMSprop{}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	const batch = 15
	for _, training := range []bool{true, false} {
		g, err := m.graphOf(m.compiled, m.store, training)
		if err != nil {
			t.Fatal(err)
		}
		var shapes []tensor.Shape
		for _, v := range g.Inputs {
			s := v.Shape.Clone()
			s[0] = batch
			shapes = append(shapes, s)
		}
		plan, err := compile.Compile(g, shapes, noKernels{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		name := "evaluate.txt"
		if training {
			name = "train.txt"
		}
		path := filepath.Join("testdata", "plans", name)
		got := fmt.Sprintf("The plan of the tutorial's network at batch %d (%s). Rewrite with: go test . -run Plans -update\n\n%s",
			batch, strings.TrimSuffix(name, ".txt"), plan)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not what the compiler makes now; see what changed with: go test . -run Plans -update; git diff %s", path, path)
		}
	}
}
