package preprocess

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/suggest"
)

// table lists the steps with their names in files. A new step needs a row here and a type.
var table = []struct {
	name string
	step Step // its zero value
}{
	{"decode", Decode{}},
	{"resize", Resize{}},
	{"center_crop", CenterCrop{}},
	{"bgr", BGR{}},
	{"rescale", Rescale{}},
	{"normalize", Normalize{}},
	{"preprocess_input", Input{}},
}

// nameOf returns a step's name in files, or "" if the type is not in the table.
func nameOf(s Step) string {
	for _, row := range table {
		if reflect.TypeOf(row.step) == reflect.TypeOf(s) {
			return row.name
		}
	}
	return ""
}

var modes = [...]string{Caffe: "caffe", TF: "tf", Torch: "torch"}

// String returns Keras' name of the mode: caffe, tf or torch.
func (m Mode) String() string {
	if int(m) >= len(modes) {
		return fmt.Sprintf("mode %d", uint8(m))
	}
	return modes[m]
}

// MarshalText returns the mode's name, for JSON.
func (m Mode) MarshalText() ([]byte, error) {
	if int(m) >= len(modes) {
		return nil, fmt.Errorf("unknown mode %d", uint8(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText parses the mode's name.
func (m *Mode) UnmarshalText(text []byte) error {
	i := slices.Index(modes[:], string(text))
	if i < 0 {
		return fmt.Errorf("unknown mode %q; want one of %s", text, strings.Join(modes[:], ", "))
	}
	*m = Mode(i)
	return nil
}

// MarshalJSON encodes the list as an array of objects. Each has the step's name under "step", and its fields:
//
//	[{"step":"resize","height":224,"width":224,"interpolation":"nearest"},{"step":"rescale","scale":0.00392}]
//
// It fails if Compile does.
func (s Steps) MarshalJSON() ([]byte, error) {
	if len(s) == 0 {
		return []byte("null"), nil
	}
	if _, err := s.Compile(); err != nil {
		return nil, err
	}
	list := make([]json.RawMessage, len(s))
	for i, step := range s {
		fields, err := json.Marshal(step)
		if err != nil {
			return nil, err
		}
		name := `{"step":"` + nameOf(step) + `"`
		if string(fields) != "{}" {
			name += ","
		}
		list[i] = append([]byte(name), fields[1:]...)
	}
	return json.Marshal(list)
}

// UnmarshalJSON decodes the form that MarshalJSON encodes, and the form of older files:
//
//	{"target_size": [height, width], "color_mode": "rgb", "interpolation": "nearest", "rescale": 0.00392}
//
// Unknown names and keys are errors. The error lists all mistakes. After an error, s is unchanged.
func (s *Steps) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	var steps Steps
	var err error
	switch {
	case string(text) == "null":
	case bytes.HasPrefix(text, []byte("{")):
		steps, err = older(text)
	default:
		steps, err = list(text)
	}
	if err == nil {
		_, err = steps.Compile()
	}
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		steps = nil
	}
	*s = steps
	return nil
}

func list(text []byte) (Steps, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("preprocessing: want a list of steps: %w", plain(err))
	}
	if len(raw) > maxSteps {
		return nil, fmt.Errorf("preprocessing has %d steps, want at most %d", len(raw), maxSteps)
	}
	steps := make(Steps, 0, len(raw))
	var errs []error
	for i, text := range raw {
		name, step, err := decode(text)
		if err != nil {
			if name != "" {
				name = " (" + name + ")"
			}
			errs = append(errs, fmt.Errorf("preprocessing step %d%s: %w", i+1, name, err))
			continue
		}
		steps = append(steps, step)
	}
	return steps, errors.Join(errs...)
}

// decode decodes a step. name is the step's name in the text, or "" if it is missing or unknown.
func decode(text []byte) (name string, step Step, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return "", nil, errors.New(`want an object such as {"step": "resize", "height": 224, "width": 224}`)
	}
	if err := json.Unmarshal(fields["step"], &name); err != nil {
		return "", nil, errors.New(`the step's name is missing; want "step": "resize" or another`)
	}
	delete(fields, "step")
	names := make([]string, len(table))
	for i, row := range table {
		names[i] = row.name
		if row.name != name {
			continue
		}
		rest, err := json.Marshal(fields)
		if err != nil {
			return name, nil, plain(err)
		}
		v := reflect.New(reflect.TypeOf(row.step))
		if err := strict(rest, v.Interface()); err != nil {
			return name, nil, err
		}
		return name, v.Elem().Interface().(Step), nil
	}
	name = short(name, 40)
	return "", nil, fmt.Errorf("unknown step %q%s", name, suggest.Hint(name, names))
}

// older decodes the form that files had before preprocessing was a list.
func older(text []byte) (Steps, error) {
	var o struct {
		TargetSize    [2]int  `json:"target_size"`
		ColorMode     string  `json:"color_mode"`
		Interpolation string  `json:"interpolation"`
		Rescale       float64 `json:"rescale"`
	}
	if err := strict(text, &o); err != nil {
		return nil, fmt.Errorf("preprocessing: %w", err)
	}
	var (
		d    Decode
		r    = Resize{Height: o.TargetSize[0], Width: o.TargetSize[1]}
		errs [2]error
	)
	if o.ColorMode != "" {
		d.ColorMode, errs[0] = picture.ParseColorMode(o.ColorMode)
	}
	if o.Interpolation != "" {
		r.Interpolation, errs[1] = picture.ParseInterpolation(o.Interpolation)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("preprocessing: %w", plain(err))
	}
	steps := Steps{d, r}
	if o.Rescale != 0 {
		steps = append(steps, Rescale{Scale: o.Rescale})
	}
	return steps, nil
}

// strict decodes one object. Unknown keys are errors.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return plain(d.Decode(v))
}

// plain rewrites errors of package json for users.
func plain(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		where := ""
		if kind.Field != "" {
			where = kind.Field + " "
		}
		return fmt.Errorf("%sis a %s, want %s", where, kind.Value, wanted(kind.Type))
	}
	return errors.New(short(strings.TrimPrefix(err.Error(), "json: "), 200))
}

// short truncates text from a file for a message.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct:
		return "an object"
	}
	return "a string"
}
