package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
)

// TestCustomSettings trains files with a loss, an optimizer or metrics that lince does not have: a metric is left out with a warning, and the error for the
// others names the flag that replaces them and no other.
func TestCustomSettings(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 8))
	succeed(t, "train", "set", "--label", "prefix", "--model", network("two.json"), "--epochs", "1", "--optimizer", "adam", "--metrics", "precision,recall", "--out", "r")
	const metric, lossClass, optimizerClass = `"class_name": "Precision"`, `"class_name": "CategoricalCrossentropy"`, `"class_name": "Adam"`
	trained := []byte(read(t, "r", "model.keras"))
	write := func(name string, pairs ...string) {
		put(t, ".", map[string][]byte{name: rezip(t, trained, "config.json", func(s string) string { return strings.NewReplacer(pairs...).Replace(s) })})
	}
	write("metric.keras", metric, `"class_name": "MyMetric"`)
	write("loss.keras", lossClass, `"class_name": "MyLoss"`)
	write("optimizer.keras", optimizerClass, `"class_name": "MyOptimizer"`)
	write("all.keras", metric, `"class_name": "MyMetric"`, lossClass, `"class_name": "MyLoss"`, optimizerClass, `"class_name": "MyOptimizer"`)
	for i, c := range []struct {
		file  string
		flags []string
		code  int
		want  []string // in stderr
		not   string
	}{
		{"metric.keras", nil, exitOK, []string{"ignored in the model's file: a metric: ", "MyMetric"}, ""},
		{"metric.keras", []string{"--metrics", "accuracy"}, exitOK, nil, "ignored"},
		{"metric.keras", []string{"--optimizer", "sgd"}, exitOK, []string{"MyMetric"}, ""},
		{"loss.keras", nil, exitUsage, []string{"choose others with --loss:\n", "MyLoss"}, "--optimizer"},
		{"loss.keras", []string{"--optimizer", "sgd"}, exitUsage, []string{"choose others with --loss:\n"}, ""},
		{"loss.keras", []string{"--loss", "categorical_focal_crossentropy"}, exitOK, nil, "ignored"},
		{"optimizer.keras", nil, exitUsage, []string{"choose others with --optimizer:\n", "MyOptimizer"}, "--loss"},
		{"optimizer.keras", []string{"--optimizer", "adam"}, exitOK, nil, "ignored"},
		{"all.keras", nil, exitUsage, []string{"choose others with --loss and --optimizer:\n", "MyMetric", "MyLoss", "MyOptimizer"}, ""},
		{"all.keras", []string{"--loss", "categorical_crossentropy", "--optimizer", "sgd"}, exitOK, []string{"MyMetric"}, "MyLoss"},
		{"all.keras", []string{"--loss", "categorical_crossentropy", "--optimizer", "sgd", "--metrics", "accuracy"}, exitOK, nil, "ignored"},
	} {
		out := "out" + string(rune('a'+i))
		o := run(t, slices.Concat([]string{"train", "set", "--label", "prefix", "--model", c.file, "--epochs", "1", "--out", out}, c.flags)...)
		if o.code != c.code || c.not != "" && strings.Contains(o.stderr, c.not) {
			t.Errorf("%s %v: exit code %d, want %d: %s", c.file, c.flags, o.code, c.code, o.stderr)
			continue
		}
		contains(t, c.file+strings.Join(c.flags, " "), o.stderr, c.want...)
		if c.code != exitOK {
			continue
		}
		m := open(t, out+"/model.keras")
		compiled, ok := m.Compiled()
		wantLoss, wantOptimizer := "CategoricalCrossentropy", "Adam"
		if c.file == "loss.keras" {
			wantLoss = "CategoricalFocalCrossentropy"
		}
		if slices.Contains(c.flags, "sgd") {
			wantOptimizer = "SGD"
		}
		if !ok || loss.ClassOf(compiled.Loss) != wantLoss || optimizer.ClassOf(compiled.Optimizer) != wantOptimizer {
			t.Errorf("%s %v: %+v", c.file, c.flags, compiled)
		}
	}
}
