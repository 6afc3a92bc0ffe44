package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// TestOverflow uses models whose weights are finite, and that compute numbers that float32 does not have: every command names the first layer that does, and writes no such numbers.
func TestOverflow(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 8))
	rows := "filename,category\n"
	for i, name := range sorted(pngs(t, 8)) {
		rows += name + "," + []string{"1.5", "2", "3.25", "4"}[i%4] + "\n"
	}
	put(t, "set", map[string][]byte{"ages.csv": []byte(rows)})
	for _, regression := range []bool{false, true} {
		last := layer.Dense{Units: 2, Activation: layer.Softmax}
		if regression {
			last = layer.Dense{Units: 1}
		}
		m, err := lince.Options{Seed: 1}.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: 4}, layer.Dense{Units: 4, Name: "deep"}, last)
		if err != nil {
			t.Fatal(err)
		}
		weights := m.Weights()
		for _, w := range weights {
			for i := range w.Float32s() {
				w.Float32s()[i] *= 1e30
			}
		}
		if err := m.SetWeights(weights); err != nil {
			t.Fatal(err)
		}
		m.Regression = regression
		if !regression {
			m.Classes = []string{"cat", "dog"}
		}
		if err := m.Compile(defaultCompile(m)); err != nil {
			t.Fatal(err)
		}
		if err := m.Save("over.keras"); err != nil {
			t.Fatal(err)
		}
		source := "set"
		if regression {
			source = "set/ages.csv"
		}
		for _, args := range [][]string{
			{"features", "over.keras", "set", "--out", "f.npy"},
			{"features", "over.keras", "set", "--out", "f.npz", "--neighbors", "2"},
			{"predict", "over.keras", "set"},
			{"evaluate", "over.keras", source},
			{"train", source, "--model", "over.keras", "--epochs", "1", "--out", "r", "--overwrite"},
			{"train", source, "--model", "over.keras", "--epochs", "1", "--tune", "1m", "--out", "r", "--overwrite"},
		} {
			if regression && args[0] == "train" && args[len(args)-4] == "1m" {
				continue // --tune is for classes
			}
			if regression && args[0] == "train" {
				args = append(args, "--task", "regress")
			}
			o := run(t, args...)
			text := o.stderr
			if o.code != exitFailure || !strings.Contains(text, "the layer deep (") || strings.Contains(text, "--lr") || strings.Contains(text, "lower the") || strings.Contains(o.stdout, "NaN%") {
				t.Errorf("%v, regression %v: exit code %d\n%s", args, regression, o.code, text)
			}
			if args[0] == "train" && !strings.Contains(text, "warning: the val_loss of the initial model over.keras is ") {
				t.Errorf("%v: no warning of the initial model:\n%s", args, text)
			}
		}
		for _, name := range []string{"f.npy", "f.npz"} {
			if _, err := os.Stat(name); err == nil {
				t.Errorf("%s was written", name)
			}
		}
	}
}
