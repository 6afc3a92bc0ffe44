package cli

import (
	"os"
	"strings"

	"github.com/lince-ml/lince"
)

// summaryCommand prints a model's layers.
type summaryCommand struct {
	Model string `arg:"" help:"A model: .keras, or a Keras config in .json."`
}

// Run implements the command.
func (c *summaryCommand) Run(e *env) error {
	m, err := openModel(c.Model, lince.Options{})
	if err != nil {
		return err
	}
	if !e.json {
		return m.Summary(e.stdout)
	}
	type row struct {
		Name   string `json:"name"`
		Class  string `json:"class"`
		Output []int  `json:"output_shape"`
		Params int    `json:"params"`
	}
	rows := []row{}
	for _, l := range m.Layers() {
		rows = append(rows, row{l.Name, l.Class, l.Output, l.CountParams()})
	}
	return e.result(struct {
		Name    string   `json:"name"`
		Layers  []row    `json:"layers"`
		Params  int      `json:"params"`
		Classes []string `json:"classes,omitempty"`
	}{m.Name(), rows, m.CountParams(), m.Classes})
}

// openModel reads a model's file, or makes a new one of a Keras config.
func openModel(path string, o lince.Options) (*lince.Model, error) {
	if !strings.HasSuffix(strings.ToLower(path), ".json") {
		return o.Open(path)
	}
	config, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return o.FromJSON(config)
}
