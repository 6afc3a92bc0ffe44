// Package tflitegraph turns TensorFlow Lite models into graphs, and graphs for predictions into TensorFlow Lite models.
//
// TensorFlow Lite has lince's layout of images, NHWC, so a graph has the operators of the file and no transpositions in between.
// Each direction has one table: readers (read_table.go) from operators to functions that add ops to a graph, and writers
// (write_table.go) from ops to functions that add operators to a model.
package tflitegraph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Result is a model that was read.
type Result struct {
	Graph *graph.Graph
	// Store has the constants of floating-point numbers with more than one element, as weights. They can be trained.
	Store *graph.Store
	// Notes says in which respects the graph is not exactly the model in the file, in sentences.
	Notes []string
	// Metadata has the metadata of the file that are text, by name.
	Metadata map[string]string
	// Classes has a name for each index of the last dimension of the output, or is nil. It comes from a list of labels in the file.
	Classes []string
	// Mean and Std are those of the normalization (x-Mean)/Std of pixels from 0 to 255 that the metadata prescribe for the first
	// input, each with one element or one for each channel. They are nil if there is none.
	Mean, Std []float64
	// Bound says why the batch keeps the size that the file fixes.
	Bound error
}

// Read makes a graph of a model. A batch size that the file fixes becomes unknown if the network only carries the batch through.
// If the model has operators that lince lacks, the error names all of them.
func Read(m *tflite.Model) (*Result, error) {
	if err := supported(m); err != nil {
		return nil, err
	}
	res, err := readFree(m)
	if err != nil {
		return nil, err
	}
	describe(m, res)
	return res, nil
}

// readFree builds the graph with a free batch if that is possible.
func readFree(m *tflite.Model) (*Result, error) {
	batch := batchOf(m)
	if !fixesBatch(m) {
		return read(m, max(batch, 1))
	}
	res, bound := read(m, batch)
	if bound == nil {
		bound = checkBatch(res.Graph)
	}
	if bound == nil || batch == 0 {
		return res, bound
	}
	res, err := read(m, 0)
	if err == nil {
		res.Bound = bound
	}
	return res, err
}

func inputs(m *tflite.Model) []*tflite.Tensor {
	var list []*tflite.Tensor
	for _, i := range m.Subgraphs[0].Inputs {
		list = append(list, &m.Subgraphs[0].Tensors[i])
	}
	return list
}

// maxListed limits what an error lists.
const maxListed = 20

// supported returns an error that names everything that cannot be read.
func supported(m *tflite.Model) error {
	s := &m.Subgraphs[0]
	var names []string
	for i := range s.Operators {
		if o := &s.Operators[i]; readers[o.Code] == nil || o.Code == tflitefb.BuiltinOperatorCUSTOM {
			names = append(names, o.Name())
		}
	}
	slices.Sort(names)
	var errs []error
	if len(s.Inputs)+len(s.Outputs) > maxPorts {
		errs = append(errs, fmt.Errorf("the network has more than %d inputs and outputs", maxPorts))
	}
	if names = slices.Compact(names); len(names) > maxListed {
		names = append(names[:maxListed], fmt.Sprintf("and %d more", len(names)-maxListed))
	}
	if len(names) > 0 {
		errs = append(errs, fmt.Errorf("lince cannot read the operators %s", strings.Join(names, ", ")))
	}
	types, variables := map[tflitefb.TensorType]bool{}, 0
	for i := range s.Tensors {
		t := &s.Tensors[i]
		switch {
		case computesIntegers(t) && !(len(t.Quantization.Scale) == 1 && len(t.Quantization.ZeroPoint) <= 1 && !t.Quantization.Custom && t.Quantization.Scale[0] > 0):
			types[t.Type] = true
		case t.Variable && variables == maxListed:
			errs, variables = append(errs, errors.New("more tensors keep their values")), variables+1
		case t.Variable && variables < maxListed:
			variables++
			errs = append(errs, fmt.Errorf("tensor %q keeps its value from one run to the next, which lince does not support", t.Name))
		}
	}
	if len(types) > 0 {
		var list []string
		for t := range types {
			list = append(list, strings.ToLower(t.String()))
		}
		slices.Sort(list)
		errs = append(errs, fmt.Errorf("the network computes with integers that are quantized in a way that lince does not read (%s); convert the original model without a representative dataset, to a float model", strings.Join(list, ", ")))
	}
	return errors.Join(errs...)
}

// computesIntegers reports whether a tensor has quantized integers that operators compute or that are an input.
func computesIntegers(t *tflite.Tensor) bool {
	return t.Data == nil && t.Quantization != nil && isInteger(t.Type)
}

func isInteger(t tflitefb.TensorType) bool {
	switch t {
	case tflitefb.TensorTypeINT8, tflitefb.TensorTypeUINT8, tflitefb.TensorTypeINT16, tflitefb.TensorTypeINT4:
		return true
	}
	return false
}

// reader builds the graph of a subgraph.
type reader struct {
	b       *graph.Builder
	store   *graph.Store
	sub     *tflite.Subgraph
	batch   int                     // the size of the batch in the file, where it became unknown; else 0
	values  []*graph.Value          // of tensors that are computed, and of constants that have been used
	ints    map[int][]int           // of tensors of integers that are known while the graph is built; tensor.Unknown is an unknown size
	origins map[int][]origin        // of the elements of ints, where they are sizes of values
	consts  map[int]*tensor.Tensor  // of constants that operators compute
	blocks  map[int][2]int          // see spaceToBatch
	filters map[string]*graph.Value // weights that have been used, by tensor and order of dimensions
	count   map[string]int          // of the operators so far, by name
	notes   map[string]bool
	grown   int // see fits
	left    int // bytes that constants may still need: any number of tensors may have the same data
}

// Limits on what a file may ask for. A graph needs some 2.5 kB for each op, and the networks of practice have a few thousand ops. A larger
// file may have one more for each of so many bytes.
const (
	maxOps    = 20_000
	bytesOfOp = 1024
	maxPorts  = 4096 // inputs and outputs together

	maxGrowth = 8 // how often the bytes of the file may stand in constants; integers of a byte become floats
	freeBytes = 16 << 20
)

// read builds the graph. batch is the size of the batch in the file, which becomes unknown; 0 keeps it.
func read(m *tflite.Model, batch int) (*Result, error) {
	store := graph.NewStore()
	s := &m.Subgraphs[0]
	r := &reader{
		b: graph.NewBuilder(store, false), store: store, sub: s, batch: batch, values: make([]*graph.Value, len(s.Tensors)),
		ints: map[int][]int{}, origins: map[int][]origin{}, consts: map[int]*tensor.Tensor{}, blocks: map[int][2]int{}, filters: map[string]*graph.Value{}, count: map[string]int{}, notes: map[string]bool{},
	}
	r.left = maxGrowth*int(m.Size) + freeBytes
	r.b.Limit(maxOps + int(m.Size/bytesOfOp))
	in, out := names(m)
	for j, i := range s.Inputs {
		t := &s.Tensors[i]
		dtype, ok := dtypes[t.Type]
		if t.Type == tflitefb.TensorTypeINT8 && computesIntegers(t) { // bytes less 128, as images are
			dtype, ok = tensor.Uint8, true
			r.note("The input %s takes int8 in the file; lince takes uint8, which are larger by 128.", in[j])
		}
		if !ok {
			r.b.Errorf("input %s: lince has no type %v", in[j], t.Type)
			continue
		}
		shape := slices.Clone(t.Shape)
		for d, n := range t.Signature {
			if n == tensor.Unknown && (batch > 0 || d > 0) {
				shape[d] = n
			}
		}
		if batch > 0 && len(shape) > 0 && shape[0] == batch {
			shape[0] = tensor.Unknown
			r.note("The file's batch size is %d; lince takes batches of any size.", batch)
		}
		r.values[i] = r.b.Input(in[j], dtype, shape...)
		if computesIntegers(t) {
			r.values[i] = r.realPixels(t, r.values[i])
		}
	}
	for i := range s.Operators {
		r.operator(i)
		if r.b.Mistakes() >= 10 {
			break
		}
	}
	var outputs []graph.Output
	for j, i := range s.Outputs {
		v := r.value(r.b, i)
		if v.Valid() && v.Is("Input") { // an output is the result of an op
			v = r.b.Reshape(v, v.Shape...)
		}
		outputs = append(outputs, graph.Output{Key: out[j], Value: v})
	}
	g, err := r.b.Finish(outputs...)
	if err != nil {
		return nil, err
	}
	res := &Result{Graph: g, Store: store, Metadata: map[string]string{}}
	for n := range r.notes {
		if !r.notes[quantizedNote] || !strings.HasPrefix(n, weightsNote) { // the former says it
			res.Notes = append(res.Notes, n)
		}
	}
	slices.Sort(res.Notes)
	return res, nil
}

// names returns the names of the inputs and outputs of subgraph 0: those of its signature, or else those of the tensors. No two
// of a list are equal.
func names(m *tflite.Model) (in, out []string) {
	s := &m.Subgraphs[0]
	of := func(tensors []int, named func(tflite.Signature) []tflite.Named) []string {
		signed := map[int]string{}
		for _, sig := range m.Signatures {
			for _, n := range named(sig) {
				if sig.Subgraph == 0 {
					signed[n.Tensor] = n.Name
				}
			}
		}
		list := make([]string, len(tensors))
		used, next := map[string]bool{}, map[string]int{} // the next number to try after a name
		for j, i := range tensors {
			name := s.Tensors[i].Name
			if n, ok := signed[i]; ok {
				name = n
			}
			if name == "" {
				name = fmt.Sprintf("tensor_%d", i)
			}
			for first := name; used[name]; name = fmt.Sprintf("%s_%d", first, next[first]+1) {
				next[first] = max(next[first]+1, 1)
			}
			used[name] = true
			list[j] = name
		}
		return list
	}
	return of(s.Inputs, func(s tflite.Signature) []tflite.Named { return s.Inputs }), of(s.Outputs, func(s tflite.Signature) []tflite.Named { return s.Outputs })
}

// note records that the graph differs from the file.
func (r *reader) note(format string, a ...any) { r.notes[fmt.Sprintf(format, a...)] = true }

// node is an operator that is being read.
type node struct {
	*reader
	*tflite.Operator
	b *graph.Builder
}

// operator adds the ops of an operator to the graph.
func (r *reader) operator(i int) {
	o := &r.sub.Operators[i]
	name := strings.ToLower(o.Code.String())
	path := name
	if k := r.count[name]; k > 0 {
		path = fmt.Sprintf("%s_%d", name, k)
	}
	r.count[name]++
	n := &node{r, o, r.b.In(path, fmt.Sprintf("operator %d (%s)", i, o.Name()))}
	row := readers[o.Code]
	if len(o.Inputs) < row.inputs || len(o.Outputs) < 1 {
		n.b.Errorf("has %d inputs and %d outputs, want at least %d and 1", len(o.Inputs), len(o.Outputs), row.inputs)
		return
	}
	for j, t := range o.Inputs[:row.inputs] {
		if t < 0 {
			n.b.Errorf("lacks input %d", j)
			return
		}
	}
	for _, t := range o.Inputs {
		if _, ok := r.blocks[t]; ok && !keepsBlocks[o.Code] {
			n.b.Errorf("lince reads SPACE_TO_BATCH_ND only before a convolution")
			return
		}
	}
	before := r.b.Mistakes()
	row.read(n)
	for _, t := range o.Outputs {
		if v := r.values[t]; v != nil && v.Valid() && computesIntegers(&r.sub.Tensors[t]) && v.DType == tensor.Float32 {
			r.values[t] = r.rounded(n.b, &r.sub.Tensors[t], v)
		}
	}
	for _, t := range o.Outputs {
		if r.values[t] == nil && r.ints[t] == nil && r.consts[t] == nil && r.b.Mistakes() == before && !n.afterMistake() {
			n.b.Errorf("lince does not compute its output %q", r.sub.Tensors[t].Name)
		}
	}
	for _, t := range o.Outputs {
		if r.values[t] == nil {
			r.values[t] = r.b.Invalid()
			if r.ints[t] != nil || r.consts[t] != nil {
				r.values[t] = nil
			}
		}
	}
}

// afterMistake reports whether an operand has a mistake that was reported.
func (n *node) afterMistake() bool {
	return slices.ContainsFunc(n.Inputs, func(t int) bool { return t >= 0 && n.values[t] != nil && !n.values[t].Valid() })
}

// describe adds the metadata, classes and normalization to the result.
func describe(m *tflite.Model, res *Result) {
	for _, d := range m.Metadata {
		res.Metadata[d.Name] = strings.TrimRight(string(d.Data), "\x00")
	}
	if m.Info == nil {
		return
	}
	if len(m.Info.Inputs) > 0 {
		res.Mean, res.Std = float64s(m.Info.Inputs[0].Mean), float64s(m.Info.Inputs[0].Std)
	}
	if len(m.Info.Outputs) == 0 || m.Info.Outputs[0].Labels == "" {
		return
	}
	name := m.Info.Outputs[0].Labels
	for _, f := range m.Files {
		if f.Name != name {
			continue
		}
		text := strings.TrimRight(strings.ReplaceAll(string(f.Data), "\r\n", "\n"), "\n")
		lines := 1 + strings.Count(text, "\n") // there may be millions
		shape := res.Graph.Outputs[0].Value.Shape
		if n := shape[max(len(shape)-1, 0):]; len(n) != 1 || n[0] != lines {
			res.Notes = append(res.Notes, fmt.Sprintf("The list of labels %q has %d lines for an output of shape %v, so the classes have no names.", name, lines, shape))
			return
		}
		res.Classes = strings.Split(text, "\n")
		return
	}
	res.Notes = append(res.Notes, fmt.Sprintf("The file lacks its list of labels %q, so the classes have no names.", name))
}

func float64s(list []float32) []float64 {
	var to []float64
	for _, x := range list {
		to = append(to, float64(x))
	}
	return to
}

// dtypes lists the types that values of a graph can have.
var dtypes = map[tflitefb.TensorType]tensor.DType{
	tflitefb.TensorTypeFLOAT32: tensor.Float32,
	tflitefb.TensorTypeINT32:   tensor.Int32,
	tflitefb.TensorTypeINT64:   tensor.Int64,
	tflitefb.TensorTypeBOOL:    tensor.Bool,
	tflitefb.TensorTypeUINT8:   tensor.Uint8,
}
