package lince

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/lince-ml/lince/data"
)

// blind has targets only: reading inputs fails.
type blind struct {
	data.Indexed
	t *testing.T
}

func (b blind) Batches(context.Context, int, int) iter.Seq2[data.Batch, error] {
	b.t.Error("the inputs are read")
	return func(func(data.Batch, error) bool) {}
}

// TestFeatureCache predicts from kept features, with the trained model and with one that has the same body.
func TestFeatureCache(t *testing.T) {
	for name, top := range heads {
		var cache FeatureCache
		o := Options{Seed: 3, Threads: 2}
		m := frozenModel(t, o, top)
		train, val := colorful(17).(data.Indexed), colorful(7).(data.Indexed)
		if cache.Of(val) != val {
			t.Fatal("there are features before Fit")
		}
		fit(t, m, train, FitOptions{Epochs: 2, Validation: val, CacheFeatures: 2, FeatureCache: &cache})
		other := frozenModel(t, o, top) // it has the same body and a head that is not trained
		for what, c := range map[string]struct {
			m  *Model
			ds data.Indexed
		}{"training": {m, train}, "validation": {m, val}, "another head": {other, val}} {
			want, err := c.m.Predict(t.Context(), c.ds, PredictOptions{Verbose: Silent})
			if err != nil {
				t.Fatal(err)
			}
			kept, ok := cache.Of(c.ds).(keptData)
			if !ok {
				t.Fatalf("%s, %s: no features", name, what)
			}
			kept.Indexed = blind{kept.Indexed, t}
			got, err := c.m.Predict(t.Context(), kept, PredictOptions{Verbose: Silent})
			if err != nil {
				t.Fatal(name, what, err)
			}
			if !slices.Equal(got.Raw(), want.Raw()) {
				t.Errorf("%s, %s: predictions %v from features, %v from inputs", name, what, got.Float32s(), want.Float32s())
			}
		}
		// The features of another body are not used.
		changed := frozenModel(t, Options{Seed: 4, Threads: 2}, top)
		if changed.fromFeatures(cache.Of(val)) != nil {
			t.Errorf("%s: features of another body are used", name)
		}
		want := must(changed.Predict(t.Context(), val, PredictOptions{Verbose: Silent}))
		if got := must(changed.Predict(t.Context(), cache.Of(val), PredictOptions{Verbose: Silent})); !slices.Equal(got.Raw(), want.Raw()) {
			t.Errorf("%s: another body has other predictions with the features", name)
		}
		v := m.Variables()[0]
		x := v.Value()
		x.Float32s()[0]++
		if err := v.Set(x); err != nil {
			t.Fatal(err)
		}
		if m.fromFeatures(cache.Of(val)) != nil {
			t.Errorf("%s: features are used after a change of the body", name)
		}
	}
}
