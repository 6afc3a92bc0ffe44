package initializer

import (
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
)

// table lists the initializers: the Keras class, the other names that Keras' get() takes
// (besides the class in snake case), and how its config is read.
var table = []struct {
	class  string
	short  []string
	decode func(*config.Reader) Initializer
}{
	{"GlorotUniform", []string{"glorot_uniform"}, func(r *config.Reader) Initializer { return GlorotUniform{r.OptInt("seed")} }},
	{"GlorotNormal", []string{"glorot_normal"}, func(r *config.Reader) Initializer { return GlorotNormal{r.OptInt("seed")} }},
	{"HeUniform", []string{"he_uniform"}, func(r *config.Reader) Initializer { return HeUniform{r.OptInt("seed")} }},
	{"HeNormal", []string{"he_normal"}, func(r *config.Reader) Initializer { return HeNormal{r.OptInt("seed")} }},
	{"LecunUniform", []string{"lecun_uniform"}, func(r *config.Reader) Initializer { return LecunUniform{r.OptInt("seed")} }},
	{"LecunNormal", []string{"lecun_normal"}, func(r *config.Reader) Initializer { return LecunNormal{r.OptInt("seed")} }},
	{"VarianceScaling", []string{"variance_scaling"}, func(r *config.Reader) Initializer {
		return VarianceScaling{
			Scale:        r.Float("scale", 1, config.Positive, math.MaxFloat64),
			Mode:         Mode(r.OneOf("mode", string(FanIn), string(FanOut), string(FanAvg))),
			Distribution: Distribution(r.OneOf("distribution", "truncated_normal", "untruncated_normal", "uniform")),
			Seed:         r.OptInt("seed"),
		}
	}},
	{"RandomNormal", []string{"random_normal", "normal"}, func(r *config.Reader) Initializer {
		return RandomNormal{number(r, "mean"), spread(r), r.OptInt("seed")}
	}},
	{"TruncatedNormal", []string{"truncated_normal"}, func(r *config.Reader) Initializer {
		return TruncatedNormal{number(r, "mean"), spread(r), r.OptInt("seed")}
	}},
	{"RandomUniform", []string{"random_uniform", "uniform"}, func(r *config.Reader) Initializer {
		any := math.MaxFloat64
		return RandomUniform{r.OptFloat("minval", -any, any), r.OptFloat("maxval", -any, any), r.OptInt("seed")}
	}},
	{"Zeros", []string{"zeros", "zero"}, func(*config.Reader) Initializer { return Zeros{} }},
	{"Ones", []string{"ones", "one"}, func(*config.Reader) Initializer { return Ones{} }},
	{"Constant", []string{"constant"}, func(r *config.Reader) Initializer { return Constant{number(r, "value")} }},
}

func number(r *config.Reader, key string) float64 {
	return r.Float(key, 0, -math.MaxFloat64, math.MaxFloat64)
}

func spread(r *config.Reader) float64 {
	return r.Float("stddev", defaultSpread, config.Positive, math.MaxFloat64)
}

// Classes lists the Keras classes that there are.
func Classes() []string {
	names := make([]string, len(table))
	for i, t := range table {
		names[i] = t.class
	}
	return names
}

// Check says what is wrong with the settings of an initializer of this package. It reads
// them back as those of a file are read.
func Check(i Initializer) error {
	if !slices.Contains(Classes(), i.Class()) {
		return nil
	}
	_, err := Decode(i.Class(), i.Config())
	return err
}

// Decode makes an initializer from a Keras class name, or the short form of one
// ("glorot_uniform"), and its config.
func Decode(class string, conf map[string]any) (Initializer, error) {
	var names []string
	for _, t := range table {
		names = append(names, t.class)
		names = append(names, t.short...)
		for _, n := range names[len(names)-1-len(t.short):] {
			if n == class {
				r := config.Read(t.class, conf)
				r.Ignore("dtype")
				i := t.decode(r)
				if err := r.Err(); err != nil {
					return nil, fmt.Errorf("initializer %w", err)
				}
				return i, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no initializer %q%s", class, suggest.Hint(class, Classes()))
}
