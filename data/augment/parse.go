package augment

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/suggest"
)

// option is an option of a spec: how it is parsed and formatted.
type option struct {
	key   string
	keras string // Keras' name of the argument, which Parse accepts too
	form  string // an example of the value; "" for flags
	help  string
	set   func(g *Generator, value string) error
	get   func(g *Generator) string // "" if the option has its default
}

// options lists all options of a spec in the order in which String writes them.
var options = [...]option{
	number("rotation", "rotation_range", "15", "largest angle in degrees, either way", func(g *Generator) *float64 { return &g.RotationRange }),
	{
		"shift", "", ".1 | 5 | -4/0/4", "sets both wshift and hshift",
		func(g *Generator, v string) error {
			s, err := parseShift(v)
			g.WidthShiftRange, g.HeightShiftRange = s, s
			return err
		},
		func(g *Generator) string {
			if w := g.WidthShiftRange.String(); w == g.HeightShiftRange.String() {
				return w
			}
			return ""
		},
	},
	// The directions are swapped, as in Keras; see Generator.WidthShiftRange.
	shift("wshift", "width_shift_range", "vertical: fraction of width, pixels, or a list", func(g *Generator) (one, other *Shift) {
		return &g.WidthShiftRange, &g.HeightShiftRange
	}),
	shift("hshift", "height_shift_range", "horizontal: fraction of height, pixels, or a list", func(g *Generator) (one, other *Shift) {
		return &g.HeightShiftRange, &g.WidthShiftRange
	}),
	number("shear", "shear_range", ".1", "largest shear angle in degrees, either way", func(g *Generator) *float64 { return &g.ShearRange }),
	span("zoom", "zoom_range", ".2 | .8:1.2", "factor; below 1 enlarges; .2 means .8:1.2", true, func(g *Generator) *Range { return &g.ZoomRange }),
	span("brightness", "brightness_range", ".5:1.5", "factor", false, func(g *Generator) *Range { return &g.BrightnessRange }),
	number("channel", "channel_shift_range", "20", "largest number added to all values, or subtracted", func(g *Generator) *float64 { return &g.ChannelShiftRange }),
	flag("hflip", "horizontal_flip", "mirror half of the images left to right", func(g *Generator) *bool { return &g.HorizontalFlip }),
	flag("vflip", "vertical_flip", "mirror half of the images top to bottom", func(g *Generator) *bool { return &g.VerticalFlip }),
	{
		"fill", "fill_mode", "nearest", "beyond the edge: " + nameList(fillModes[:]),
		func(g *Generator, v string) error {
			for i, name := range fillModes {
				if v == name {
					g.FillMode = FillMode(i)
					return nil
				}
			}
			return fmt.Errorf("unknown mode %q%s", v, hint(v, fillModes[:]))
		},
		func(g *Generator) string {
			if g.FillMode == FillNearest {
				return ""
			}
			return g.FillMode.String()
		},
	},
	number("cval", "cval", "0", "the value outside the image with fill=constant", func(g *Generator) *float64 { return &g.Cval }),
	{
		"order", "interpolation_order", "1", "degree of the interpolating spline, 0 to 5",
		func(g *Generator, v string) error {
			for i, order := range splineOrders {
				if v == strconv.Itoa(order) {
					g.InterpolationOrder = Interpolation(i)
					return nil
				}
			}
			return fmt.Errorf("want a whole number from 0 to 5, got %q", v)
		},
		func(g *Generator) string {
			if g.InterpolationOrder == Linear {
				return ""
			}
			return strconv.Itoa(g.InterpolationOrder.Order())
		},
	},
	number("rescale", "rescale", "1/255", "factor by which every value is multiplied", func(g *Generator) *float64 { return &g.Rescale }),
	flag("samplewise-center", "samplewise_center", "subtract the image's mean", func(g *Generator) *bool { return &g.SamplewiseCenter }),
	flag("samplewise-std", "samplewise_std_normalization", "divide by the image's standard deviation", func(g *Generator) *bool { return &g.SamplewiseStdNormalization }),
	flag("featurewise-center", "featurewise_center", "subtract the dataset's mean", func(g *Generator) *bool { return &g.FeaturewiseCenter }),
	flag("featurewise-std", "featurewise_std_normalization", "divide by the dataset's standard deviation", func(g *Generator) *bool { return &g.FeaturewiseStdNormalization }),
	flag("zca", "zca_whitening", "ZCA whitening", func(g *Generator) *bool { return &g.ZCAWhitening }),
	number("zca-epsilon", "zca_epsilon", "1e-6", "added to the singular values by ZCA whitening", func(g *Generator) *float64 { return &g.ZCAEpsilon }),
	number("validation-split", "validation_split", ".2", "fraction of the rows for validation", func(g *Generator) *float64 { return &g.ValidationSplit }),
}

// Parse parses a spec: options separated by commas, such as "rotation=15,shear=.1,zoom=.2,hflip,shift=.1".
// Help lists the options. Keras' names for them, such as rotation_range, are also accepted. An empty spec is
// the zero Generator. The error lists all mistakes.
//
// As in Python, a shift with a decimal point or an exponent (.1, 5., 1e-1) is Keras' floating-point argument,
// and one without (5) is its integer argument. A list is written 3/5/7, or 3/ for a single value.
func Parse(spec string) (Generator, error) {
	var g Generator
	var errs []error
	seen := map[string]bool{}
	for word := range strings.SplitSeq(spec, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		key, value, has := strings.Cut(word, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		o := find(key)
		switch {
		case o == nil:
			errs = append(errs, fmt.Errorf("augment: unknown option %q%s", key, hint(key, Keys())))
			continue
		case seen[o.key], o.key == "wshift" && seen["shift"], o.key == "hshift" && seen["shift"],
			o.key == "shift" && (seen["wshift"] || seen["hshift"]):
			errs = append(errs, fmt.Errorf("augment: %s is set twice", key))
			continue
		case !has && o.form != "":
			errs = append(errs, fmt.Errorf("augment: %s needs a value, such as %s=%s", key, key, strings.Split(o.form, " ")[0]))
			continue
		case !has:
			value = "true"
		}
		seen[o.key] = true
		if err := o.set(&g, value); err != nil {
			errs = append(errs, fmt.Errorf("augment: %s: %w", key, err))
		}
	}
	if len(errs) == 0 {
		errs = append(errs, g.Check())
	}
	if err := errors.Join(errs...); err != nil {
		return Generator{}, err
	}
	return g, nil
}

// String returns the spec that Parse parses to g. It omits a PreprocessingFunction, which a spec cannot
// express.
func (g Generator) String() string {
	var words []string
	for i := range options {
		o := &options[i]
		switch v := o.get(&g); {
		case v == "":
		case o.form == "":
			words = append(words, o.key)
		default:
			words = append(words, o.key+"="+v)
		}
	}
	return strings.Join(words, ",")
}

// MarshalText returns String, for JSON. It fails if there is a PreprocessingFunction.
func (g Generator) MarshalText() ([]byte, error) {
	if g.PreprocessingFunction != nil {
		return nil, errors.New("augment: a PreprocessingFunction cannot be written as text")
	}
	return []byte(g.String()), nil
}

// UnmarshalText sets g to the result of Parse.
func (g *Generator) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	if err == nil {
		*g = v
	}
	return err
}

// Keys lists the options of a spec, such as "rotation".
func Keys() []string {
	keys := make([]string, len(options))
	for i := range options {
		keys[i] = options[i].key
	}
	return keys
}

// Help returns a line of help for each of the given options, or for all options if none is given.
func Help(keys ...string) string {
	var b strings.Builder
	for _, o := range &options {
		if len(keys) > 0 && !slices.Contains(keys, o.key) {
			continue
		}
		word := o.key
		if o.form != "" {
			word += "=" + o.form
		}
		fmt.Fprintf(&b, "%-24s %s\n", word, o.help)
	}
	return b.String()
}

func find(key string) *option {
	for i := range options {
		if o := &options[i]; key == o.key || key != "" && key == o.keras {
			return o
		}
	}
	return nil
}

func number(key, keras, form, help string, field func(*Generator) *float64) option {
	return option{
		key, keras, form, help,
		func(g *Generator, v string) (err error) {
			*field(g), err = parseNumber(v)
			return err
		},
		func(g *Generator) string {
			if v := *field(g); v != 0 {
				return formatNumber(v)
			}
			return ""
		},
	}
}

func flag(key, keras, help string, field func(*Generator) *bool) option {
	return option{
		key, keras, "", help,
		func(g *Generator, v string) (err error) {
			if *field(g), err = strconv.ParseBool(strings.ToLower(v)); err != nil {
				return fmt.Errorf("want true or false, got %q", v)
			}
			return nil
		},
		func(g *Generator) string {
			if *field(g) {
				return "true"
			}
			return ""
		},
	}
}

func shift(key, keras, help string, fields func(*Generator) (one, other *Shift)) option {
	return option{
		key, keras, ".1 | 5 | -4/0/4", help,
		func(g *Generator, v string) (err error) {
			one, _ := fields(g)
			*one, err = parseShift(v)
			return err
		},
		func(g *Generator) string {
			one, other := fields(g)
			if one.String() == other.String() {
				return "" // written as shift
			}
			return one.String()
		},
	}
}

func span(key, keras, form, help string, scalar bool, field func(*Generator) *Range) option {
	return option{
		key, keras, form, help,
		func(g *Generator, v string) error {
			a, b, ok := strings.Cut(v, ":")
			if !ok && !scalar {
				return fmt.Errorf("want two numbers, such as %s=%s, got %q", key, form, v)
			}
			lo, err := parseNumber(a)
			if err != nil {
				return err
			}
			if !ok {
				*field(g) = Around(lo)
				return nil
			}
			hi, err := parseNumber(b)
			*field(g) = Between(lo, hi)
			return err
		},
		func(g *Generator) string {
			lo, hi, ok := field(g).Bounds()
			if !ok {
				return ""
			}
			return formatNumber(lo) + ":" + formatNumber(hi)
		},
	}
}

func parseShift(v string) (Shift, error) {
	if strings.Contains(v, "/") {
		var values []float64
		for part := range strings.SplitSeq(strings.TrimSuffix(v, "/"), "/") {
			x, err := parseNumber(part)
			if err != nil {
				return Shift{}, err
			}
			values = append(values, x)
		}
		return ShiftChoice(values...), nil
	}
	if n, err := strconv.Atoi(v); err == nil {
		return ShiftPixels(n), nil
	}
	x, err := parseNumber(v)
	return ShiftBy(x), err
}

// String returns the shift as a spec writes it: 0.1, 5, 5.0 or -4/0/4; "" for no shift.
func (s Shift) String() string {
	switch s.kind {
	case shiftBy:
		v := formatNumber(s.most)
		if !strings.ContainsAny(v, ".e") {
			v += "." // not Keras' integer
		}
		return v
	case shiftPixels:
		return strconv.Itoa(s.pixels)
	case shiftChoice:
		parts := make([]string, len(s.choices))
		for i, v := range s.choices {
			parts[i] = formatNumber(v)
		}
		if len(parts) == 1 {
			return parts[0] + "/"
		}
		return strings.Join(parts, "/")
	}
	return ""
}

// parseNumber parses a number or a quotient of two, such as 1/255.
func parseNumber(s string) (float64, error) {
	a, b, quotient := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(a), 64)
	if err == nil && quotient {
		var d float64
		d, err = strconv.ParseFloat(strings.TrimSpace(b), 64)
		v /= d
	}
	if err != nil || !finite(v) {
		return 0, fmt.Errorf("want a number, got %q", s)
	}
	return v, nil
}

// formatNumber formats a number. It writes 1/255 instead of 0.00392156862745098.
func formatNumber(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if len(s) > 12 {
		if d := strconv.FormatFloat(1/v, 'f', -1, 64); len(d) < 8 && finite(1/v) {
			if back, err := parseNumber("1/" + d); err == nil && back == v {
				return "1/" + d
			}
		}
	}
	return s
}

// hint suggests the word that a misspelled one may stand for.
func hint(word string, words []string) string {
	if len(word) > 40 {
		return "" // not a typing mistake
	}
	return suggest.Hint(word, words)
}
