package optimizer

import (
	"encoding/json"
	"errors"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// classes lists the optimizers.
var classes = &config.Registry[Optimizer]{
	Kind: "optimizer",
	Fold: true,
	Classes: []config.Entry[Optimizer]{
		{Of: SGD{}},
		{Of: RMSprop{}},
		{Of: Adam{}},
		{Of: AdamW{}},
		{Of: Adadelta{}},
		{Of: Adafactor{}},
		{Of: Adagrad{}},
		{Of: Adamax{}},
		{Of: Ftrl{}},
		{Of: Lamb{}},
		{Of: Lion{}},
		{Of: LossScaleOptimizer{}, Write: writeLossScale},
		{Of: Muon{}, Read: readMuon, Write: writeMuon},
		{Of: Nadam{}},
		{Of: ScheduleFreeAdamW{}},
	},
	Refused: map[string]string{
		"MultiOptimizer": "lince updates all weights of a model with one optimizer",
		"Optimizer":      "it is a base class; a custom optimizer in Go implements the interface Optimizer",
		"OptimizerMap":   "lince updates all weights of a model with one optimizer",
	},
	Types: []config.Type{
		config.TypeOf(encodeSchedule, decodeSchedule, schedule.Check, func(string) schedule.Schedule { return nil }),
		config.TypeOf(encodeInner, decodeInner, nil, func(string) Optimizer { return nil }),
	},
	// The defaults of arguments that a custom optimizer may lack.
	Common: struct {
		_ struct{} `keras:"use_ema,only=false"`
		_ struct{} `keras:"ema_momentum,any=0.99"` // without effect: use_ema is false
		_ struct{} `keras:"ema_overwrite_frequency,any=null"`
		_ struct{} `keras:"loss_scale_factor,only=null"`
		_ struct{} `keras:"gradient_accumulation_steps,only=null"`
		_ struct{} `keras:"name,any,omit"`
		_ struct{} `keras:"jit_compile,any,omit"` // written by Keras 2, as is the following
		_ struct{} `keras:"is_legacy_optimizer,any,omit"`
	}{},
	Look: func(r *config.Reader) {
		// Keras 2 divided the learning rate by 1 + decay*iteration; Keras 3 warns and ignores it.
		if v := r.Value("decay"); v != nil {
			if x, ok := config.Float(v); !ok || x != 0 {
				r.Errorf("decay is %s: Keras 3 has no such argument, want 0; set Schedule to an InverseTimeDecay with this DecayRate and DecaySteps 1", config.Show(v))
			}
		}
		if class, _ := config.Object(r.Value("learning_rate")); class != "" {
			if _, err := schedule.Decode(class, nil); errors.As(err, new(*UnknownClass)) {
				r.Fail("learning_rate", err)
				r.Drop("learning_rate")
			}
		}
	},
	Check: func(o Optimizer) error {
		errs := sharedOf(o).check()
		if c, ok := o.(interface{ check() error }); ok {
			errs = append(errs, c.check())
		}
		return errors.Join(errs...)
	},
}

func encodeSchedule(s schedule.Schedule) any {
	return config.Wrap("keras.optimizers.schedules", schedule.ClassOf(s), schedule.ConfigOf(s))
}

// decodeSchedule reads a schedule. The value may already be one: the model decodes custom classes.
func decodeSchedule(r *config.Reader, key string, v any) (schedule.Schedule, bool) {
	if s, ok := v.(schedule.Schedule); ok {
		return s, true
	}
	class, conf := config.Object(v)
	s, err := schedule.Decode(class, conf)
	r.Fail(key, err)
	return s, err == nil
}

func encodeInner(o Optimizer) any { return config.Same{Module: "keras.optimizers", Of: o} }

// decodeInner reads an optimizer. The value may already be one: the model decodes custom classes.
func decodeInner(r *config.Reader, key string, v any) (Optimizer, bool) {
	if o, ok := v.(Optimizer); ok {
		return o, true
	}
	class, conf := config.Object(v)
	o, err := r.Same(class, conf)
	r.Fail(key, err)
	if err != nil {
		return nil, false
	}
	return o.(Optimizer), true
}

// UnknownClass is the error for a class that lince does not support. Its Kind is "optimizer" or
// "learning rate schedule".
type UnknownClass = config.UnknownClass

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

// ConfigOf returns the arguments of an optimizer for JSON, as Keras' get_config does, with the initial learning rate. Floating-point numbers are
// float64 and integers int. The tags of the fields declare the arguments. A custom optimizer with other arguments has a method
// Config() map[string]any.
func ConfigOf(v Optimizer) map[string]any {
	c := classes.ConfigOf(v)
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
