package kernel

import (
	"slices"
	"strings"
	"testing"
)

func TestAvailable(t *testing.T) {
	list := Available()
	if list[len(list)-1] != Generic {
		t.Errorf("Available() = %v: want generic last", list)
	}
	for _, isa := range list {
		got, err := detect(isa.String())
		if err != nil || got != isa {
			t.Errorf("LINCE_ISA=%v: got %v, %v", isa, got, err)
		}
	}
	if got, err := detect(""); err != nil || got != list[0] {
		t.Errorf("no LINCE_ISA: got %v, %v; want %v", got, err, list[0])
	}
}

func TestDetectRefuses(t *testing.T) {
	_, unknown := detect("sse9")
	if unknown == nil {
		t.Fatal("an unknown name: no error")
	}
	for _, s := range isas {
		if !strings.Contains(unknown.Error(), s.name) {
			t.Errorf("an unknown name: %v: no %s", unknown, s.name)
		}
		if slices.Contains(Available(), s.isa) {
			continue
		}
		if _, err := detect(s.name); err == nil || !strings.Contains(err.Error(), "this machine has no "+s.name) {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for n := range 40 {
		for parts := 1; parts < 9; parts++ {
			next := 0
			for i := range parts {
				lo, hi := Split(n, parts, i)
				if lo != next || hi-lo > CeilDiv(n, parts) || hi-lo < n/parts {
					t.Fatalf("Split(%d, %d, %d) = %d, %d after %d", n, parts, i, lo, hi, next)
				}
				next = hi
			}
			if next != n {
				t.Fatalf("Split(%d, %d) ends at %d", n, parts, next)
			}
		}
	}
}
