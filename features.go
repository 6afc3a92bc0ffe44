package lince

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file implements FitOptions.CacheFeatures: the part of a step that depends only on the inputs and on variables that
// training does not change runs once for each example. Its results, the features, are kept, and the rest of the step trains on them.
// The step is divided as for augmentation layers (early.go), so the weights have the same bits.

// features has the features of a dataset.
type features struct {
	m        *Model
	ds       data.Indexed
	what     string // "training" or "validation"
	parts    *early
	reads    []*graph.Variable // of parts.first
	variants int
	sizes    []int              // bytes of an example, by output of parts.first
	kept     [][]*tensor.Tensor // by variant and output, shape (examples, ...)
	have     [][]bool           // by variant and example

	version uint64   // of reads, when the features were computed
	sum     [32]byte // of their values
	now     int      // variant of the current batch
	buffers []*tensor.Tensor
}

// bothFeatures has the features of a training run.
type bothFeatures struct{ training, validation *features }

// checkCache returns all reasons why the features of the datasets cannot be kept.
func (o FitOptions) checkCache(train data.Dataset) error {
	if o.CacheFeatures <= 0 {
		return nil
	}
	var errs []error
	for _, side := range []struct {
		what string
		ds   data.Dataset
	}{{"training data", train}, {"validation data", o.Validation}} {
		if _, ok := side.ds.(data.Indexed); !ok && side.ds != nil {
			errs = append(errs, fmt.Errorf("%s: CacheFeatures needs a data.Indexed, such as a data.Flow or a data.Arrays, got a %T", side.what, side.ds))
		}
	}
	return errors.Join(errs...)
}

// newFeatures divides the steps of training and validation. The result is nil, with a warning, if the features would take too much
// memory.
func (r *training) newFeatures() (*bothFeatures, error) {
	c := r.m.compiled
	b := &bothFeatures{}
	var err error
	if b.training, err = r.m.featuresOf(c.graphs[0], r.source.ds, "training", r.o.CacheFeatures); err != nil {
		return nil, err
	}
	if r.o.Validation != nil {
		if b.validation, err = r.m.featuresOf(c.graphs[1], r.o.Validation, "validation", 1); err != nil {
			b.close()
			return nil, err
		}
	}
	need := b.training.bytes() + b.validation.bytes()
	if has := offheap.Available(); offheap.Check(need) != nil || has > 0 && need > has/2 {
		b.close()
		r.Printf("warning: the features are not kept, because they would take %.1f GiB of memory; each epoch computes them again", float64(need)/(1<<30))
		r.flush()
		return nil, nil
	}
	return b, nil
}

// cache computes the features for FitOptions.CacheFeatures.
func (r *training) cache(ctx context.Context) error {
	b, err := r.newFeatures()
	if err != nil || b == nil {
		return err
	}
	r.m.compiled.features = b
	if r.o.StepsPerEpoch == 0 {
		b.training.variants = min(b.training.variants, r.o.Epochs) // later ones would not be used
	}
	err = b.training.compute(ctx, r.display)
	if err == nil {
		err = b.validation.compute(ctx, r.display)
	}
	if err != nil {
		r.uncache()
		return err
	}
	if r.o.FeatureCache != nil {
		r.o.FeatureCache.set(b)
	}
	r.feed.early, r.source.early = nil, nil
	r.feed.kept, r.source.kept = b.training, b.training
	return nil
}

// uncache frees the features.
func (r *training) uncache() {
	r.m.compiled.features.close()
	r.m.compiled.features = nil
}

// validationFeatures returns the features of the validation data, nil if they are not kept.
func (r *training) validationFeatures() *features {
	if b := r.m.compiled.features; b != nil {
		return b.validation
	}
	return nil
}

func (m *Model) featuresOf(g *graph.Graph, ds data.Dataset, what string, variants int) (*features, error) {
	f := &features{m: m, ds: ds.(data.Indexed), what: what, variants: variants}
	if !f.ds.Varies() {
		f.variants = 1
	}
	fixed := m.fixed()
	parts, err := m.divide(g, m.store, graph.Division{Inputs: len(m.inputs), Read: func(path string) bool { return fixed[path] }})
	switch {
	case err != nil:
		return nil, err
	case parts == nil:
		return nil, errors.New("CacheFeatures: no value that can be kept comes from frozen layers; freeze the layers after the inputs (Layer.SetTrainable), compile the model again, and put augmentation into the dataset")
	}
	f.parts = parts
	for _, n := range parts.graph.Nodes {
		if v, ok := n.Op.(op.Variable); ok {
			f.reads = append(f.reads, m.store.Lookup(v.Path))
		}
	}
	s := specOf(ds)
	shapes := make([]tensor.Shape, len(m.inputs))
	for i, name := range m.InputNames() {
		shapes[i] = s.x.Clone()
		if x, ok := s.inputs[name]; ok {
			shapes[i] = x.Clone()
		}
		shapes[i][0] = 1
		if !shapes[i].Known() {
			return nil, fmt.Errorf("CacheFeatures: the %s data have examples of shape %v; want examples of one size", what, shapes[i][1:])
		}
	}
	one, err := parts.graph.Specialize(shapes)
	if err != nil {
		return nil, err
	}
	for _, o := range one.Outputs {
		f.sizes = append(f.sizes, o.Value.Shape.Elements()*o.Value.DType.Size())
	}
	f.kept, f.have = make([][]*tensor.Tensor, f.variants), make([][]bool, f.variants)
	f.buffers = make([]*tensor.Tensor, 2*len(f.sizes))
	return f, nil
}

// fixed returns the paths of the layers' variables that training does not change. A variable that several models share has one path.
func (m *Model) fixed() map[string]bool {
	fixed := map[string]bool{}
	for _, v := range m.vars() {
		if v = m.store.Find(v); v != nil && v.Path != layer.SeedPath && v.Path != layer.StepPath {
			fixed[v.Path] = true
		}
	}
	for _, g := range m.compiled.graphs {
		for _, n := range g.Nodes {
			for _, v := range n.Updated() {
				delete(fixed, v.Node.Op.(op.Variable).Path)
			}
		}
	}
	return fixed
}

// bytes returns the memory of all features, or -1 if it is more than an int holds.
func (f *features) bytes() int {
	if f == nil {
		return 0
	}
	total := 0
	for _, n := range f.sizes {
		total += n * f.variants
	}
	if total > 0 && f.ds.Len() > maxMemory*16/total {
		return maxMemory * 16
	}
	return total * f.ds.Len()
}

func (f *features) close() {
	if f != nil {
		f.parts.close()
	}
}

func (b *bothFeatures) close() {
	if b != nil {
		b.training.close()
		b.validation.close()
	}
}

// compute computes the features of all variants. It shows progress.
func (f *features) compute(ctx context.Context, d *progress.Display) error {
	if f == nil {
		return nil
	}
	f.version, f.sum = f.state()
	counter := d.Counter("Computing "+f.what+" features", f.ds.Len()*f.variants)
	defer counter.Abandon()
	in := feed{m: f.m}
	for v := range f.variants {
		f.have[v] = make([]bool, f.ds.Len())
		for b, err := range f.ds.Batches(ctx, v, 0) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				in.in = in.in[:0]
				err = in.examples(b)
			}
			if err == nil && in.in[0].Shape()[0] > 0 {
				err = f.add(v, b.Index, in.in)
			}
			if err != nil {
				if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
					err = cause
				}
				return fmt.Errorf("computing %s features: %w", f.what, err)
			}
			counter.Add(len(b.Index))
		}
	}
	counter.Finish()
	return nil
}

// add computes the features of a batch.
func (f *features) add(variant int, index []int, in []*tensor.Tensor) error {
	n := in[0].Shape()[0]
	if err := f.checkIndex(index, n); err != nil {
		return err
	}
	shapes := make([]tensor.Shape, len(in))
	for i, x := range in {
		shapes[i] = x.Shape()
	}
	g, err := f.parts.graph.Specialize(shapes)
	if err != nil {
		return err
	}
	out := make([]*tensor.Tensor, len(g.Outputs))
	for i, o := range g.Outputs {
		out[i] = buffer(&f.buffers[i], o.Value.DType, o.Value.Shape)
		if size := len(out[i].Raw()) / n; size != f.sizes[i] {
			return fmt.Errorf("the examples have shape %v, which is not that of the others", in[0].Shape()[1:])
		}
	}
	if err := f.run(in, out); err != nil {
		return err
	}
	if f.kept[variant] == nil {
		for _, x := range out {
			shape := x.Shape().Clone()
			shape[0] = f.ds.Len()
			f.kept[variant] = append(f.kept[variant], tensor.New(x.DType(), shape...))
		}
	}
	for i, x := range out {
		to, size := f.kept[variant][i].Raw(), f.sizes[i]
		for j, row := range index {
			copy(to[row*size:(row+1)*size], x.Raw()[j*size:(j+1)*size])
		}
	}
	for _, row := range index {
		f.have[variant][row] = true
	}
	return nil
}

func (f *features) run(in, out []*tensor.Tensor) error {
	f.m.mu.RLock()
	defer f.m.mu.RUnlock()
	return f.parts.first.Run(in, out)
}

// checkIndex checks what a dataset says about the rows of a batch of n examples.
func (f *features) checkIndex(index []int, n int) error {
	if len(index) != n {
		return fmt.Errorf("the %s data have a batch of %d examples with %d indexes; Index must identify each example", f.what, n, len(index))
	}
	for _, row := range index {
		if row < 0 || row >= f.ds.Len() {
			return fmt.Errorf("the %s data have the index %d, but %d examples", f.what, row, f.ds.Len())
		}
	}
	return nil
}

// batches yields the batches of an epoch without their inputs, and selects the variant of the epoch.
func (f *features) batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		for b, err := range f.ds.Targets(ctx, epoch, step) {
			f.now = epoch % f.variants
			if !yield(b, err) {
				return
			}
		}
	}
}

// of returns the features of a batch.
func (f *features) of(b data.Batch) ([]*tensor.Tensor, error) {
	if err := f.unchanged(); err != nil {
		return nil, err
	}
	return f.rows(f.now, b.Index, f.buffers[len(f.sizes):])
}

// rows returns the features of some examples, in memory of the buffers.
func (f *features) rows(variant int, index []int, buffers []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := f.checkIndex(index, len(index)); err != nil {
		return nil, err
	}
	for _, row := range index {
		if !f.have[variant][row] {
			return nil, fmt.Errorf("the %s data have the example %d in a batch, but epoch %d does not have it", f.what, row, variant)
		}
	}
	out := make([]*tensor.Tensor, len(f.sizes))
	for i, from := range f.kept[variant] {
		shape := from.Shape().Clone()
		shape[0] = len(index)
		out[i] = buffer(&buffers[i], from.DType(), shape)
		size := f.sizes[i]
		for j, row := range index {
			copy(out[i].Raw()[j*size:(j+1)*size], from.Raw()[row*size:(row+1)*size])
		}
	}
	return out, nil
}

// unchanged returns an error if a callback has changed a frozen variable.
func (f *features) unchanged() error {
	if f.m.store.Version(f.reads...) == f.version {
		return nil
	}
	version, sum := f.state()
	if sum != f.sum {
		return errors.New("CacheFeatures: a callback has changed variables of frozen layers, from which the kept features were computed")
	}
	f.version = version
	return nil
}

// state returns the version and the hash of the variables from which features are computed.
func (f *features) state() (version uint64, sum [32]byte) {
	f.m.mu.RLock()
	defer f.m.mu.RUnlock()
	h := sha256.New()
	for _, v := range f.reads {
		h.Write(v.Value().Raw())
	}
	h.Sum(sum[:0])
	return f.m.store.Version(f.reads...), sum
}

// program returns the program of a validation step that takes features. A nil f has none.
func (f *features) program(whole backend.Program) backend.Program {
	if f == nil {
		return whole
	}
	return f.parts.rest
}
