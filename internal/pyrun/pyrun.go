// Package pyrun runs model files in Python libraries, to compare their predictions with those of lince.
package pyrun

import (
	"bytes"
	"context"
	_ "embed" // the scripts
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/tensor"
)

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

var (
	//go:embed jobs.py
	jobs string
	//go:embed keras.py
	keras string
	//go:embed tflite.py
	tflite string
)

// Keras is a script for Run that opens files with keras.saving.load_model.
func Keras() string { return jobs + "\n\n" + keras }

// TFLite is a script for Run that opens files with TensorFlow Lite's interpreter.
func TFLite() string { return jobs + "\n\n" + tflite }

// Run runs jobs with a script, in one process of the given Python interpreter. The script's argument is a JSON file with a
// list of objects: path, the model; inputs, a list of objects with dtype, shape and path, a file of raw numbers; and outputs, the
// beginning of the names of the .npy files to which the results are written. It prints a JSON list with an object for each job: the
// number of outputs, or an error.
func Run(ctx context.Context, python, script string, jobs []Job) ([]Result, error) {
	dir, err := os.MkdirTemp("", "lince-python-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // files of the system's temporary folder
	return run(ctx, python, script, dir, jobs)
}

func run(ctx context.Context, python, script, dir string, jobs []Job) ([]Result, error) {
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
		if last := lastLine(stderr.String()); last != "" {
			err = fmt.Errorf("%w: %s", err, last)
		}
		return nil, fmt.Errorf("running %s: %w", python, err)
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
