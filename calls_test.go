package lince_test

import (
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// Calls lists each call after those whose results it takes, and its symbols are those of Inputs, Outputs and Output.
func TestCalls(t *testing.T) {
	for name, build := range networks {
		m, err := build()
		if err != nil {
			t.Fatal(err)
		}
		made := map[*lince.Symbol]bool{}
		calls := map[string]int{}
		for _, c := range m.Calls() {
			if (len(c.In) == 0) != (c.Layer.Class() == "InputLayer") {
				t.Errorf("%s: %s has %d operands", name, c.Layer.Name(), len(c.In))
			}
			for _, s := range c.In {
				if !made[s] {
					t.Errorf("%s: %s takes a symbol that no call before it computes", name, c.Layer.Name())
				}
			}
			for _, s := range c.Out {
				made[s] = true
			}
			if calls[c.Layer.Name()] == 0 && c.Layer.Output().Values()[0] != c.Out[0] {
				t.Errorf("%s: the output of %s is another symbol", name, c.Layer.Name())
			}
			calls[c.Layer.Name()]++
		}
		for _, s := range append(m.Inputs().Values(), m.Outputs().Values()...) {
			if !made[s] {
				t.Errorf("%s: no call computes %v", name, s)
			}
		}
		for _, l := range m.Layers() {
			if want := map[bool]int{true: 2, false: 1}[name == "shared" && l.Name() == "body"]; calls[l.Name()] != want {
				t.Errorf("%s: %s is called %d times, want %d", name, l.Name(), calls[l.Name()], want)
			}
		}
	}
	// A Sequential lists its Input, though Layers does not.
	m, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 3}, layer.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range m.Calls() {
		names = append(names, c.Layer.Name())
	}
	if got := strings.Join(names, " "); got != "input_layer dense dense_1" {
		t.Errorf("the calls are %s", got)
	}
}
