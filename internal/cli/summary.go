package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/plot"
)

// summaryCommand prints a model's layers.
type summaryCommand struct {
	Model         string `arg:"" optional:"" predictor:"start" help:"A model file of any kind, the folder of a training run, a file of weights, or cnn, the tutorial's network (default: cnn)."`
	ExpandNested  bool   `help:"Show the layers of nested models."`
	ShowTrainable bool   `help:"Show which layers are trainable."`
	Ops           bool   `help:"Show the ops that compute predictions instead of the layers. This is the default for a model without Keras layers, such as ONNX."`
	Plot          path   `writes:"plot" placeholder:"FILE" predictor:"file" help:"Also draw the network to a file (.svg or .png)."`
	Memory        bool   `help:"Also print the memory that training and prediction need."`
	Batch         int    `default:"32" aliases:"batch-size" help:"Batch size for --memory."`
	inputShapeFlags
}

// Help returns the command's detailed help.
func (summaryCommand) Help() string {
	return `Prints the table of layers, output shapes and parameter counts that Keras' model.summary() prints.

Examples:
  lince summary runs/train-1/model.keras
  lince summary network.json --json
  lince summary cnn --plot cnn.svg
  lince summary network.json --memory --batch 64`
}

// Validate implements kong's check of flags.
func (c *summaryCommand) Validate() error {
	errs := []error{atLeast(bound{"--batch", c.Batch, 1}), c.mistakes()}
	if f := plot.Format(c.format()); c.Plot != "" && f != plot.SVG && f != plot.PNG {
		errs = append(errs, fmt.Errorf("--plot must name a file that ends in .svg or .png, got %q", string(c.Plot)))
	}
	return mistakes(errs...)
}

// summaryResult is the command's result.
type summaryResult struct {
	Kind          string              `json:"kind,omitempty"` // of the file
	Name          string              `json:"name"`
	Input         []*int              `json:"input_shape"`
	Layers        []layerRow          `json:"layers"`
	Ops           []opRow             `json:"ops,omitempty"`
	Params        int                 `json:"params"`
	Classes       []string            `json:"classes,omitempty"`
	Preprocessing lince.Preprocessing `json:"preprocessing,omitempty"`
	Temperature   float64             `json:"temperature,omitempty"` // of the probabilities that predict prints
	Memory        *memoryResult       `json:"memory,omitempty"`
}

type layerRow struct {
	Name   string `json:"name"`
	Class  string `json:"class"`
	Output []*int `json:"output_shape"` // null is an unknown size, Keras' None
	Params int    `json:"params"`
}

type opRow struct {
	Layer  string   `json:"layer"`
	Op     string   `json:"op"`
	Output [][]*int `json:"output_shapes"`
	Params int      `json:"params"`
}

// Run implements the command.
func (c *summaryCommand) Run(e *env) error {
	if c.Model == "" {
		c.Model = tutorialName
		e.printf("No model is given, so this is cnn, the tutorial's network.\n")
	}
	m, kind, err := c.open()
	if err != nil {
		if kind.Tensors {
			return c.tensors(e, err)
		}
		return err
	}
	e.noted(c.Model, m)
	if c.Plot != "" {
		if err := e.writeFile("--plot", c.Plot, func(w io.Writer) error { return c.draw(e.ctx, w, m) }); err != nil {
			return err
		}
	}
	r := summaryResult{Kind: kind.Name, Name: m.Name(), Input: sizes(m.InputShape()), Layers: []layerRow{}, Params: m.CountParams(), Classes: m.Classes, Preprocessing: m.Preprocessing, Temperature: m.Temperature}
	for _, l := range m.Layers() {
		r.Layers = append(r.Layers, layerRow{l.Name(), l.Class(), sizes(l.Output().Shape()), l.CountParams()})
	}
	ops := c.Ops || hasGraph(m) // a graph is one layer, which says nothing
	if ops {
		for _, o := range m.Ops() {
			row := opRow{Layer: o.Layer, Op: o.Op, Params: o.Params}
			for _, s := range o.Shapes {
				row.Output = append(row.Output, sizes(s))
			}
			r.Ops = append(r.Ops, row)
		}
	}
	if c.Memory {
		if r.Memory, err = c.memory(m); err != nil {
			return err
		}
	}
	return e.result(r, func(w io.Writer) error {
		if err := m.Summary(w, lince.SummaryOptions{ExpandNested: c.ExpandNested, ShowTrainable: c.ShowTrainable, Ops: ops}); err != nil {
			return err
		}
		if r.Temperature != 0 {
			fmt.Fprintf(w, " Temperature of the probabilities: %.4g\n", r.Temperature)
		}
		if r.Memory == nil {
			return nil
		}
		_, err := io.WriteString(w, "\n"+r.Memory.String())
		return err
	})
}

// tensors prints the tensors of a file of weights. cause is the reason why the file is not opened as a model.
func (c *summaryCommand) tensors(e *env, cause error) error {
	f, err := lince.OpenTensors(c.Model)
	if err != nil {
		return cause
	}
	defer func() { _ = f.Close() }() // only read
	if c.Plot != "" || c.Memory || c.Ops {
		return usageError{fmt.Errorf("--plot, --memory and --ops need a network, which %s does not have: it is %s", c.Model, f.Kind.Title)}
	}
	type row struct {
		Name   string `json:"name"`
		Shape  []*int `json:"shape"`
		Type   string `json:"type"`
		Params int    `json:"params"`
	}
	r := struct {
		Kind    string `json:"kind"`
		Tensors []row  `json:"tensors"`
		Params  int    `json:"params"`
	}{f.Kind.Name, []row{}, 0}
	for _, t := range f.Tensors {
		n, err := t.Shape.CheckedElements()
		if err != nil {
			return fmt.Errorf("%s: tensor %s: %w", c.Model, t.Name, err)
		}
		r.Tensors = append(r.Tensors, row{t.Name, sizes(t.Shape), t.Type, n})
		r.Params += n
	}
	return e.result(r, func(w io.Writer) error {
		fmt.Fprintf(w, "%s: %s\n", c.Model, f.Kind.Title)
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, t := range f.Tensors {
			fmt.Fprintf(table, "  %s\t%v\t%s\n", t.Name, t.Shape, t.Type)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s, %s\n", count(len(f.Tensors), "tensor"), count(r.Params, "number"))
		return err
	})
}

// draw writes the drawing of --plot.
func (c *summaryCommand) draw(ctx context.Context, w io.Writer, m *lince.Model) error {
	return plot.Model(ctx, w, m, plot.Format(c.format()), plot.Options{
		ShowShapes: true, ShowLayerNames: true, ShowLayerActivations: true,
		ExpandNested: c.ExpandNested, ShowTrainable: c.ShowTrainable,
	})
}

// format returns the ending of --plot in lowercase, without the dot.
func (c *summaryCommand) format() string {
	return strings.TrimPrefix(strings.ToLower(filepath.Ext(string(c.Plot))), ".")
}

// open opens the model. kind is the kind of the file, also if it has no network.
func (c *summaryCommand) open() (m *lince.Model, kind lince.FileKind, err error) {
	if c.Model == tutorialName {
		m, err = lince.Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...)
		return m, kind, err
	}
	o, err := c.options(c.Model)
	if err != nil {
		return nil, kind, err
	}
	if m, err = openModel(c.Model, o); err != nil {
		kind, _ = lince.FileKindOf(c.Model) // the error is that of opening the model
		return nil, kind, err
	}
	kind, err = lince.FileKindOf(c.Model)
	return m, kind, err
}

// memoryResult holds the memory that a model needs.
type memoryResult struct {
	Training   memoryParts `json:"training"`
	Prediction memoryParts `json:"prediction"`
}

// memoryParts is the JSON form of lince.Memory: the parts, their sum, and the batch size.
type memoryParts struct{ lince.Memory }

// MarshalJSON implements json.Marshaler.
func (m memoryParts) MarshalJSON() ([]byte, error) {
	parts := map[string]int{"batch": m.Batch, "sum": m.Sum()}
	for _, p := range m.Parts() {
		parts[p.Key] = p.Bytes
	}
	return json.Marshal(parts)
}

// memory returns the memory that the model needs. It compiles a model that is not compiled as
// train does.
func (c *summaryCommand) memory(m *lince.Model) (r *memoryResult, err error) {
	if _, ok := m.Compiled(); !ok {
		if err := m.Compile(defaultCompile(m)); err != nil {
			return nil, err
		}
	}
	r = new(memoryResult)
	if r.Training.Memory, err = m.TrainingMemory(c.Batch); err != nil {
		return nil, err
	}
	r.Prediction.Memory, err = m.PredictionMemory(c.Batch)
	return r, err
}

// String formats the memory as a table.
func (r *memoryResult) String() string {
	var s strings.Builder
	line := func(name string, a, b any) { fmt.Fprintf(&s, " %-36s %10v %10v\n", name, a, b) }
	line(fmt.Sprintf("Memory at batch size %d", r.Training.Batch), "training", "prediction")
	amount := func(n int) string {
		if n == 0 {
			return "-"
		}
		return byteSize(n).String()
	}
	prediction := r.Prediction.Parts()
	for i, p := range r.Training.Parts() {
		line("  "+p.Name, amount(p.Bytes), amount(prediction[i].Bytes))
	}
	line("  sum", amount(r.Training.Sum()), amount(r.Prediction.Sum()))
	return s.String()
}

// sizes returns the JSON form of a shape.
func sizes(shape []int) []*int {
	out := make([]*int, len(shape))
	for i, n := range shape {
		if n >= 0 {
			out[i] = &n
		}
	}
	return out
}
