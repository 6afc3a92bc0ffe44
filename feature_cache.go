package lince

import (
	"crypto/sha256"
	"reflect"
	"slices"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// FeatureCache receives the features that Fit keeps with FitOptions.CacheFeatures, so that predictions after the training need not compute them again. The zero
// value has none. A second Fit replaces them.
//
//	var features lince.FeatureCache
//	history, err := model.Fit(ctx, train, lince.FitOptions{Epochs: 20, Validation: validation, CacheFeatures: 1, FeatureCache: &features})
//	y, err := model.Predict(ctx, features.Of(validation), lince.PredictOptions{})
type FeatureCache struct{ kept []*features }

// Of returns the dataset together with its features. Predict, Predictions and Classify use them instead of the inputs, if the model computes the same features: the model
// that was trained, also after its classifier has changed, and the files that were saved during the training. The results are the same as without them, except for rounding. Of returns ds
// itself if Fit has kept no features of it. For training data with augmentation, they are those of the first epoch.
func (c *FeatureCache) Of(ds data.Indexed) data.Indexed {
	for _, f := range c.kept {
		if reflect.TypeOf(ds).Comparable() && f.ds == ds {
			return keptData{ds, f}
		}
	}
	return ds
}

func (c *FeatureCache) set(b *bothFeatures) {
	if c.kept = []*features{b.training}; b.validation != nil {
		c.kept = append(c.kept, b.validation)
	}
}

// keptData is a dataset with features.
type keptData struct {
	data.Indexed
	f *features
}

// keptPrediction predicts from kept features. It may outlive the Fit that kept them.
type keptPrediction struct {
	f       *features
	program lazyProgram
	outputs []int // of f.parts.graph, for each input of the program
	buffers []*tensor.Tensor
}

// fromFeatures returns the prediction of a dataset from its features. It returns nil if the dataset has none, or if the model computes others.
func (m *Model) fromFeatures(ds data.Dataset) *keptPrediction {
	d, ok := ds.(keptData)
	if !ok || m.hashOf(d.f.reads) != d.f.sum {
		return nil
	}
	reads := map[string]bool{}
	for _, v := range d.f.reads {
		reads[v.Path] = true
	}
	first, rest, ok := m.predict.graph.Split(graph.Division{Inputs: len(m.inputs), Read: func(path string) bool { return reads[path] }})
	if !ok {
		return nil
	}
	k := &keptPrediction{f: d.f, program: lazyProgram{graph: rest}, buffers: make([]*tensor.Tensor, len(d.f.sizes))}
	same := sameValues{}
	for _, o := range first.Outputs {
		j := slices.IndexFunc(d.f.parts.graph.Outputs, func(kept graph.Output) bool { return same.of(o.Value, kept.Value) })
		if j < 0 {
			return nil
		}
		k.outputs = append(k.outputs, j)
	}
	return k
}

// hashOf returns the hash of the model's variables with the paths of others, as features.state does. It is zero if one is missing.
func (m *Model) hashOf(list []*graph.Variable) (sum [sha256.Size]byte) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h := sha256.New()
	for _, v := range list {
		own := m.base.Lookup(v.Path)
		if own == nil {
			return sum
		}
		h.Write(own.Value().Raw())
	}
	h.Sum(sum[:0])
	return sum
}

// sameValues has pairs of values of two graphs, and whether the same ops compute them of the same inputs and variables.
type sameValues map[[2]*graph.Value]bool

func (s sameValues) of(a, b *graph.Value) bool {
	pair := [2]*graph.Value{a, b}
	same, known := s[pair]
	if !known {
		same = a.Index == b.Index && len(a.Node.In) == len(b.Node.In) && reflect.DeepEqual(a.Node.Op, b.Node.Op)
		for i := 0; same && i < len(a.Node.In); i++ {
			same = s.of(a.Node.In[i], b.Node.In[i])
		}
		s[pair] = same
	}
	return same
}

// inputs returns the inputs of the program for a batch: its features.
func (k *keptPrediction) inputs(b data.Batch) ([]*tensor.Tensor, error) {
	all, err := k.f.rows(0, b.Index, k.buffers)
	if err != nil {
		return nil, err
	}
	in := make([]*tensor.Tensor, len(k.outputs))
	for i, j := range k.outputs {
		in[i] = all[j]
	}
	return in, nil
}

// close frees the program's memory.
func (k *keptPrediction) close() {
	if p := k.program.program; p != nil {
		p.Close()
	}
}
