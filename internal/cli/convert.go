package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/suggest"
)

// convertCommand writes a model as a file of another kind.
type convertCommand struct {
	In  string `arg:"" predictor:"model" help:"A model file of any kind, the folder of a training run, or a file of weights with --network."`
	Out path   `writes:"new" arg:"" predictor:"file" help:"The file to write. The end of its name is its kind (default), or --to."`
	To  string `group:"model" placeholder:"KIND" predictor:"target" help:"Kind of the new file: ${targets}."`

	Network       string   `group:"model" placeholder:"FILE" predictor:"model" help:"The network for a file of weights: a model file or the JSON of model.to_json()."`
	ByName        bool     `group:"model" help:"Match the weights of a file of weights with layers by name."`
	SkipMismatch  bool     `group:"model" help:"Skip layers whose weights in a file of weights have other shapes."`
	Names         []string `group:"model" sep:"none" placeholder:"LAYER=NAME" help:"Name of a layer or a variable in a PyTorch or safetensors file of weights, such as stem=features.0; repeat the flag for several."`
	Classes       nameList `group:"model" placeholder:"NAME,..." help:"Names of the model's classes, in the order of its outputs, instead of those in its file. ${escapes}"`
	Opset         int      `group:"model" placeholder:"N" help:"Version of ONNX's operators: 17 or 21 (default: 17)."`
	ChannelsFirst bool     `group:"model" help:"Make the images of an ONNX model (batch, channels, height, width)."`
	Preprocessing bool     `group:"model" help:"Put the model's preprocessing into an ONNX model: its input is then images of bytes."`
	inputShapeFlags

	NoLayers bool `group:"model" help:"Keep the network of an ONNX or TFLite model as one layer, which only lince opens, in a file for Keras."`

	Verify    bool    `group:"data" default:"true" negatable:"" help:"Open the new file and compare its predictions with those of the model; fail if they differ, without writing the file (default: true)."`
	Tolerance float64 `group:"data" default:"1e-5" help:"Largest difference that counts as equal, relative to the largest value of an output if that is above 1."`
	Against   string  `group:"data" placeholder:"LIBRARY" predictor:"runtime" help:"Also compare with the predictions of the new file in a Python library: ${runtimes}."`
	Python    string  `group:"data" default:"python3" placeholder:"FILE" predictor:"file" help:"The Python that has the library of --against (default: python3)."`
	exampleFlags

	Overwrite bool `group:"output" help:"Replace the new file if it already exists."`
}

// Help returns the command's detailed help.
func (convertCommand) Help() string {
	return `Writes a model as a file of another kind. The first bytes of the old file decide its kind. The new file is opened again, and its predictions are compared with those of the model, on noise or on the images of --data. If they differ, the command fails, and there is no new file. An ONNX or TFLite model becomes layers of Keras if the new file is for Keras.

Examples:
  lince convert runs/train-1/best.keras best.onnx
  lince convert old.h5 new.keras --data photos/
  lince convert best.keras best.onnx --against onnxruntime
  lince convert text.onnx text.keras --input-shape x=3x48x192
  lince convert weights.safetensors model.keras --network model.json`
}

// Validate implements kong's check of flags.
func (c *convertCommand) Validate() error {
	errs := []error{c.exampleFlags.mistakes(), c.inputShapeFlags.mistakes()}
	if c.To != "" && !slices.Contains(targetNames(), c.To) {
		errs = append(errs, fmt.Errorf("--to: there is no kind %q%s", c.To, suggest.Hint(c.To, targetNames())))
	}
	if c.Against != "" && !slices.Contains(runtimeNames(), c.Against) {
		errs = append(errs, fmt.Errorf("--against: there is no library %q%s", c.Against, suggest.Hint(c.Against, runtimeNames())))
	}
	if !(c.Tolerance >= 0) {
		errs = append(errs, fmt.Errorf("--tolerance must be at least 0, got %v", c.Tolerance))
	}
	if c.Network == "" && (c.ByName || c.SkipMismatch || len(c.Names) > 0) {
		errs = append(errs, errors.New("--by-name, --skip-mismatch and --names are for a file of weights with --network"))
	}
	for _, n := range c.Names {
		if layer, name, ok := strings.Cut(n, "="); !ok || layer == "" || name == "" {
			errs = append(errs, fmt.Errorf("--names must be LAYER=NAME, got %q", n))
		}
	}
	return mistakes(errs...)
}

// conversion is the command's result.
type conversion struct {
	In       string         `json:"in"`
	InKind   string         `json:"in_kind"`
	Out      string         `json:"out"`
	OutKind  string         `json:"out_kind"`
	Files    []string       `json:"files"`
	Bytes    int64          `json:"bytes"`
	Lost     []string       `json:"not_in_the_new_file"`
	Verified []verification `json:"verified"`
	// NetworkRead reports that a file of a network alone was read as the same network.
	NetworkRead bool `json:"network_read,omitempty"`

	// Layered reports that a network without layers was written as layers of Keras.
	Layered bool `json:"layered,omitempty"`

	titles [2]string // of the kinds
}

// verification is a comparison of the new file with the model.
type verification struct {
	With    string             `json:"with"` // lince, or the library
	On      string             `json:"on"`
	Outputs []outputDifference `json:"outputs"`
}

// Run implements the command.
func (c *convertCommand) Run(e *env) error {
	t, err := c.target()
	if err != nil {
		return err
	}
	if err := c.checkOut(); err != nil {
		return err
	}
	in, err := lince.FileKindOf(c.In)
	if err != nil {
		return err
	}
	r := &conversion{In: c.In, InKind: in.Name, Out: string(c.Out), OutKind: t.kind, titles: [2]string{in.Title, t.title()}}
	m, err := c.open(e, in)
	if err != nil {
		return err
	}
	r.Lost = t.lost(m)
	written := m
	if t.layers && !c.NoLayers {
		written = c.layered(e, m, r)
	} else if hasGraph(m) && slices.Contains([]string{"keras", "safetensors", "json"}, t.kind) {
		e.warn(fmt.Sprintf("the model %s is a graph without Keras layers, so only lince opens %s; other programs open the .onnx file that lince convert writes", c.In, c.Out))
	}
	for _, err := range m.Unknown() {
		e.warn(fmt.Sprintf("%s: not supported by lince, and kept only where the new file has the same form: %v", c.In, err))
	}
	if err := e.startSaving(); err != nil {
		return err
	}
	if err := c.write(e, t, m, written, r); err != nil {
		return err
	}
	return e.result(r, r.print)
}

// layered returns the model as layers of Keras, or the model itself if it has them already, is compiled, or cannot have them.
func (c *convertCommand) layered(e *env, m *lince.Model, r *conversion) *lince.Model {
	if !hasGraph(m) {
		return m
	}
	if _, ok := m.Compiled(); ok {
		e.warn(c.In + " is compiled for training, so its network stays one layer, which lince opens and Keras does not")
		return m
	}
	layered, err := m.Layered()
	if err != nil {
		e.warn(fmt.Sprintf("%s: its network stays one layer, which lince opens and Keras does not: %v", c.In, err))
		return m
	}
	r.Layered = true
	return layered
}

// target returns the kind of the new file.
func (c *convertCommand) target() (*target, error) {
	if c.To != "" {
		return targetNamed(c.To), nil
	}
	if t := targetFor(string(c.Out)); t != nil {
		return t, nil
	}
	return nil, usageError{fmt.Errorf("%s: its name does not tell the kind of file to write; want a name that ends in %s, or --to", c.Out, strings.Join(targetSuffixes(), ", "))}
}

// checkOut returns an error if the new file must not be written.
func (c *convertCommand) checkOut() error {
	info, err := os.Stat(string(c.Out))
	if err != nil {
		return nil // writing it says what is wrong
	}
	switch {
	case !info.Mode().IsRegular():
		return usageError{fmt.Errorf("%s already exists, and is not a regular file; use another name", c.Out)}
	case !c.Overwrite:
		return usageError{fmt.Errorf("%s already exists; use another name, or --overwrite", c.Out)}
	}
	return nil
}

// open opens the old file.
func (c *convertCommand) open(e *env, in lince.FileKind) (*lince.Model, error) {
	name := c.In
	if c.Network != "" {
		name = c.Network
	}
	o, err := c.options(name)
	if err != nil {
		return nil, err
	}
	m, err := openModel(name, o)
	if err != nil {
		return nil, err
	}
	e.noted(name, m)
	if c.Network != "" {
		names := map[string]string{}
		for _, n := range c.Names {
			layer, name, _ := strings.Cut(n, "=")
			names[layer] = name
		}
		report, err := m.LoadWeights(c.In, lince.WeightsOptions{ByName: c.ByName, SkipMismatch: c.SkipMismatch, Names: names})
		if err != nil {
			return nil, err
		}
		if len(report.Loaded) == 0 {
			return nil, fmt.Errorf("no weights of %s belong to a layer of %s", c.In, c.Network)
		}
		if len(report.Unused)+len(report.Skipped) > 0 {
			e.warn(fmt.Sprintf("%s and the network %s do not match: %v", c.In, c.Network, report))
		}
	} else if in.Name == "json" {
		e.warn(c.In + " has no weights; the new file gets initial weights")
	}
	if len(c.Classes) > 0 {
		if n := classCount(m); n != len(c.Classes) {
			return nil, usageError{fmt.Errorf("--classes has %s, but the model %s has %d classes", count(len(c.Classes), "name"), c.In, n)}
		}
		m.Classes = c.Classes
	}
	return m, nil
}

// write writes the new file in a temporary folder beside its place, verifies it there, and moves it. written computes what
// m does, in the form in which it is written. An ONNX model may have a
// second file, whose name is in the first.
func (c *convertCommand) write(e *env, t *target, m, written *lince.Model, r *conversion) error {
	dir, base := filepath.Split(string(c.Out))
	cannot := func(err error) error { return fmt.Errorf("cannot write %s: %w", c.Out, patherr.Bare(err)) }
	temp, remove, err := atomicfile.TempFolder(filepath.Clean(dir), ".lince-convert-")
	if err != nil {
		return cannot(err)
	}
	defer remove()
	file := filepath.Join(temp, base)
	if !t.named(base) {
		file += t.suffix()
	}
	if err := t.write(c, written, file); err != nil {
		return placed{err, file, string(c.Out)}
	}
	if err := c.verify(e, t, m, written, file, r); err != nil {
		return placed{err, file, string(c.Out)}
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(temp)
	if err != nil {
		return cannot(err)
	}
	// The file itself comes last, so that it never refers to one that is not there.
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(b.Name(), a.Name()) })
	for _, f := range entries {
		to := filepath.Join(dir, f.Name())
		if f.Name() == filepath.Base(file) {
			to = string(c.Out)
		}
		if info, err := f.Info(); err == nil {
			r.Bytes += info.Size()
		}
		if err := os.Rename(filepath.Join(temp, f.Name()), to); err != nil {
			return cannot(err)
		}
		r.Files = append(r.Files, to)
	}
	slices.Reverse(r.Files)
	return nil
}

// placed is an error about a file that is not in its place yet. It names the place.
type placed struct {
	error
	temporary, place string
}

func (p placed) Error() string { return strings.ReplaceAll(p.error.Error(), p.temporary, p.place) }
func (p placed) Unwrap() error { return p.error }

// print writes the result for people.
func (r *conversion) print(w io.Writer) error {
	fmt.Fprintf(w, "%s (%s) -> %s (%s, %v)\n", r.In, r.titles[0], r.Out, r.titles[1], byteSize(r.Bytes))
	for _, f := range r.Files[1:] {
		fmt.Fprintf(w, "with %s, which must stay beside it\n", f)
	}
	if r.Layered {
		fmt.Fprintln(w, "The network was written as layers of Keras.")
	}
	for _, v := range r.Verified {
		most, _ := largest(v.Outputs)
		infinite := ""
		if slices.ContainsFunc(v.Outputs, func(d outputDifference) bool { return d.Scale == nil }) {
			infinite = ", but some are NaN or infinite"
		}
		fmt.Fprintf(w, "Predictions of %s on %s: largest difference %.3g%s\n", v.With, v.On, most, infinite)
	}
	switch {
	case r.NetworkRead:
		fmt.Fprintln(w, "The new file is read as the same network.")
	case len(r.Verified) == 0:
		fmt.Fprintln(w, "Not verified.")
	}
	if len(r.Lost) > 0 {
		fmt.Fprintf(w, "Not in the new file: %s\n", strings.Join(r.Lost, ", "))
	}
	return nil
}
