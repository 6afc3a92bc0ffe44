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
		_ struct{} `keras:"ema_momentum,any=0.99"` // without effect: use_ema is false
		_ struct{} `keras:"ema_overwrite_frequency,any=null"`
		_ struct{} `keras:"loss_scale_factor,only=null"`
		_ struct{} `keras:"gradient_accumulation_steps,only=null"`
		_ struct{} `keras:"name,any,omit"`
		_ struct{} `keras:"decay,only=0,omit"` // written by Keras 2, as the following are
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

// UnknownClass is the error for a class that lince does not support. Its Kind is "optimizer" or
// "learning rate schedule".
type UnknownClass = config.UnknownClass

// ConfigOf returns the config of an optimizer, derived from the tags of its fields. A custom
// optimizer calls it in its Config method. See DecodeAs for the tags.
func ConfigOf(v Optimizer) map[string]any {
	c := classes.Config(v)
	c["name"] = NameOf(v)
	return c
}

// Ready reports mistakes in the fields of o to b, and returns o with its defaults set. ok is false
// if there are mistakes. The Build method of a custom optimizer calls it first.
func Ready[O Optimizer](b *graph.Builder, o O) (filled O, ok bool) {
	return config.Ready(classes, o, b.Errorf)
}

// ClassOf returns the name of the Keras class of an optimizer, such as "RMSprop". For a custom optimizer, it is the name of its Go type, or
// what its method Class() string returns.
func ClassOf(v Optimizer) string { return classes.ClassOf(v) }

// NameOf returns the name of an optimizer in Keras, such as "rmsprop".
func NameOf(v Optimizer) string { return classes.Named(v) }

// GetConfig returns the arguments of an optimizer for JSON, as Keras' get_config does, with the initial learning rate. Floating-point numbers are
// float64 and integers int. The tags of the fields declare the arguments. A custom optimizer with other arguments has a method
// Config() map[string]any.
func GetConfig(v Optimizer) map[string]any {
	c := classes.GetConfig(v)
	if c != nil && c["name"] == nil {
		c["name"] = NameOf(v)
	}
	return c
}

// Classes lists the Keras names of the optimizers that Decode supports.
func Classes() []string { return classes.Names() }

// Parse returns the optimizer with the given name, with default arguments. As in Keras'
// compile(optimizer=name), the name is a class name such as "RMSprop" or "rmsprop"; case is
// ignored. The error for an unknown name is an *UnknownClass.
func Parse(name string) (Optimizer, error) {
	class, err := classes.Find(name)
	if err != nil {
		return nil, err
	}
	return Decode(class, nil)
}

// Decode returns the optimizer of a Keras class with the given config. The error for an unknown
// class is an *UnknownClass. All mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Optimizer, error) {
	o, _, err := classes.Decode(class, conf, false)
	return o, err
}

// DecodeAs returns a custom optimizer of type O with the given config. The tags of its fields
// declare the arguments, as they do for the optimizers of this package:
//
//	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[O Optimizer](conf map[string]any) (O, error) {
	return config.DecodeCustom[O](classes, conf)
}

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that
// contain a custom optimizer:
//
//	lince.Options{Optimizers: map[string]lince.OptimizerDecoder{"Name": optimizer.FromConfig[Name]}}
func FromConfig[T Optimizer](text json.RawMessage) (Optimizer, error) {
	return config.DecodeCustomJSON[T](classes, text)
}
