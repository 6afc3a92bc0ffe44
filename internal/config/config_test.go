package config

import (
	"encoding/json"
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v       any
		i       int
		isInt   bool
		f       float64
		isFloat bool
	}{
		{3, 3, true, 3, true}, {int64(-3), -3, true, -3, true}, {3., 3, true, 3, true}, {2.5, 0, false, 2.5, true},
		{json.Number("7"), 7, true, 7, true}, {json.Number("7.0"), 7, true, 7, true}, {json.Number("1e-7"), 0, false, 1e-7, true},
		{json.Number("x"), 0, false, 0, false}, {json.Number("1e999"), 0, false, 0, false}, {1e300, 0, false, 1e300, true},
		{math.Inf(1), 0, false, math.Inf(1), false}, {"3", 0, false, 0, false}, {nil, 0, false, 0, false}, {true, 0, false, 0, false},
	} {
		if i, ok := Int(c.v); ok != c.isInt || i != c.i {
			t.Errorf("Int(%#v) = %d, %t", c.v, i, ok)
		}
		if f, ok := Float(c.v); ok != c.isFloat || ok && f != c.f {
			t.Errorf("Float(%#v) = %v, %t", c.v, f, ok)
		}
	}
}

func TestReader(t *testing.T) {
	var conf map[string]any
	if err := json.Unmarshal([]byte(`{"name":"n","i":3,"list":[1,2],"one":4,"f":0.5,"b":true,"s":"x","null":null,
		"dtype":{"module":"keras","class_name":"DTypePolicy","config":{"name":"float32"}},"unset":null}`), &conf); err != nil {
		t.Fatal(err)
	}
	r := Read("It", conf)
	if got := r.Int("i", 1, 0, 9); got != 3 {
		t.Error(got)
	}
	if got := r.Int("null", 7, 0, 9); got != 7 {
		t.Error(got)
	}
	if got := r.Ints("list", nil, 2, 0, 9); len(got) != 2 || got[1] != 2 {
		t.Error(got)
	}
	if got := r.Ints("one", nil, 2, 0, 9); len(got) != 2 || got[1] != 4 {
		t.Error(got)
	}
	if r.Float("f", 1, 0, 1) != .5 || !r.Bool("b", false) || r.Text("s", "") != "x" || r.Text("name", "") != "n" || r.OneOf("s", "y", "x") != "x" {
		t.Error("values are not those of the config")
	}
	r.Float32("dtype")
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	want := "It \"n\": i is 3, want an integer from 4 to 9\n" +
		"It \"n\": list is [1,2], want 3 integers from 0 to 9\n" +
		"It \"n\": f is 0.5, want a number greater than 0 and at most 0.25"
	r = Read("It", map[string]any{"name": "n", "i": 3, "list": []int{1, 2}, "f": .5})
	r.Ignore("name")
	r.Int("i", 5, 4, 9)
	r.Ints("list", nil, 3, 0, 9)
	r.Float("f", 1, Positive, .25)
	if err := r.Err(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A long value does not make a long message.
func TestShow(t *testing.T) {
	long := make([]int, 1000)
	if s := Show(long); len(s) != 80 {
		t.Errorf("%d bytes: %s", len(s), s)
	}
	if s := Show(math.NaN()); s != "NaN" {
		t.Errorf("NaN is %s", s)
	}
	if s := Show(func() {}); s != "a func()" {
		t.Error(s)
	}
}
