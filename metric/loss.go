package metric

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/loss"
)

// wrapper is the class of a Loss in files.
const wrapper = "MeanMetricWrapper"

// Loss is a loss as a metric, such as metric.Loss{Of: loss.Dice{}}: the running mean of what its Build returns
// (keras.metrics.MeanMetricWrapper, which Keras makes of a loss function in metrics):
//
//	mean = sum of weight[i] * mean(loss[i]) / sum of weight[i]
//
// If the loss leaves numbers out of its mean (loss.Masked), so does the metric, but, as in Keras, only with example
// weights. Of a loss of the whole batch, each batch
// counts once; it takes no example weights.
//
// Targets, Predictions: those of the loss.
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if Of is nil or the loss reports one.
type Loss struct {
	// Of is the loss. Its reduction has no effect. Required.
	Of loss.Loss
	// Name is the key in logs and in the history. The default is the name of Keras' function, such as "dice".
	Name string
}

// Class returns the Keras class.
func (Loss) Class() string { return wrapper }

// Named returns the key in logs.
func (m Loss) Named() string {
	if m.Of == nil {
		return cmp.Or(m.Name, "mean_metric_wrapper") // Build reports the mistake
	}
	return cmp.Or(m.Name, loss.FunctionOf(m.Of))
}

// HigherIsBetter implements Metric.
func (Loss) HigherIsBetter() (higher, known bool) { return false, true }

// Config returns the arguments for JSON: those of the loss, and its function in the key "fn".
func (m Loss) Config() map[string]any {
	if m.Of == nil {
		return nil
	}
	c := maps.Clone(loss.ConfigOf(m.Of))
	delete(c, "reduction")
	c["name"], c["dtype"] = m.Named(), "float32"
	c["fn"] = map[string]any{"module": "builtins", "class_name": "function", "config": loss.FunctionOf(m.Of), "registered_name": "function"}
	return c
}

// Build implements Metric.
func (m Loss) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	if m.Of == nil {
		return b.Errorf("Of is not set, want a loss")
	}
	if !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	values, weights := loss.Samples(b, m.Of, yTrue, yPred, weights)
	return Mean(b, values, weights)
}

// decodeLoss returns the Loss with the given config.
func decodeLoss(conf map[string]any) (Metric, error) {
	fail := func(err error) (Metric, error) { return nil, fmt.Errorf("metric %s: %w", wrapper, err) }
	fn := conf["fn"]
	if o, ok := fn.(map[string]any); ok && o["class_name"] == "function" {
		fn = o["config"]
	}
	function, ok := fn.(string)
	if !ok {
		return fail(fmt.Errorf("fn is %s, want a function", config.Show(conf["fn"])))
	}
	class, err := loss.Find(function)
	if err != nil {
		return fail(err)
	}
	args := maps.Clone(conf)
	for _, key := range []string{"fn", "name"} {
		delete(args, key)
	}
	of, err := loss.Decode(class, args)
	if err != nil {
		return fail(err)
	}
	name, ok := conf["name"].(string)
	if !ok && conf["name"] != nil {
		return fail(fmt.Errorf("name is %s, want a string", config.Show(conf["name"])))
	}
	return Loss{Of: of, Name: name}, nil
}
