// Package onnxcheck checks ONNX models: their structure, and with the packages onnx and onnxruntime of a Python, their results.
package onnxcheck

import (
	"context"
	_ "embed" // run.py
	"errors"
	"fmt"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/internal/pyrun"
)

// Structure checks that each name of a tensor is given once, that each operand comes before the nodes that use it, and that the outputs
// exist. It returns all mistakes.
func Structure(m *onnx.Model) error {
	var errs []error
	g := m.Graph
	known := map[string]bool{"": true} // an optional operand that is absent
	define := func(what, name string) {
		if name == "" || known[name] {
			errs = append(errs, fmt.Errorf("%s: the name %q is empty or not unique", what, name))
		}
		known[name] = true
	}
	for _, v := range g.Input {
		define("an input", v.GetName())
	}
	for _, t := range g.Initializer {
		define("a weight", t.GetName())
	}
	names := map[string]bool{}
	for i, n := range g.Node {
		where := fmt.Sprintf("node %d (%s %s)", i, n.GetOpType(), n.GetName())
		if names[n.GetName()] {
			errs = append(errs, fmt.Errorf("%s: the name is not unique", where))
		}
		names[n.GetName()] = true
		for _, in := range n.Input {
			if !known[in] {
				errs = append(errs, fmt.Errorf("%s: its operand %q is not there, or comes later", where, in))
			}
		}
		for _, out := range n.Output {
			define(where, out)
		}
	}
	if len(g.Output) == 0 {
		errs = append(errs, errors.New("there are no outputs"))
	}
	for _, v := range g.Output {
		if !known[v.GetName()] || v.GetName() == "" {
			errs = append(errs, fmt.Errorf("the output %q is not there", v.GetName()))
		}
	}
	return errors.Join(errs...)
}

//go:embed run.py
var script string

// Run checks each model with onnx.checker and runs it with ONNX Runtime, in one process of the given Python interpreter, which must have the
// packages onnx, onnxruntime and numpy.
func Run(ctx context.Context, python string, jobs []pyrun.Job) ([]pyrun.Result, error) {
	results, err := pyrun.Run(ctx, python, script, jobs)
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime: %w", err)
	}
	return results, nil
}
