package mutate

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
)

type inner struct {
	Name string
	Dims []int64
	X    *int32
}

type outer struct {
	Inners []*inner
	Data   []byte
	F      float32
	Any    map[string]any
	hidden int
}

func sampleOuter() *outer {
	x := int32(3)
	return &outer{
		Inners: []*inner{{"a", []int64{1, 2}, &x}, {"b", nil, nil}},
		Data:   []byte("data"), F: 1.5, Any: map[string]any{"k": []any{1.0, "s"}, "l": 2.0}, hidden: 7,
	}
}

// Each part of a value changes in some mutant, and the same random numbers give the same mutant.
func TestValue(t *testing.T) {
	changed := map[string]bool{}
	for i := range 2000 {
		var texts [2]string
		for k := range texts {
			v := sampleOuter()
			Value(rand.New(rand.NewPCG(uint64(i), 0)), v)
			if v.hidden != 7 {
				t.Fatal("an unexported field changed")
			}
			b, err := json.Marshal(v)
			if err != nil {
				b = []byte(err.Error()) // NaN
			}
			texts[k] = string(b)
			if k == 0 {
				continue
			}
			was := sampleOuter()
			for name, same := range map[string]bool{
				"inners": len(v.Inners) == 2, "name": len(v.Inners) < 1 || v.Inners[0] == nil || v.Inners[0].Name == "a",
				"dims": len(v.Inners) < 1 || v.Inners[0] == nil || len(v.Inners[0].Dims) == 2, "x": len(v.Inners) < 1 || v.Inners[0] == nil || v.Inners[0].X != nil && *v.Inners[0].X == 3,
				"data": bytes.Equal(v.Data, was.Data), "f": v.F == was.F, "any": len(v.Any) == 2,
			} {
				if !same {
					changed[name] = true
				}
			}
		}
		if texts[0] != texts[1] {
			t.Fatalf("mutant %d: %s and %s", i, texts[0], texts[1])
		}
	}
	if len(changed) != 7 {
		t.Errorf("only %v changed", changed)
	}
}

// A mutant differs from its seed, which stays.
func TestBytes(t *testing.T) {
	seed := []byte("the content of a file")
	same := 0
	for i := range 1000 {
		if bytes.Equal(Bytes(rand.New(rand.NewPCG(uint64(i), 0)), seed), seed) {
			same++
		}
	}
	if same > 50 || string(seed) != "the content of a file" {
		t.Errorf("%d of 1000 mutants are equal to the seed, which is now %q", same, seed)
	}
}

// A reader that panics, or that allocates too much, fails.
func TestRuns(t *testing.T) {
	s := Runs{Read: func(_ *testing.T, b []byte) { _ = b[1] }}
	if err := s.run(t, []byte{1}); err == nil {
		t.Error("a panic is not a failure")
	}
	n := 0
	Runs{Seeds: [][]byte{{1, 2, 3}}, Read: func(*testing.T, []byte) { n++ }}.Test(t)
	if n < usual {
		t.Errorf("%d runs", n)
	}
}
