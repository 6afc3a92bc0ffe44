package optimizer

import (
	"fmt"
	"math"
	"strings"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
)

// table lists the optimizers: the Keras class and how what is its own in a config is read.
var table = []struct {
	class  string
	decode func(*config.Reader, common) Optimizer
}{
	{"SGD", decodeSGD},
	{"RMSprop", decodeRMSprop},
	{"Adam", decodeAdam},
}

// Classes lists the Keras classes that there are.
func Classes() []string {
	names := make([]string, len(table))
	for i, t := range table {
		names[i] = t.class
	}
	return names
}

// Parse makes the optimizer that Keras' compile(optimizer=name) takes: "rmsprop", "adam",
// "sgd", in upper or lower case.
func Parse(name string) (Optimizer, error) {
	var names []string
	for _, t := range table {
		if strings.EqualFold(t.class, name) {
			return Decode(t.class, nil)
		}
		names = append(names, strings.ToLower(t.class))
	}
	return nil, fmt.Errorf("there is no optimizer %q%s", name, suggest.Hint(name, names))
}

// Decode makes an optimizer from a Keras class name and its config; all mistakes are told at
// once.
func Decode(class string, conf map[string]any) (Optimizer, error) {
	for _, t := range table {
		if t.class != class {
			continue
		}
		r := config.Read("optimizer "+class, conf)
		o := t.decode(r, readCommon(r))
		if err := r.Err(); err != nil {
			return nil, err
		}
		return o, nil
	}
	return nil, fmt.Errorf("there is no optimizer class %q%s", class, suggest.Hint(class, Classes()))
}

func readCommon(r *config.Reader) common {
	var c common
	if _, schedule := r.Value("learning_rate").(map[string]any); schedule {
		r.Errorf("learning_rate is a schedule, %s: not supported yet, want a number", config.Show(r.Value("learning_rate")))
	} else {
		c.rate = r.Float("learning_rate", 0, config.Positive, math.MaxFloat32)
	}
	c.weightDecay = r.Float("weight_decay", 0, 0, math.MaxFloat32)
	c.clipNorm = r.Float("clipnorm", 0, 0, math.MaxFloat32)
	c.globalClipNorm = r.Float("global_clipnorm", 0, 0, math.MaxFloat32)
	c.clipValue = r.Float("clipvalue", 0, 0, math.MaxFloat32)
	r.Only("use_ema", false)
	r.Only("loss_scale_factor")
	r.Only("gradient_accumulation_steps")
	r.Only("decay", 0) // Keras 2
	// Of moving averages, which are not in use; of Keras 2.
	r.Ignore("name", "ema_momentum", "ema_overwrite_frequency", "jit_compile", "is_legacy_optimizer")
	return c
}

func readPart(r *config.Reader, key string, otherwise float64) float64 {
	return r.Float(key, otherwise, 0, config.BelowOne)
}

func optPart(r *config.Reader, key string) *float64 { return r.OptFloat(key, 0, config.BelowOne) }

func readEpsilon(r *config.Reader) *float64 { return r.OptFloat("epsilon", 0, math.MaxFloat32) }
