// Package onnxcheck checks ONNX models: their structure, and with the packages onnx and onnxruntime of a Python, their results.
package onnxcheck

import (
	"bytes"
	"context"
	_ "embed" // run.py
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/internal/npy"
	"github.com/lince-ml/lince/tensor"
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

// Job is a model in a file, with its inputs, in order.
type Job struct {
	Path   string
	Inputs []*tensor.Tensor
}

// Result has the outputs of a job, in order, or the reason why there are none.
type Result struct {
	Outputs []*tensor.Tensor
	Err     error
}

//go:embed run.py
var script string

// Run checks each model with onnx.checker and runs it with ONNX Runtime, in one process of the given Python interpreter, which must have the
// packages onnx, onnxruntime and numpy.
func Run(ctx context.Context, python string, jobs []Job) ([]Result, error) {
	dir, err := os.MkdirTemp("", "lince-onnx-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // files of the system's temporary folder
	results, err := run(ctx, python, dir, jobs)
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime: %w", err)
	}
	return results, nil
}

func run(ctx context.Context, python, dir string, jobs []Job) ([]Result, error) {
	type input struct {
		DType string `json:"dtype"`
		Shape []int  `json:"shape"`
		Path  string `json:"path"`
	}
	type entry struct {
		Path    string  `json:"path"`
		Inputs  []input `json:"inputs"`
		Outputs string  `json:"outputs"`
	}
	entries := make([]entry, len(jobs))
	for i, j := range jobs {
		path, err := filepath.Abs(j.Path)
		if err != nil {
			return nil, err
		}
		entries[i] = entry{path, []input{}, filepath.Join(dir, fmt.Sprintf("%d-output-", i))}
		for k, x := range j.Inputs {
			in := input{x.DType().String(), x.Shape(), filepath.Join(dir, fmt.Sprintf("%d-input-%d", i, k))}
			if err := os.WriteFile(in.Path, x.Raw(), 0o600); err != nil {
				return nil, err
			}
			entries[i].Inputs = append(entries[i].Inputs, in)
		}
	}
	list, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	at := filepath.Join(dir, "jobs.json")
	if err := os.WriteFile(at, list, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, "-c", script, at)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", python, err, lastLine(stderr.String()))
	}
	var got []struct {
		Outputs int
		Error   string
	}
	if err := json.Unmarshal(printed, &got); err != nil || len(got) != len(jobs) {
		return nil, fmt.Errorf("%s printed %q instead of the results of %d models", python, printed, len(jobs))
	}
	results := make([]Result, len(jobs))
	for i, g := range got {
		if g.Error != "" {
			results[i].Err = errors.New(g.Error)
			continue
		}
		for k := range g.Outputs {
			file, err := os.ReadFile(fmt.Sprintf("%s%d.npy", entries[i].Outputs, k))
			if err != nil {
				return nil, err
			}
			y, err := npy.Read(file)
			if err != nil {
				return nil, fmt.Errorf("output %d of %s: %w", k, jobs[i].Path, err)
			}
			results[i].Outputs = append(results[i].Outputs, y)
		}
	}
	return results, nil
}

// lastLine returns the last line of a traceback, which has the error.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
