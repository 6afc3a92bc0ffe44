// Package onnxgraph turns ONNX models into graphs of ops, and graphs into ONNX models. Each direction has one table
// of ops: read_table.go and write_table.go.
package onnxgraph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// ReadOptions says how Read treats the inputs of a model. The zero value keeps inputs and outputs as they are in the file.
type ReadOptions struct {
	// Values makes inputs constants. An op may need an operand as numbers when the graph is built, for example the shape of
	// Reshape. If such an operand is an input of the model, its value must be given here.
	Values map[string]*tensor.Tensor
	// Shapes sets the shapes of inputs, in the file's order of dimensions. It is needed for a model that computes shapes from
	// dimensions, such as height and width, that the file leaves open.
	Shapes map[string]tensor.Shape
	// ChannelsLast turns inputs that are images (batch, channels, height, width) into inputs (batch, height, width, channels),
	// and outputs that are images likewise. A model for lince's datasets needs it.
	ChannelsLast bool
	// FreeBatch makes the batch size unknown where the file fixes it, if the network only carries the batch through to the outputs.
	FreeBatch bool
}

// Result is what Read returns.
type Result struct {
	Graph    *graph.Graph
	Store    *graph.Store      // the values of the float initializers, by name
	Notes    []string          // what differs from the file, each a sentence
	Metadata map[string]string // the metadata_props of the model
	Bound    error             // why the batch keeps the size of the file, if ReadOptions.FreeBatch is set
}

// NeedsValue is the error of Read for a model with ops that need numbers when the graph is built, where these come
// from inputs of the model. Give them in ReadOptions.Values.
type NeedsValue struct {
	Inputs []string // the names of these inputs, sorted
	Err    error    // the ops and what they need
}

// Error implements error.
func (e *NeedsValue) Error() string {
	return fmt.Sprintf("the graph depends on the values of the inputs %s; give them when the model is opened: %v", strings.Join(e.Inputs, ", "), e.Err)
}

// Unwrap returns the cause.
func (e *NeedsValue) Unwrap() error { return e.Err }

// The opsets of domain ai.onnx whose ops the table knows.
const (
	oldestOpset = 1
	newestOpset = 28
)

// Read builds the graph of a model. Float initializers become variables of the store: weights, or state if they are
// the statistics of a batch normalization.
//
// Read returns an error with all mistakes, each with the name of its node. If the model has ops that are not in the table,
// the error lists all of them. If ops need the values of inputs, the error is a *NeedsValue.
func Read(m *onnx.Model, o ReadOptions) (*Result, error) {
	if m == nil || m.ModelProto == nil || m.Graph == nil {
		return nil, fmt.Errorf("onnx: the model has no graph")
	}
	if err := checkNames(m, o.Shapes); err != nil {
		return nil, err
	}
	r, err := newReader(m, o)
	if err != nil {
		return nil, err
	}
	batch := r.fixedBatch()
	if !o.FreeBatch || batch == 0 {
		return r.read()
	}
	r.free, r.batch = &symbol{name: "batch"}, batch
	res, bound := r.read()
	if bound == nil {
		return res, nil
	}
	if r, err = newReader(m, o); err != nil {
		return nil, err
	}
	if res, err = r.read(); err == nil {
		res.Bound = bound
	}
	return res, err
}

// checkNames returns an error if a shape is given for an input that the model does not have.
func checkNames(m *onnx.Model, shapes map[string]tensor.Shape) error {
	names := inputNames(m)
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("onnx: a shape is given for %q, which is no input of the model%s", name, suggest.Hint(name, names))
		}
	}
	return nil
}

// inputNames returns the names of the inputs. Old files have the initializers among them.
func inputNames(m *onnx.Model) (names []string) {
	constant := map[string]bool{}
	for _, t := range m.Graph.Initializer {
		constant[t.GetName()] = true
	}
	for _, in := range m.Graph.Input {
		if !constant[in.GetName()] {
			names = append(names, in.GetName())
		}
	}
	return names
}

// note adds a sentence to the notes, once.
func (r *reader) note(format string, a ...any) {
	if s := fmt.Sprintf(format, a...); !slices.Contains(r.notes, s) {
		r.notes = append(r.notes, s)
	}
}
