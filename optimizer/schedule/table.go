package schedule

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/config"
)

// classes lists the schedules.
var classes = &config.Registry[Schedule]{
	Kind: "learning rate schedule",
	Classes: []config.Entry[Schedule]{
		{Of: ExponentialDecay{}},
		{Of: PiecewiseConstantDecay{}},
		{Of: PolynomialDecay{}},
		{Of: InverseTimeDecay{}},
		{Of: CosineDecay{}},
		{Of: CosineDecayRestarts{}},
	},
	Refused: map[string]string{
		"LearningRateSchedule": "it is a base class; a custom schedule in Go implements the interface Schedule",
	},
	Check: func(s Schedule) error {
		p, ok := s.(PiecewiseConstantDecay)
		switch {
		case !ok:
			return nil
		case len(p.Boundaries) == 0:
			return errors.New("there are no Boundaries, want at least one number of steps")
		case len(p.Values) != len(p.Boundaries)+1:
			return fmt.Errorf("there are %d Values for %d Boundaries, want one more value than boundaries", len(p.Values), len(p.Boundaries))
		case !slices.IsSorted(p.Boundaries):
			return fmt.Errorf("the Boundaries are %v, want increasing numbers of steps", p.Boundaries)
		}
		return nil
	},
}

// UnknownClass is the error for a class that lince does not support.
type UnknownClass = config.UnknownClass

// ClassOf returns the name of the Keras class of a schedule, such as "CosineDecay". For a custom
// schedule, it is the name of its Go type, or what its method Class() string returns.
func ClassOf(s Schedule) string { return classes.ClassOf(s) }

// ConfigOf returns the arguments of a schedule for JSON, as Keras' get_config does. Floating-point
// numbers are float64 and integers int.
func ConfigOf(s Schedule) map[string]any { return classes.ConfigOf(s) }

// Filled returns a copy of s in which fields that are zero have their defaults. A custom schedule with
// defaults calls it in its At method.
func Filled[S Schedule](s S) S { return classes.Fill(s).(S) }

// Check returns all mistakes in the fields of s, joined. Build methods of optimizers call it.
func Check(s Schedule) error { return errors.Join(classes.Wrong(s)...) }

// Classes lists the Keras names of the schedules that Decode supports.
func Classes() []string { return classes.Names() }

// Decode returns the schedule of a Keras class with the given config. The error for an unknown class
// is an *UnknownClass. All mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Schedule, error) {
	s, _, err := classes.Decode(class, conf, false)
	return s, err
}

// DecodeAs returns a custom schedule of type S with the given config. The tags of its fields declare the
// arguments, as they do for the schedules of this package:
//
//	DecaySteps int `keras:"decay_steps,required,min=1"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[S Schedule](conf map[string]any) (S, error) {
	return config.DecodeCustom[S](classes, conf)
}

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that contain a custom
// schedule:
//
//	lince.Options{Schedules: map[string]lince.ScheduleDecoder{"Name": schedule.FromConfig[Name]}}
func FromConfig[T Schedule](text json.RawMessage) (Schedule, error) {
	return config.DecodeCustomJSON[T](classes, text)
}
