package machine

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

// The results depend on the machine, so the test only checks that they are plausible for any clock and bus.
func TestMeasure(t *testing.T) {
	for _, isa := range kernel.Available() {
		l := Measure(isa, 1)
		if l.Threads != 1 || l.FMA < .01 || l.FMA > 1e5 || l.Read < .01 || l.Read > 1e5 || l.Copy < .01 || l.Copy > 1e5 {
			t.Errorf("%v: %+v", isa, l)
		}
		t.Logf("%v: %+v", isa, l)
	}
}
