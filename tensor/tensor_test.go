package tensor

import (
	"math"
	"testing"
	"unsafe"
)

func TestShapeString(t *testing.T) {
	for _, c := range []struct {
		s    Shape
		want string
	}{{Shape{Unknown, 128, 128, 3}, "(None, 128, 128, 3)"}, {Shape{10}, "(10,)"}, {Shape{}, "()"}} {
		if got := c.s.String(); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

func TestFits(t *testing.T) {
	want := Shape{Unknown, 4}
	for _, c := range []struct {
		s  Shape
		ok bool
	}{{Shape{7, 4}, true}, {Shape{7, 5}, false}, {Shape{7}, false}, {Shape{Unknown, 4}, true}} {
		if got := want.Fits(c.s); got != c.ok {
			t.Errorf("%v fits %v: %v", c.s, want, got)
		}
	}
}

func TestCheckedElements(t *testing.T) {
	for _, s := range []Shape{{math.MaxInt, 2}, {1 << 32, 1 << 32}, {-1}, {3, -7}} {
		if n, err := s.CheckedElements(); err == nil {
			t.Errorf("%v has %d elements", s, n)
		}
	}
	if n, err := (Shape{0, 3}).CheckedElements(); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestMemory(t *testing.T) {
	a := Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	if p := uintptr(unsafe.Pointer(&a.Raw()[0])); p%Align != 0 {
		t.Errorf("memory at %#x", p)
	}
	a.Row(1).Float32s()[0] = 9
	if got := a.Rows(1, 3).Float32s(); got[0] != 9 || got[3] != 6 {
		t.Error(got)
	}
	c := a.Clone()
	a.Float32s()[2] = 7
	if c.Float32s()[2] != 9 {
		t.Error("Clone shares memory")
	}
	if Scalar(int64(5)).Len() != 1 {
		t.Error("a scalar has one element")
	}
}

func TestDTypes(t *testing.T) {
	for d := Float32; d <= Bool; d++ {
		got, err := ParseDType(d.String())
		if err != nil || got != d || d.Size() == 0 {
			t.Errorf("%v: %v %v", d, got, err)
		}
	}
	if _, err := ParseDType("invalid"); err == nil {
		t.Error("invalid is a type")
	}
}
