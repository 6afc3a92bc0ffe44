package layer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// kerasCase is what a layer of real Keras computes. internal/golden/layers.py writes it.
type kerasCase struct {
	Class     string
	Config    map[string]any
	Inputs    [][]int
	Integers  int            // the inputs are integers below it, if it is not 0
	Range     *[2]float64    // of the inputs; nil means -2 to 2
	Call      map[string]any // arguments of the call, which are fields of the layer in lince
	Weights   [][]int
	Shape     []int
	Output    []float32
	Gradients [][]float32 // of the inputs and the trainable weights; nil where there is none
	Training  *struct {   // nil for a layer that draws random numbers
		Losses  []float32
		Weights [][]float32 // after the last step
	}
	family string
}

// kerasCases reads the cases of all families, testdata/keras/*.json.
func kerasCases(t testing.TB) []kerasCase {
	t.Helper()
	files, err := filepath.Glob("testdata/keras/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases in testdata/keras: ", err)
	}
	var all []kerasCase
	for _, f := range files {
		family := strings.TrimSuffix(filepath.Base(f), ".json")
		var cases []kerasCase
		graphtest.Golden(t, "keras/"+family, &cases)
		for i := range cases {
			cases[i].family = family
		}
		all = append(all, cases...)
	}
	return all
}

func (c *kerasCase) name() string { return c.family + "/" + c.Config["name"].(string) }

// layer decodes the layer.
func (c *kerasCase) layer(t *testing.T) layer.Layer {
	t.Helper()
	l, err := layer.Decode(c.Class, c.Config)
	if err != nil {
		t.Fatal(c.name(), err)
	}
	if c.Call["use_causal_mask"] == true {
		l = l.(layer.CausalMasked).SetCausalMask(true)
	}
	return l
}

// inputs returns the operands of the case.
func (c *kerasCase) inputs() []*tensor.Tensor {
	in := make([]*tensor.Tensor, len(c.Inputs))
	for i, shape := range c.Inputs {
		salt, lo, hi := 1, -2., 2.
		if i > 0 {
			salt = 50 + i
		}
		if c.Range != nil {
			lo, hi = c.Range[0], c.Range[1]
		}
		if c.Integers > 0 {
			lo, hi = 0, float64(c.Integers)
		}
		in[i] = graphtest.Formula(salt, lo, hi, shape...)
		if c.Integers > 0 {
			for j, x := range in[i].Float32s() {
				in[i].Float32s()[j] = float32(math.Floor(float64(x)))
			}
		}
	}
	return in
}

// operand returns the operand for Build.
func (c *kerasCase) operand(l layer.Layer, in []*graph.Value) *graph.Value {
	if _, many := l.(layer.MultiOperand); many {
		return graph.List(in...)
	}
	return in[0]
}

// differentiable reports whether the gradients of the inputs exist.
func (c *kerasCase) differentiable() bool {
	return !slices.ContainsFunc(c.Gradients[:len(c.Inputs)], func(g []float32) bool { return g == nil })
}

// start returns the value that the script sets weight i to.
func (c *kerasCase) start(i int, path string) *tensor.Tensor {
	lo, hi := -1., 1.
	if strings.HasSuffix(path, "variance") {
		lo, hi = .5, 2
	}
	return graphtest.Formula(2+i, lo, hi, c.Weights[i]...)
}

// setWeights sets variables as the script does.
func (c *kerasCase) setWeights(t *testing.T, vs []*graph.Variable, set func(*graph.Variable, *tensor.Tensor) error) {
	t.Helper()
	if len(vs) != len(c.Weights) {
		t.Fatalf("%d variables, want %d", len(vs), len(c.Weights))
	}
	for i, v := range vs {
		if v.DType != tensor.Float32 {
			continue
		}
		if err := set(v, c.start(i, v.Path)); err != nil {
			t.Fatal(err)
		}
	}
}

// weightsOf returns the variables of the layer. Those of random numbers, which all layers share, are not among them.
func weightsOf(store *graph.Store) []*graph.Variable {
	return slices.DeleteFunc(slices.Clone(store.Variables()), func(v *graph.Variable) bool {
		return v.Path == layer.SeedPath || v.Path == layer.StepPath
	})
}

// TestConformance checks every class against real Keras: its config both ways, its result and gradients, gradients in
// float64 against finite differences, three training steps, a file, each instruction set and 1 to 5 threads.
func TestConformance(t *testing.T) {
	engines := conformanceEngines(t)
	seen := map[string]bool{}
	for _, c := range kerasCases(t) {
		seen[c.Class] = true
		t.Run(c.name(), func(t *testing.T) {
			l := c.layer(t)
			t.Run("config", func(t *testing.T) { roundTrip(t, l) })
			t.Run("results", func(t *testing.T) { c.checkResults(t, l, engines) })
			t.Run("gradient", func(t *testing.T) { c.checkGradient(t, l) })
			t.Run("training", func(t *testing.T) { c.checkTraining(t, l) })
			t.Run("file", func(t *testing.T) { c.checkFile(t, l) })
		})
	}
	for _, class := range layer.Classes() {
		if !seen[class] && class != "InputLayer" {
			t.Errorf("%s has no case in internal/golden/layers_*.py", class)
		}
	}
}

// conformanceEngine is an engine of one instruction set and number of threads.
type conformanceEngine struct {
	isa     kernel.ISA
	threads int
	*engine.Engine
}

func conformanceEngines(t *testing.T) []conformanceEngine {
	t.Helper()
	var all []conformanceEngine
	for _, isa := range kernel.Available() {
		t.Setenv("LINCE_ISA", isa.String())
		for _, threads := range []int{1, 2, 3, 5} {
			e, err := engine.New(engine.Options{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, conformanceEngine{isa, threads, e})
		}
	}
	return all
}

// checkResults compares the result and the gradients with those of Keras, and the bits of all engines.
func (c *kerasCase) checkResults(t *testing.T, l layer.Layer, engines []conformanceEngine) {
	in := append(c.inputs(), graphtest.Formula(99, -1, 1, c.Shape...))
	differentiable := c.differentiable()
	m := graphtest.New(t, false, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		var wrt []*graph.Value
		if x := in[:len(in)-1]; differentiable {
			wrt = slices.Clone(x)
		}
		y := l.Build(graphtest.View(b, "it", "layer 1", layer.ConfigOf(l)), c.operand(l, in[:len(in)-1]))
		for _, v := range b.Store().Variables() {
			if v.Trainable() {
				wrt = append(wrt, b.Read(v))
			}
		}
		out := []*graph.Value{y}
		for _, g := range graph.Grad(b, b.Sum(b.Mul(y, in[len(in)-1])), wrt...) {
			if g != nil {
				out = append(out, g)
			}
		}
		return out
	})
	c.setWeights(t, weightsOf(m.Store), m.Store.Set)
	got := m.Run(t, in...)
	if !got[0].Shape().Equal(c.Shape) {
		t.Fatalf("shape %v, want %v", got[0].Shape(), c.Shape)
	}
	near(t, "result", got[0].Float32s(), c.Output, 2e-6)
	want := c.Gradients
	if !differentiable {
		want = want[len(c.Inputs):]
	}
	want = slices.DeleteFunc(slices.Clone(want), func(g []float32) bool { return g == nil })
	if len(got)-1 != len(want) {
		t.Fatalf("%d gradients, want %d", len(got)-1, len(want))
	}
	for i, w := range want {
		near(t, fmt.Sprintf("gradient %d", i), got[1+i].Float32s(), w, 1e-5)
	}
	var bits []byte
	for i, e := range engines {
		p, err := e.Compile(m.Graph, m.Store)
		if err != nil {
			t.Fatal(err)
		}
		now := runBits(t, p, m.Graph, in)
		p.Close()
		if i == 0 || e.isa == kernel.Generic && engines[i-1].isa != kernel.Generic { // plain Go rounds differently
			bits = now
		}
		if !bytes.Equal(bits, now) {
			t.Errorf("%v with %d threads: other bits than before", e.isa, e.threads)
		}
	}
}

// runBits runs a program and returns the bits of its results.
func runBits(t *testing.T, p backend.Program, g *graph.Graph, in []*tensor.Tensor) []byte {
	t.Helper()
	shapes := make([]tensor.Shape, len(in))
	for i, x := range in {
		shapes[i] = x.Shape()
	}
	special, err := g.Specialize(shapes)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*tensor.Tensor, len(special.Outputs))
	for i, o := range special.Outputs {
		out[i] = tensor.New(o.Value.DType, o.Value.Shape...)
	}
	if err := p.Run(in, out); err != nil {
		t.Fatal(err)
	}
	var bits []byte
	for _, y := range out {
		bits = append(bits, y.Raw()...)
	}
	return bits
}

// stepped lists the classes whose result has steps in training, and therefore no gradient.
var stepped = []string{"RandomPosterization", "Equalization"}

// checkGradient compares the gradients of the training graph with finite differences in float64.
func (c *kerasCase) checkGradient(t *testing.T, l layer.Layer) {
	if slices.Contains(stepped, c.Class) {
		t.Skip("the result has no gradient in training")
	}
	free := -1
	if c.Class == "SpectralNormalization" {
		t.Skip("its gradient is that at the kernel which the step assigns")
	}
	if !c.differentiable() {
		free = 0
		if len(c.Gradients) == len(c.Inputs) {
			t.Skip("nothing has a gradient")
		}
	}
	graphtest.CheckGradient(t, true, free, c.inputs(), func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{l.Build(graphtest.View(b, "it", "layer 1", layer.ConfigOf(l)), c.operand(l, in))}
	})
}

// checkTraining takes the same training steps as the script.
func (c *kerasCase) checkTraining(t *testing.T, l layer.Layer) {
	if c.Training == nil {
		t.Skip("the layer draws random numbers")
	}
	const rate = .0625
	in := append(c.inputs(), graphtest.Formula(98, -1, 1, c.Shape...))
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		y := l.Build(graphtest.View(b, "it", "layer 1", layer.ConfigOf(l)), c.operand(l, in[:len(in)-1]))
		loss := b.Mean(b.Square(b.Sub(y, in[len(in)-1])))
		for _, penalty := range b.Losses() {
			loss = b.Add(loss, penalty)
		}
		var weights []*graph.Value
		var variables []*graph.Variable
		for _, v := range b.Store().Variables() {
			if !v.Trainable() {
				continue
			}
			w := b.Read(v)
			if v.Regularizer != nil {
				loss = b.Add(loss, v.Regularizer.Penalty(b, w))
			}
			weights, variables = append(weights, w), append(variables, v)
		}
		for i, g := range graph.Grad(b, loss, weights...) {
			if g == nil {
				continue
			}
			if c := variables[i].Constraint; c != nil {
				b.Assign(weights[i], c.Project(b, b.Sub(weights[i], b.Scale(g, rate))))
			} else {
				b.Update(op.SGD{}, weights[i], g, b.Constant(tensor.Float32, rate)) // after the updates of the layer
			}
		}
		return []*graph.Value{loss}
	})
	c.setWeights(t, weightsOf(m.Store), m.Store.Set)
	var losses []float32
	for range c.Training.Losses {
		losses = append(losses, m.Run(t, in...)[0].Float32s()[0])
	}
	near(t, "losses", losses, c.Training.Losses, 1e-5)
	i := 0
	for _, v := range weightsOf(m.Store) {
		if v.DType != tensor.Float32 {
			continue
		}
		near(t, v.Path, v.Value().Float32s(), c.Training.Weights[i], 2e-5)
		i++
	}
}

// model returns a model of the layer alone, with the weights of the case.
func (c *kerasCase) model(t *testing.T, l layer.Layer) *lince.Model {
	t.Helper()
	var in []*lince.Symbol
	for i, shape := range c.Inputs {
		in = append(in, lince.Input(layer.Input{Shape: shape[1:], Name: fmt.Sprintf("input_%d", i)}))
	}
	m, err := lince.Functional(lince.List(in...), lince.Apply(l, in...))
	if err != nil {
		t.Fatal(err)
	}
	var weights []*tensor.Tensor
	for i, v := range m.Variables() {
		w := v.Value()
		if w.DType() == tensor.Float32 {
			w = c.start(i, v.Path())
		}
		weights = append(weights, w)
	}
	if err := m.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	return m
}

// checkFile saves a model of the layer, opens it, and compares the predictions with those of Keras.
func (c *kerasCase) checkFile(t *testing.T, l layer.Layer) {
	var file bytes.Buffer
	if _, err := c.model(t, l).WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	m, err := lince.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Call(c.inputs()...)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "prediction", got[0].Float32s(), c.Output, 2e-6)
}

// TestConformanceFiles lets Keras open the file of every case, predict, and save it again, and opens Keras' files.
func TestConformanceFiles(t *testing.T) {
	dir := t.TempDir()
	type job struct {
		Path   string        `json:"path"`
		Inputs [][][]float32 `json:"inputs"` // of each input, its shape and its numbers
	}
	cases := slices.DeleteFunc(kerasCases(t), func(c kerasCase) bool {
		return c.Class == "Equalization" // Keras 3.15 cannot build a model that contains it
	})
	var jobs []job
	for i, c := range cases {
		l := c.layer(t)
		j := job{Path: filepath.Join(dir, fmt.Sprintf("%d.keras", i))}
		if err := c.model(t, l).Save(j.Path); err != nil {
			t.Fatal(c.name(), err)
		}
		for k, x := range c.inputs() {
			var shape []float32
			for _, n := range c.Inputs[k] {
				shape = append(shape, float32(n))
			}
			j.Inputs = append(j.Inputs, [][]float32{shape, x.Float32s()})
		}
		jobs = append(jobs, j)
	}
	var outputs [][]float32
	list, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "jobs.json")
	if err := os.WriteFile(at, list, 0o600); err != nil {
		t.Fatal(err)
	}
	graphtest.Keras(t, `
import json, sys, keras, numpy as np
out = []
for job in json.load(open(json.load(sys.stdin))):
    m = keras.models.load_model(job["path"])
    x = [np.array(v, "float32").reshape([int(n) for n in s]) for s, v in job["inputs"]]
    y = m(x if len(x) > 1 else x[0], training=False)
    y = y[0] if isinstance(y, (list, tuple)) else y
    out.append([float(v) for v in np.asarray(y, "float32").reshape(-1)])
    m.save(job["path"] + ".again.keras")
print(json.dumps(out))
`, at, &outputs)
	for i, c := range cases {
		near(t, c.name()+": Keras' prediction", outputs[i], c.Output, 2e-6)
		m, err := lince.Open(jobs[i].Path + ".again.keras")
		if err != nil {
			t.Errorf("%s: %v", c.name(), err)
			continue
		}
		got, err := m.Call(c.inputs()...)
		if err != nil {
			t.Errorf("%s: %v", c.name(), err)
			continue
		}
		near(t, c.name()+": prediction of Keras' file", got[0].Float32s(), c.Output, 2e-6)
	}
}
