package cli

import (
	"github.com/lince-ml/lince"
)

// summaryCommand prints a model's layers.
type summaryCommand struct {
	Model string `arg:"" predictor:"model" help:"A model: .keras, or Keras' to_json() in .json."`
}

// Help is the command's longer help.
func (summaryCommand) Help() string {
	return `Prints Keras' table: layers, shapes, parameters.

Examples:
  lince summary runs/train-1/model.keras
  lince summary network.json --json`
}

// Run implements the command.
func (c *summaryCommand) Run(e *env) error {
	m, err := openModel(c.Model, lince.Options{})
	if err != nil {
		return err
	}
	type row struct {
		Name   string `json:"name"`
		Class  string `json:"class"`
		Output []*int `json:"output_shape"` // null is a size that is not known, as None in Keras
		Params int    `json:"params"`
	}
	rows := []row{}
	for _, l := range m.Layers() {
		rows = append(rows, row{l.Name, l.Class, sizes(l.Output), l.CountParams()})
	}
	return e.result(struct {
		Name          string               `json:"name"`
		Input         []*int               `json:"input_shape"`
		Layers        []row                `json:"layers"`
		Params        int                  `json:"params"`
		Classes       []string             `json:"classes,omitempty"`
		Preprocessing *lince.Preprocessing `json:"preprocessing,omitempty"`
	}{m.Name(), sizes(m.InputShape()), rows, m.CountParams(), m.Classes, m.Preprocessing}, m.Summary)
}

// sizes is a shape in JSON.
func sizes(shape []int) []*int {
	out := make([]*int, len(shape))
	for i, n := range shape {
		if n >= 0 {
			out[i] = &n
		}
	}
	return out
}
