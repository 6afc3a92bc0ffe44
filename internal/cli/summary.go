package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/plot"
)

// summaryCommand prints a model's layers.
type summaryCommand struct {
	Model         string `arg:"" optional:"" default:"cnn" predictor:"start" help:"A model file (.keras), a Keras architecture (.json, from to_json()), or cnn, the tutorial's network (default: cnn)."`
	ExpandNested  bool   `help:"Show the layers of nested models."`
	ShowTrainable bool   `help:"Show which layers are trainable."`
	Plot          path   `placeholder:"FILE" predictor:"file" help:"Also draw the network to a file (.svg or .png)."`
	Memory        bool   `help:"Also print the memory that training and prediction need."`
	Batch         int    `default:"32" aliases:"batch-size" help:"Batch size for --memory."`
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
	errs := []error{atLeast(bound{"--batch", c.Batch, 1})}
	if f := plot.Format(c.format()); c.Plot != "" && f != plot.SVG && f != plot.PNG {
		errs = append(errs, fmt.Errorf("--plot must name a file that ends in .svg or .png, got %q", string(c.Plot)))
	}
	return mistakes(errs...)
}

// Run implements the command.
func (c *summaryCommand) Run(e *env) error {
	m, err := c.open()
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := e.writeFile("--plot", c.Plot, func(w io.Writer) error { return c.draw(w, m) }); err != nil {
			return err
		}
	}
	var memory *memoryResult
	if c.Memory {
		if memory, err = c.memory(m); err != nil {
			return err
		}
	}
	type row struct {
		Name   string `json:"name"`
		Class  string `json:"class"`
		Output []*int `json:"output_shape"` // null is an unknown size, Keras' None
		Params int    `json:"params"`
	}
	rows := []row{}
	for _, l := range m.Layers() {
		rows = append(rows, row{l.Name(), l.Class(), sizes(l.Output().Shape()), l.CountParams()})
	}
	return e.result(struct {
		Name          string              `json:"name"`
		Input         []*int              `json:"input_shape"`
		Layers        []row               `json:"layers"`
		Params        int                 `json:"params"`
		Classes       []string            `json:"classes,omitempty"`
		Preprocessing lince.Preprocessing `json:"preprocessing,omitempty"`
		Memory        *memoryResult       `json:"memory,omitempty"`
	}{m.Name(), sizes(m.InputShape()), rows, m.CountParams(), m.Classes, m.Preprocessing, memory}, func(w io.Writer) error {
		if err := m.Summary(w, lince.SummaryOptions{ExpandNested: c.ExpandNested, ShowTrainable: c.ShowTrainable}); err != nil || memory == nil {
			return err
		}
		_, err := io.WriteString(w, "\n"+memory.String())
		return err
	})
}

// draw writes the drawing of --plot.
func (c *summaryCommand) draw(w io.Writer, m *lince.Model) error {
	return plot.Model(w, m, plot.Format(c.format()), plot.Options{
		ShowShapes: true, ShowLayerNames: true, ShowLayerActivations: true,
		ExpandNested: c.ExpandNested, ShowTrainable: c.ShowTrainable,
	})
}

// format returns the ending of --plot in lowercase, without the dot.
func (c *summaryCommand) format() string {
	return strings.TrimPrefix(strings.ToLower(filepath.Ext(string(c.Plot))), ".")
}

func (c *summaryCommand) open() (*lince.Model, error) {
	if c.Model == tutorialName {
		return lince.Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...)
	}
	return openModel(c.Model, lince.Options{})
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
