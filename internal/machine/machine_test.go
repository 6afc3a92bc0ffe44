package machine

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
)

// The figures are the machine's; that they are there, and in proportion to a clock and a
// bus that exist, is all a test can ask.
func TestMeasure(t *testing.T) {
	for _, isa := range kernel.Available() {
		l := Measure(isa, 1)
		if l.Threads != 1 || l.FMA < .01 || l.FMA > 1e5 || l.Read < .01 || l.Read > 1e5 || l.Copy < .01 || l.Copy > 1e5 {
			t.Errorf("%v: %+v", isa, l)
		}
		t.Logf("%v: %+v", isa, l)
	}
}
