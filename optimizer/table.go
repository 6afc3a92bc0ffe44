package optimizer

import (
	"encoding/json"
	"errors"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// classes lists the optimizers.
var classes = &config.Registry[Optimizer]{
	Kind: "optimizer",
	Fold: true,
	Classes: []config.Entry[Optimizer]{
		{Of: SGD{}},
		{Of: RMSprop{}},
		{Of: Adam{}},
	},
	Common: struct {
		_ struct{} `keras:"use_ema,only=false"`
		_ struct{} `keras:"ema_momentum,any=0.99"` // of moving averages, which are not in use
		_ struct{} `keras:"ema_overwrite_frequency,any=null"`
		_ struct{} `keras:"loss_scale_factor,only=null"`
		_ struct{} `keras:"gradient_accumulation_steps,only=null"`
		_ struct{} `keras:"name,any,omit"`
		_ struct{} `keras:"decay,only=0,omit"` // Keras 2 writes this and the rest
		_ struct{} `keras:"jit_compile,any,omit"`
		_ struct{} `keras:"is_legacy_optimizer,any,omit"`
	}{},
	Look: func(r *config.Reader) {
		if class, _ := config.Object(r.Value("learning_rate")); class != "" {
			r.Fail("learning_rate", &UnknownClass{Kind: "learning rate schedule", Class: class})
			r.Drop("learning_rate")
		}
	},
	Check: func(o Optimizer) error {
		c, ok := o.(interface{ common() common })
		if !ok {
			return nil
		}
		clips := 0
		for _, x := range []float64{c.common().clipNorm, c.common().globalClipNorm, c.common().clipValue} {
			if x != 0 {
				clips++
			}
		}
		if clips > 1 {
			return errors.New("more than one of ClipNorm, GlobalClipNorm and ClipValue is set, want at most one")
		}
		return nil
	},
}

// UnknownClass is the error for a class that lince does not have: of an optimizer, or of a
// schedule of the learning rate. Kind says which.
type UnknownClass = config.UnknownClass

// ConfigOf makes the config of an optimizer by the tags of its fields; see DecodeAs.
func ConfigOf(o Optimizer) map[string]any {
	c := classes.Config(o)
	c["name"] = o.Named()
	return c
}

// Ready reports what is wrong with the configuration of o, by the tags of its fields, and returns
// o with the defaults in place of zero values; ok is false where there is something wrong.
// Build begins with it.
func Ready[O Optimizer](b *graph.Builder, o O) (filled O, ok bool) {
	wrong := classes.Wrong(o)
	for _, err := range wrong {
		b.Errorf("%w", err)
	}
	return classes.Fill(o).(O), len(wrong) == 0
}

// Classes lists the Keras classes that there are.
func Classes() []string { return classes.Names() }

// Parse makes the optimizer that Keras' compile(optimizer=name) takes: "rmsprop", "adam",
// "sgd", in upper or lower case. An unknown name is an *UnknownClass.
func Parse(name string) (Optimizer, error) {
	class, err := classes.Find(name)
	if err != nil {
		return nil, err
	}
	return Decode(class, nil)
}

// Decode makes an optimizer from a Keras class name and its config; all mistakes are reported
// at once. An unknown class is an *UnknownClass.
func Decode(class string, conf map[string]any) (Optimizer, error) {
	o, _, err := classes.Decode(class, conf, false)
	return o, err
}

// DecodeAs makes an optimizer of a program's own type from its config, by the tags of its fields,
// as strictly as Decode does. It panics where a tag is wrong. The tags are those of this
// package's optimizers:
//
//	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
func DecodeAs[O Optimizer](conf map[string]any) (O, error) {
	return config.DecodeOwn[O](classes, conf)
}

// FromConfig makes an optimizer of a program's own type from its config in a file, as DecodeAs does. It is what
// lince.Options.Optimizers takes: Optimizers: {"Name": optimizer.FromConfig[Name]}.
func FromConfig[T Optimizer](text json.RawMessage) (Optimizer, error) {
	return config.DecodeOwnJSON[T](classes, text)
}
