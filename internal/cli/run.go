package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/internal/inference"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/tensor"
	"github.com/lince-ml/lince/zoo"
)

// runCommand runs a model on tensors.
type runCommand struct {
	Model     string   `arg:"" predictor:"model" help:"A model file of any kind, or the folder of a training run."`
	Inputs    []string `group:"data" sep:"none" placeholder:"SOURCE" predictor:"file" help:"Input tensors: a folder, a .npz archive, or a .npy, .pb (ONNX tensor) or .json file for the only input. NAME=FILE is for the input NAME; repeat the flag for several inputs."`
	Random    bool     `group:"data" help:"Use noise as input: numbers from 0 to 1, as of NumPy's RandomState(seed).random_sample."`
	Seed      uint32   `group:"data" default:"0" help:"Seed of --random."`
	Shape     []string `group:"data" sep:"none" placeholder:"NAME=SIZES" help:"Shape of an input for --random, such as x=1x3x224x224, or 1x3x224x224 for the only input."`
	Expect    []string `group:"output" sep:"none" placeholder:"SOURCE" predictor:"file" help:"Compare the outputs with these tensors, in the forms of --inputs, and fail if they differ."`
	RTol      float64  `group:"output" name:"rtol" default:"1e-3" help:"Relative tolerance of --expect."`
	ATol      float64  `group:"output" name:"atol" default:"1e-7" help:"Absolute tolerance of --expect."`
	Out       path     `writes:"new" group:"output" placeholder:"DIR|FILE.npz" predictor:"file" help:"Write the outputs to a .npz archive, or to a folder of .npy files."`
	Overwrite bool     `group:"output" help:"Replace files that already exist."`
	Repeat    int      `group:"output" default:"1" help:"Run this often, and print the time of a run."`
	Threads   int      `group:"model" placeholder:"N" help:"Number of threads (default: all cores)."`
}

// Help returns the command's detailed help.
func (runCommand) Help() string {
	return `Prints the names, types and shapes of a model's inputs and outputs. With --inputs or --random, runs the model. Inputs and outputs have the layout of the file: (batch, height, width, channels) for Keras, usually (batch, channels, height, width) for ONNX. With --expect, the exit code is 1 if an output differs from the expected one by more than the tolerance: |got-want| > atol + rtol*|want|.

A folder has a file for each input, NAME.npy, or input_0.pb, input_1.pb, ... (and output_0.pb, ... for --expect), as the tests of ONNX have.

Examples:
  lince run model.onnx
  lince run model.keras --inputs x.npy --out y.npz
  lince run model.onnx --inputs test_data_set_0 --expect test_data_set_0
  lince run model.keras --random --repeat 100`
}

// Validate implements kong's check of flags.
func (c *runCommand) Validate() error {
	errs := []error{threadMistake(c.Threads), atLeast(bound{"--repeat", c.Repeat, 1})}
	if c.Random && len(c.Inputs) > 0 {
		errs = append(errs, errors.New("--random and --inputs cannot be combined"))
	}
	if len(c.Shape) > 0 && !c.Random {
		errs = append(errs, errors.New("--shape is for --random"))
	}
	if !c.Random && len(c.Inputs) == 0 {
		for _, f := range []struct {
			flag string
			set  bool
		}{{"--out", c.Out != ""}, {"--expect", len(c.Expect) > 0}, {"--repeat", c.Repeat > 1}} {
			if f.set {
				errs = append(errs, fmt.Errorf("%s needs --inputs or --random", f.flag))
			}
		}
	}
	for _, f := range []struct {
		flag string
		v    float64
	}{{"--rtol", c.RTol}, {"--atol", c.ATol}} {
		if !(f.v >= 0) || math.IsInf(f.v, 0) {
			errs = append(errs, fmt.Errorf("%s must be at least 0, got %v", f.flag, f.v))
		}
	}
	return mistakes(errs...)
}

// runResult is the command's result.
type runResult struct {
	Model   string       `json:"model"`
	Kind    string       `json:"kind"`
	Inputs  []tensorInfo `json:"inputs"`
	Outputs []tensorInfo `json:"outputs"`
	Seconds []float64    `json:"seconds,omitempty"` // of each run
	Files   []string     `json:"files,omitempty"`

	title string // of the kind
}

// tensorInfo describes an input or output, and its tensor if the model has run.
type tensorInfo struct {
	Name  string   `json:"name"`
	DType string   `json:"type"`
	Shape []*int   `json:"shape"` // null if the number of dimensions is not known
	Min   *float64 `json:"min,omitempty"`
	Mean  *float64 `json:"mean,omitempty"`
	Max   *float64 `json:"max,omitempty"`

	Difference *differenceInfo `json:"difference,omitempty"` // from the expected tensor

	port   inference.Port
	values string // a short tensor in full
}

// differenceInfo is the JSON form of an inference.Difference.
type differenceInfo struct {
	Max      *float64 `json:"max"` // null is infinite
	Mean     *float64 `json:"mean"`
	At       []int    `json:"at"`
	Beyond   int      `json:"beyond_tolerance"`
	Elements int      `json:"elements"`

	inference.Difference `json:"-"`
}

func newDifference(d inference.Difference) *differenceInfo {
	v := finiteOrNil([]float64{d.Max, d.Mean})
	return &differenceInfo{v[0], v[1], d.At, d.Beyond, d.Elements, d}
}

func describePorts(ports []inference.Port) []tensorInfo {
	list := make([]tensorInfo, len(ports))
	for i, p := range ports {
		list[i] = tensorInfo{Name: p.Name, DType: p.DType.String(), port: p}
		if p.Shape != nil {
			list[i].Shape = sizes(p.Shape)
		}
	}
	return list
}

// see adds what a run computed, or was given.
func (t *tensorInfo) see(x *tensor.Tensor) {
	t.port.DType, t.port.Shape = x.DType(), x.Shape()
	t.DType, t.Shape = x.DType().String(), sizes(x.Shape())
	stats := inference.StatsOf(x)
	v := finiteOrNil([]float64{stats.Min, stats.Mean, stats.Max})
	t.Min, t.Mean, t.Max = v[0], v[1], v[2]
	if t.values = inference.Values(x, 10); t.values == "" && x.Len() > 0 {
		t.values = stats.String()
	}
}

// Run implements the command.
func (c *runCommand) Run(e *env) error {
	n, kind, err := openNetwork(c.Model, c.Threads)
	if err != nil {
		return err
	}
	r := &runResult{Model: c.Model, Kind: kind.Name, title: kind.Title, Inputs: describePorts(n.Inputs()), Outputs: describePorts(n.Outputs())}
	if c.Random || len(c.Inputs) > 0 {
		if err := c.compute(e, n, r); err != nil {
			return err
		}
	}
	if err := e.result(r, r.print); err != nil {
		return err
	}
	return c.verdict(r)
}

// compute runs the model and fills in the result.
func (c *runCommand) compute(e *env, n inference.Network, r *runResult) error {
	in, err := c.inputs(n)
	if err != nil {
		return err
	}
	want, err := inference.ReadTensors(inference.Output, n.Outputs(), c.Expect)
	if err != nil {
		return fmt.Errorf("--expect: %w", err)
	}
	if len(c.Expect) > 0 && len(want) == 0 {
		return errors.New("--expect: there is no tensor for an output")
	}
	if err := c.free(n); err != nil {
		return err
	}
	run, err := inference.Prepare(n, in)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	var out []*tensor.Tensor
	if c.Repeat > 1 { // the first run makes a plan
		if _, err := run(); err != nil {
			return fmt.Errorf("%s: %w", c.Model, err)
		}
	}
	for range c.Repeat {
		start := time.Now()
		if out, err = run(); err != nil {
			return fmt.Errorf("%s: %w", c.Model, err)
		}
		r.Seconds = append(r.Seconds, time.Since(start).Seconds())
		if err := e.ctx.Err(); err != nil {
			return err
		}
	}
	for i := range r.Inputs {
		r.Inputs[i].see(in[r.Inputs[i].Name])
	}
	var tensors []npy.Named
	for i := range r.Outputs {
		o := &r.Outputs[i]
		o.see(out[i])
		tensors = append(tensors, npy.Named{Name: o.Name, Value: out[i]})
		if x := want[o.Name]; x != nil {
			d, err := inference.Compare(out[i], x, inference.Tolerance{Relative: c.RTol, Absolute: c.ATol})
			if err != nil {
				return fmt.Errorf("%s: output %s: %w", c.Model, o.Name, err)
			}
			o.Difference = newDifference(d)
			delete(want, o.Name)
		}
	}
	if unknown := slices.Sorted(maps.Keys(want)); len(unknown) > 0 {
		return fmt.Errorf("--expect: %s has no output %s; want %s", c.Model, unknown[0], strings.Join(inference.Names(n.Outputs()), ", "))
	}
	if c.Out == "" {
		return nil
	}
	if err := e.startSaving(); err != nil {
		return err
	}
	if r.Files, err = inference.WriteTensors(string(c.Out), tensors); err != nil {
		return fmt.Errorf("--out: cannot write %s: %w", c.Out, patherr.Bare(err))
	}
	return nil
}

// inputs returns the tensors for the inputs.
func (c *runCommand) inputs(n inference.Network) (map[string]*tensor.Tensor, error) {
	if !c.Random {
		in, err := inference.ReadTensors(inference.Input, n.Inputs(), c.Inputs)
		if err != nil {
			return nil, fmt.Errorf("--inputs: %w", err)
		}
		return in, nil
	}
	shapes, err := shapesFor(n, "--shape", c.Shape)
	if err != nil {
		return nil, err
	}
	in, err := inference.Noise(n.Inputs(), c.Seed, shapes)
	if err != nil {
		return nil, usageError{err}
	}
	return in, nil
}

// shapesFor parses the values of --shape or another flag for shapes of inputs.
func shapesFor(n inference.Network, flag string, specs []string) (map[string]tensor.Shape, error) {
	shapes := map[string]tensor.Shape{}
	var errs []error
	for _, spec := range specs {
		name, text := "", spec
		if i := strings.LastIndex(spec, "="); i >= 0 {
			name, text = spec[:i], spec[i+1:]
		} else if in := n.Inputs(); len(in) == 1 {
			name = in[0].Name
		} else {
			errs = append(errs, fmt.Errorf("%s %s: the model has the inputs %s; write NAME=%s", flag, spec, strings.Join(inference.Names(in), ", "), spec))
			continue
		}
		shape, err := inference.ParseShape(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", flag, spec, err))
		}
		shapes[name] = shape
	}
	return shapes, mistakes(errs...)
}

// free returns an error if --out would replace a file without --overwrite, or one that the command reads.
func (c *runCommand) free(n inference.Network) error {
	if c.Out == "" {
		return nil
	}
	files := []string{string(c.Out)}
	if !strings.EqualFold(filepath.Ext(string(c.Out)), ".npz") {
		files = nil
		for _, stem := range inference.FileNames(inference.Names(n.Outputs())) {
			files = append(files, filepath.Join(string(c.Out), stem+".npy"))
		}
	}
	for _, f := range files {
		old, err := os.Stat(f)
		if err != nil {
			continue
		}
		if !c.Overwrite {
			return usageError{fmt.Errorf("--out: %s already exists; use another name, or --overwrite", f)}
		}
		for _, source := range slices.Concat(c.Inputs, c.Expect) {
			if _, file, ok := strings.Cut(source, "="); ok { // NAME=FILE
				source = file
			}
			for _, in := range []string{source, filepath.Join(source, filepath.Base(f))} {
				if info, err := os.Stat(in); err == nil && os.SameFile(info, old) {
					return usageError{fmt.Errorf("--out: %s: the command reads this file; write to another folder", f)}
				}
			}
		}
	}
	return nil
}

// verdict returns an error if outputs differ from what was expected.
func (c *runCommand) verdict(r *runResult) error {
	var errs []error
	for _, o := range r.Outputs {
		if d := o.Difference; d != nil && d.Beyond > 0 {
			errs = append(errs, fmt.Errorf("output %s differs from the expected one in %d of %s (--rtol %v, --atol %v): %v", o.Name, d.Beyond, count(d.Elements, "element"), c.RTol, c.ATol, d.Difference))
		}
	}
	return errors.Join(errs...)
}

// print writes the result for people.
func (r *runResult) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s\n", r.Model, r.title)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, side := range []struct {
		title string
		list  []tensorInfo
	}{{"Inputs", r.Inputs}, {"Outputs", r.Outputs}} {
		fmt.Fprintf(table, "%s:\n", side.title)
		for _, t := range side.list {
			fmt.Fprintf(table, "  %s\t%v", t.Name, t.port)
			if t.values != "" {
				fmt.Fprintf(table, "\t%s", t.values)
			}
			fmt.Fprintln(table)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, o := range r.Outputs {
		if o.Difference != nil {
			fmt.Fprintf(w, "Compared with the expected %s: %v\n", o.Name, o.Difference.Difference)
		}
	}
	if len(r.Seconds) > 1 {
		times := slices.Sorted(slices.Values(r.Seconds))
		fmt.Fprintf(w, "Time of a run: %s (median of %d; fastest %s, slowest %s)\n", milliseconds(times[len(times)/2]), len(times), milliseconds(times[0]), milliseconds(times[len(times)-1]))
	}
	for _, f := range r.Files {
		fmt.Fprintf(w, "Wrote %s\n", f)
	}
	return nil
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.3g ms", 1000*seconds) }

// openNetwork opens a model file of any kind for inference.
func openNetwork(name string, threads int) (inference.Network, lince.FileKind, error) {
	kind, err := lince.FileKindOf(name)
	if err != nil {
		return nil, kind, err
	}
	n, err := inference.Open(name, lince.Options{Threads: threads, NoCompile: true, Recognize: zoo.RecognizeFile(name)})
	return n, kind, err
}
