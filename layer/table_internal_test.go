package layer

import (
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// TestDefaultsOfTags holds that a default in a tag is the default of the class.
func TestDefaultsOfTags(t *testing.T) {
	if p := parsePads("0"); *p != (Pads{}) {
		t.Errorf("pads of 0: got %v", *p)
	}
	if p := parsePads("2"); *p != (Pads{{2, 2}, {2, 2}}) {
		t.Errorf("pads of 2: got %v", *p)
	}
	if n := parseNumbers("0.5"); len(n) != 1 || n[0] != 0.5 {
		t.Errorf("the number 0.5: got %v", n)
	}
	if d := parseDType("int32"); d != tensor.Int32 {
		t.Errorf("int32: got %v", d)
	}
	defer func() {
		if recover() == nil {
			t.Error("a default padding in a tag is ignored")
		}
	}()
	noDefault[Padding]("same")
}
