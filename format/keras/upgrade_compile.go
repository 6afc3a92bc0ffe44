package keras

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/lince-ml/lince/internal/config"
)

// upgradeCompile turns the training_config of an .h5 file into the compile_config of Keras 3: the optimizer, the loss and the metrics. It
// returns nil for nil.
func upgradeCompile(training json.RawMessage) (json.RawMessage, error) {
	if training == nil {
		return nil, nil
	}
	t, err := config.Unmarshal(training)
	if err != nil {
		return nil, errors.New("it is not a JSON object")
	}
	c := map[string]any{}
	for _, key := range []string{"loss", "loss_weights", "metrics", "weighted_metrics"} {
		c[key] = upgradeMetrics(t[key])
	}
	c["optimizer"] = upgradeOptimizer(t["optimizer_config"])
	return Marshal(c)
}

// upgradeLegacy turns an optimizer of keras.optimizers.legacy in a compile_config into that of Keras 3. Keras 2.11 to 2.15 wrote such optimizers, whose learning
// rates may decay, in .keras files; Keras 3 refuses them. What is no such compile_config stays unchanged.
func upgradeLegacy(compile json.RawMessage) json.RawMessage {
	c, err := config.Unmarshal(compile)
	if err != nil {
		return compile
	}
	o, _ := c["optimizer"].(map[string]any)
	if module, _ := o["module"].(string); !strings.HasSuffix(module, "optimizers.legacy") && !strings.Contains(module, "optimizers.legacy.") {
		return compile
	}
	c["optimizer"] = upgradeOptimizer(o)
	now, err := Marshal(c)
	if err != nil {
		return compile
	}
	return now
}

// optimizerArgs maps old names of optimizers' arguments to those of Keras 3, or to "" if they have no meaning any more.
var optimizerArgs = map[string]string{
	"lr": "learning_rate", "initial_decay": "decay",
	"schedule_decay": "", // Nadam's, a constant today
	"m_schedule":     "",
}

func upgradeOptimizer(v any) any {
	class, conf := config.Object(v)
	if class == "" || conf == nil {
		return v
	}
	for old, now := range optimizerArgs {
		x, ok := conf[old]
		if !ok {
			continue
		}
		delete(conf, old)
		if now != "" && conf[now] == nil {
			conf[now] = x
		}
	}
	// Before 2.11, Keras divided the learning rate by 1 + decay*iterations.
	rate, isRate := config.Float(conf["learning_rate"])
	if decay, ok := config.Float(conf["decay"]); ok && decay != 0 && isRate {
		conf["learning_rate"] = config.Wrap("keras.optimizers.schedules", "InverseTimeDecay", map[string]any{
			"initial_learning_rate": Float(rate), "decay_steps": 1, "decay_rate": Float(decay), "staircase": false, "name": "InverseTimeDecay",
		})
		delete(conf, "decay")
	} else if ok && decay == 0 {
		delete(conf, "decay")
	}
	return config.Wrap("keras.optimizers", registered(class), conf)
}

// registered returns a class without the package in which Keras 2 registered it, as in "Custom>Adam".
func registered(class string) string {
	return class[strings.LastIndexByte(class, '>')+1:]
}

// upgradeMetrics replaces the metrics that Keras 2 made of functions in a metric, or a list or dict of metrics.
func upgradeMetrics(v any) any {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			v[i] = upgradeMetrics(x)
		}
	case map[string]any:
		class, conf := config.Object(v)
		if class == "" {
			for key, x := range v {
				v[key] = upgradeMetrics(x)
			}
			return v
		}
		fn, ok := conf["fn"].(string)
		if !ok || class != "MeanMetricWrapper" && class != "LossFunctionWrapper" {
			return v
		}
		delete(conf, "fn")
		return map[string]any{"class_name": classOfFunction(fn), "config": conf}
	}
	return v
}

// classOfFunction returns the class of a metric that is a function in Keras 2: CategoricalAccuracy for categorical_accuracy.
func classOfFunction(fn string) string {
	if fn == "kullback_leibler_divergence" || fn == "kl_divergence" {
		return "KLDivergence"
	}
	var b strings.Builder
	for word := range strings.SplitSeq(fn, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
