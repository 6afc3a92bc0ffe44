package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/tensor"
)

// diffCommand compares two models.
type diffCommand struct {
	A           string  `arg:"" predictor:"model" help:"A model file of any kind, the folder of a training run, or a file of weights."`
	B           string  `arg:"" predictor:"model" help:"Another one, which may be of another kind."`
	Tolerance   float64 `default:"0" help:"Largest difference of weights and predictions that counts as equal, relative to the largest value of a tensor if that is above 1."`
	Predictions bool    `default:"true" negatable:"" help:"Compare predictions (default: true)."`
	exampleFlags
}

// Help returns the command's detailed help.
func (diffCommand) Help() string {
	return `Compares the layers of two models and their settings, the temperature, the weights, and the predictions on noise or on the images of --data. The exit code is 0 if the models are equal, 1 if they differ, and 2 if the command line is wrong. A file of weights is compared with a model as if it were loaded into it. The layers and weights of a graph without Keras layers, such as an ONNX model, are compared only with those of another graph.

Examples:
  lince diff runs/train-1/model.keras runs/train-1/best.keras
  lince diff best.keras best.onnx --tolerance 1e-5 --data photos/
  lince diff a.safetensors b.safetensors`
}

// Validate implements kong's check of flags.
func (c *diffCommand) Validate() error {
	var err error
	if !(c.Tolerance >= 0) {
		err = fmt.Errorf("--tolerance must be at least 0, got %v", c.Tolerance)
	}
	return mistakes(c.mistakes(), err)
}

// modelDiff is the command's result.
type modelDiff struct {
	A           string             `json:"a"`
	B           string             `json:"b"`
	Equal       bool               `json:"equal"`
	Layers      []layerDiff        `json:"layers"`  // those that differ
	Weights     []weightDiff       `json:"weights"` // those that differ
	Compared    int                `json:"weights_compared"`
	Predictions []outputDifference `json:"predictions"`
	On          string             `json:"predictions_on,omitempty"`
	Notes       []string           `json:"notes"` // what was not compared, and why
}

// layerDiff is a difference in a layer.
type layerDiff struct {
	Layer   string `json:"layer"`
	OnlyIn  string `json:"only_in,omitempty"` // a or b
	Setting string `json:"setting,omitempty"` // class, inputs, or an argument
	A       any    `json:"a,omitempty"`
	B       any    `json:"b,omitempty"`
}

// weightDiff is a difference in a weight.
type weightDiff struct {
	Weight string          `json:"weight"`
	OnlyIn string          `json:"only_in,omitempty"`
	ShapeA []int           `json:"shape_a,omitempty"`
	ShapeB []int           `json:"shape_b,omitempty"`
	Values *differenceInfo `json:"difference,omitempty"`
}

// Run implements the command.
func (c *diffCommand) Run(e *env) error {
	r := &modelDiff{A: c.A, B: c.B, Layers: []layerDiff{}, Weights: []weightDiff{}, Notes: []string{}}
	a, errA := openSide(c.A)
	b, errB := openSide(c.B)
	if a != nil {
		defer a.close()
	}
	if b != nil {
		defer b.close()
	}
	err := errors.Join(errA, errB)
	if err == nil {
		err = errors.Join(a.fill(b), b.fill(a))
	}
	if err != nil {
		return err
	}
	if err := c.compare(e, r, a, b); err != nil {
		return err
	}
	_, beyond := largest(r.Predictions)
	r.Equal = len(r.Layers)+len(r.Weights) == 0 && !beyond
	if err := e.result(r, r.print); err != nil {
		return err
	}
	if !r.Equal {
		return errDiffer
	}
	return nil
}

// errDiffer is the error of models that differ. The differences are the result, so the message adds nothing.
var errDiffer = errors.New("the models differ")

func (c *diffCommand) compare(e *env, r *modelDiff, a, b *side) error {
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if a.model != nil && b.model != nil && a.model.Temperature != b.model.Temperature {
		r.Layers = append(r.Layers, layerDiff{Layer: "the model", Setting: "temperature", A: temperatureText(a.model), B: temperatureText(b.model)})
	}
	switch {
	case a.model == nil || b.model == nil:
		note("only weights were compared: the files have no network")
	case a.layered() != b.layered():
		note("layers and weights were not compared: %s is a graph without Keras layers", c.name(!a.layered()))
		return c.predict(e, r, a.model, b.model)
	case a.layered():
		r.Layers = append(r.Layers, diffLayers(a.model, b.model)...)
	}
	if err := c.weights(r, a.tensors, b.tensors); err != nil {
		return err
	}
	if a.model != nil && !a.layered() { // programs give weights of a graph other names
		named := len(r.Weights)
		r.Weights = slices.DeleteFunc(r.Weights, func(d weightDiff) bool { return d.OnlyIn != "" })
		if n := named - len(r.Weights); n > 0 {
			note("%s not compared, because only one of the graphs has weights of their names", count(n, "weight"))
		}
	}
	if a.model == nil || b.model == nil {
		return nil
	}
	return c.predict(e, r, a.model, b.model)
}

func temperatureText(m *lince.Model) string {
	if m.Temperature == 0 {
		return "none"
	}
	return fmt.Sprintf("%.6g", m.Temperature)
}

func (c *diffCommand) name(first bool) string {
	if first {
		return c.A
	}
	return c.B
}

// weights compares the weights by name.
func (c *diffCommand) weights(r *modelDiff, a, b []namedWeight) error {
	byName := map[string]namedWeight{}
	for _, w := range b {
		byName[w.name] = w
	}
	for _, x := range a {
		y, ok := byName[x.name]
		delete(byName, x.name)
		switch {
		case !ok:
			r.Weights = append(r.Weights, weightDiff{Weight: x.name, OnlyIn: "a"})
			continue
		case !x.shape.Equal(y.shape):
			r.Weights = append(r.Weights, weightDiff{Weight: x.name, ShapeA: x.shape, ShapeB: y.shape})
			continue
		}
		r.Compared++
		u, errA := x.read()
		v, errB := y.read()
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		list, err := compareOutputs([]string{x.name}, []*tensor.Tensor{v}, []*tensor.Tensor{u}, c.Tolerance)
		if err != nil {
			return err
		}
		if list[0].Beyond {
			r.Weights = append(r.Weights, weightDiff{Weight: x.name, Values: list[0].Values})
		}
	}
	for _, y := range b {
		if _, ok := byName[y.name]; ok {
			r.Weights = append(r.Weights, weightDiff{Weight: y.name, OnlyIn: "b"})
		}
	}
	return nil
}

// predict compares the predictions.
func (c *diffCommand) predict(e *env, r *modelDiff, a, b *lince.Model) error {
	if !c.Predictions {
		return nil
	}
	note := func(why string) { r.Notes = append(r.Notes, "predictions were not compared: "+why) }
	pa, pb := inference.Of(a), inference.Of(b)
	if x, y := shapesOf(pa.Inputs()), shapesOf(pb.Inputs()); !x.fit(y) {
		r.Layers = append(r.Layers, layerDiff{Layer: "the model", Setting: "inputs", A: x.String(), B: y.String()})
		note("the inputs differ")
		return nil
	}
	if x, y := len(pa.Outputs()), len(pb.Outputs()); x != y {
		r.Layers = append(r.Layers, layerDiff{Layer: "the model", Setting: "outputs", A: x, B: y})
		note("the numbers of outputs differ")
		return nil
	}
	if x, y := shapesOf(pa.Outputs()), shapesOf(pb.Outputs()); !x.fit(y) {
		r.Layers = append(r.Layers, layerDiff{Layer: "the model", Setting: "outputs", A: x.String(), B: y.String()})
		note("the outputs differ")
		return nil
	}
	in, what, err := c.examples(e, a)
	if err != nil {
		return err
	}
	want, err := runAgain(a, a, in)
	if err != nil {
		return fmt.Errorf("%s: %w", c.A, err)
	}
	got, err := runAgain(b, a, in)
	if err != nil {
		return fmt.Errorf("%s: %w", c.B, err)
	}
	r.On = what
	r.Predictions, err = compareOutputs(a.OutputNames(), got, want, c.Tolerance)
	return err
}

// shapeList are the shapes of inputs.
type shapeList []tensor.Shape

func shapesOf(ports []inference.Port) (list shapeList) {
	for _, p := range ports {
		list = append(list, p.Shape)
	}
	return list
}

// fit reports whether inputs of l can be inputs of m.
func (l shapeList) fit(m shapeList) bool {
	return slices.EqualFunc(l, m, func(a, b tensor.Shape) bool {
		return slices.EqualFunc(a, b, func(x, y int) bool { return x == y || x == tensor.Unknown || y == tensor.Unknown })
	})
}

func (l shapeList) String() string {
	var list []string
	for _, s := range l {
		list = append(list, s.String())
	}
	return strings.Join(list, ", ")
}

// maxLines limits the lines for people; --json has all.
const maxLines = 40

// print writes the result for people.
func (r *modelDiff) print(w io.Writer) error {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	file := map[string]string{"a": r.A, "b": r.B}
	for _, d := range r.Layers {
		if d.OnlyIn != "" {
			add("layer %s (%v): only in %s", d.Layer, d.A, file[d.OnlyIn])
			continue
		}
		add("layer %s: %s: %s -> %s", d.Layer, d.Setting, config.Show(d.A), config.Show(d.B))
	}
	for _, d := range r.Weights {
		switch {
		case d.OnlyIn != "":
			add("weight %s: only in %s", d.Weight, file[d.OnlyIn])
		case d.Values == nil:
			add("weight %s: shape %v -> %v", d.Weight, tensor.Shape(d.ShapeA), tensor.Shape(d.ShapeB))
		default:
			add("weight %s: %v", d.Weight, d.Values.Difference)
		}
	}
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines], fmt.Sprintf("... and %d more differences; --json lists all", more))
	}
	if r.Compared > 0 {
		differ := 0
		for _, d := range r.Weights {
			if d.Values != nil {
				differ++
			}
		}
		add("%d of %s differ", differ, count(r.Compared, "weight"))
	}
	for _, d := range r.Predictions {
		add("predictions on %s, output %s: %v", r.On, d.Output, d.Values.Difference)
	}
	lines = append(lines, r.Notes...)
	if r.Equal {
		add("The files are equal in what was compared.")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}
