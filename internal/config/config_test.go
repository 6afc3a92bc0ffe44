package config

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// every has a field for each option of a tag and each type.
type every struct {
	Count   int       `keras:"count,required,count"`
	Steps   int       `keras:"steps,default=1,min=1,max=9"`
	Any     int       `keras:"any"`
	Axis    int       `keras:"axis,default=-1"`
	Part    float64   `keras:"part,min=0,below=1"`
	Rate    float64   `keras:"rate,default=0.5,above=0,max=2"`
	Decay   float64   `keras:"decay,none,min=0"`
	Seed    *int      `keras:"seed"`
	Epsilon *float64  `keras:"epsilon,default=1e-7,min=0"`
	Flag    bool      `keras:"flag"`
	NoBias  bool      `keras:"use_bias,inverted"`
	Mode    mode      `keras:"mode,oneof=fast|slow"`
	Size    [2]int    `keras:"size,default=2,count"`
	Stride  [2]int    `keras:"stride,like=Size,count"`
	Axes    []int     `keras:"axes,min=-3"`
	Scale   []float64 `keras:"scale"`
	Color   color     `keras:"color,default=red"`
	Shade   color     `keras:"shade,oneof=light|dark"`
	Length  int       `keras:"length,default=3,count,tuple"`
	Extra   *int      `keras:"extra,min=0,tuple"`
	Name    string    `keras:"name,omitempty"`

	Of int // a field without a tag

	_ struct{} `keras:"format,only=last|-1"`
	_ struct{} `keras:"old,only=null,omit"`
	_ struct{} `keras:"note,any=0.5"`
	_ struct{} `keras:"penalty,training,omit"`
	_ struct{} `keras:"init_initializer,any,omit"`
}

type mode string

type color struct{ name string }

var kinds = &Registry[any]{
	Kind:    "kind",
	Classes: []Entry[any]{{Of: every{}, Class: "Every", Names: []string{"all"}, Aliases: []string{"Each"}}},
	Types: []Type{TypeOf(
		func(c color) any { return c.name },
		func(r *Reader, key string, _ any) (color, bool) { return color{r.Text(key, "")}, true },
		func(c color) error {
			if c.name == "none" {
				return errors.New("no color")
			}
			return nil
		},
		func(s string) color { return color{s} },
	)},
	Common: struct {
		_ struct{} `keras:"dtype,only=float32,omit"`
	}{},
	Check: func(c any) error {
		if e, ok := c.(every); ok && e.Steps == 7 {
			return errors.Join(errors.New("7 steps"), errors.New("of all numbers"))
		}
		return nil
	},
}

func read(t *testing.T, text string) map[string]any {
	t.Helper()
	var conf map[string]any
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		t.Fatal(err)
	}
	return conf
}

func TestConfig(t *testing.T) {
	defaults := map[string]any{
		"count": 3, "steps": 1, "any": 0, "axis": -1, "part": 0., "rate": .5, "decay": nil, "seed": nil, "epsilon": 1e-7, "flag": false, "use_bias": true,
		"mode": "fast", "size": []int{2, 2}, "stride": []int{2, 2}, "axes": nil, "scale": nil, "color": "red", "shade": "light", "length": []int{3}, "extra": nil, "format": "last", "note": .5,
	}
	if d := cmp.Diff(defaults, kinds.Config(every{Count: 3})); d != "" {
		t.Error(d)
	}
	full := every{
		Count: 1, Steps: 9, Any: -4, Part: .25, Rate: 2, Decay: 1, Seed: new(0), Epsilon: new(0.), Flag: true, NoBias: true, Mode: "slow",
		Size: [2]int{1, 3}, Stride: [2]int{4, 5}, Axes: []int{-3, 2}, Scale: []float64{.5, 1}, Color: color{"blue"}, Shade: color{"dark"}, Length: 4, Extra: new(0), Name: "n",
	}
	want := map[string]any{
		"count": 1, "steps": 9, "any": -4, "axis": -1, "part": .25, "rate": 2., "decay": 1., "seed": 0, "epsilon": 0., "flag": true, "use_bias": false,
		"mode": "slow", "size": []int{1, 3}, "stride": []int{4, 5}, "axes": []int{-3, 2}, "scale": []any{.5, 1.}, "color": "blue", "shade": "dark", "length": []int{4}, "extra": []int{0}, "format": "last", "note": .5, "name": "n",
	}
	if d := cmp.Diff(want, kinds.Config(full)); d != "" {
		t.Error(d)
	}
	for _, v := range []every{{Count: 3}, full} {
		data, err := json.Marshal(kinds.Config(v))
		if err != nil {
			t.Fatal(err)
		}
		again, ignored, err := kinds.Decode("Every", read(t, string(data)), false)
		if err != nil || ignored != nil {
			t.Fatal(err, ignored)
		}
		if d := cmp.Diff(kinds.Config(v), kinds.Config(again)); d != "" {
			t.Error(d)
		}
		if wrong := kinds.Wrong(again); wrong != nil {
			t.Error(wrong)
		}
	}
}

// TestPointer passes pointers to structs.
func TestPointer(t *testing.T) {
	v := &every{Count: 3}
	if d := cmp.Diff(kinds.Config(v), kinds.Config(v)); d != "" {
		t.Error(d)
	}
	if got := kinds.Fill(v).(*every); got.Steps != 1 || v.Steps != 0 {
		t.Errorf("filled %+v of %+v", got, v)
	}
	v.Count = 0
	if wrong := kinds.Wrong(v); len(wrong) != 1 {
		t.Error(wrong)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ conf, want string }{
		{`{"count":5,"size":3,"scale":2,"dtype":{"class_name":"DTypePolicy","config":{"name":"float32"}},"unset":null,"format":-1,"old":null,"note":"x"}`, ""},
		{`{}`, "count is missing"},
		{`{"count":null}`, "count is missing"},
		{`{"count":16777217}`, "count is 16777217, want an integer from 1 to 16777216"},
		{`{"count":1,"any":0.5}`, "any is 0.5, want an integer"},
		{`{"count":1,"part":1,"rate":0,"decay":-1,"epsilon":"x"}`, "part is 1, want a number greater than or equal to 0 and less than 1\nrate is 0, want a number greater than 0 and less than or equal to 2\ndecay is -1, want a number greater than or equal to 0\nepsilon is \"x\", want a number greater than or equal to 0"},
		{`{"count":1,"seed":1.5,"flag":1,"use_bias":"no"}`, "seed is 1.5, want an integer\nflag is 1, want true or false\nuse_bias is \"no\", want true or false"},
		{`{"count":1,"steps":0,"size":0}`, "steps is 0, want an integer from 1 to 9\nsize is 0, want 2 integers from 1 to 16777216"},
		{`{"count":1,"axis":0}`, "axis is 0, want an integer other than 0"},
		{`{"count":1,"mode":"sloww"}`, `mode is "sloww"; did you mean slow?`},
		{`{"count":1,"size":[1,2,3],"stride":[0,1],"axes":[-4],"scale":[1,"x"]}`, "size is [1,2,3], want 2 integers from 1 to 16777216\nstride is [0,1], want 2 integers from 1 to 16777216\naxes is [-4], want integers greater than or equal to -3\nscale is [1,\"x\"], want numbers"},
		{`{"count":1,"length":5,"extra":[1]}`, ""},
		{`{"count":1,"length":[1,2],"extra":-1,"shade":"drak"}`, "shade is \"drak\"; did you mean dark?\nlength is [1,2], want an integer from 1 to 16777216\nextra is -1, want an integer greater than or equal to 0"},
		{`{"count":1,"scale":1e39}`, "scale is 1e+39, want a number in the range of float32"},
		{`{"count":1,"format":"first","old":1,"dtype":"float16"}`, "format is \"first\": not supported yet, want \"last\"\nold is 1: not supported yet, want null\ndtype is \"float16\": not supported yet, want \"float32\""},
		{`{"count":1,"penalty":"l2","init_regularizer":"l1","init_constraint":2}`, "penalty is \"l2\": not supported in training yet, want null\ninit_regularizer is \"l1\": not supported in training yet, want null\ninit_constraint is 2, want null or a Keras object"},
		{`{"count":0,"steps":7,"stepps":1}`, "count is 0, want an integer from 1 to 16777216\n7 steps\nof all numbers\nunknown key \"stepps\"; did you mean steps?"},
	} {
		_, _, err := kinds.Decode("Every", read(t, c.conf), false)
		want := ""
		if c.want != "" {
			want = "kind Every: " + strings.ReplaceAll(c.want, "\n", "\nkind Every: ")
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.conf, got, want)
		}
	}
	v, ignored, err := kinds.Decode("Every", read(t, `{"count":5,"size":3,"name":"n","penalty":"l2"}`), true)
	if err != nil || v.(every).Size != [2]int{3, 3} || v.(every).Name != "n" || len(ignored) != 1 || ignored[0].String() != `penalty "l2"` {
		t.Errorf("got %+v, %v, %v", v, ignored, err)
	}
	if _, _, err := kinds.Decode("Evry", nil, false); err == nil || err.Error() != `there is no kind class "Evry"; did you mean Every?` {
		t.Error(err)
	}
	if v, _, err := kinds.Decode("Each", read(t, `{"count":5}`), false); err != nil || v.(every).Count != 5 {
		t.Errorf("got %+v, %v", v, err)
	}
	if class, err := kinds.Find("all"); err != nil || class != "Every" {
		t.Errorf("%q, %v", class, err)
	}
	if _, err := kinds.Find("al"); err == nil || err.Error() != `there is no kind "al"; did you mean all?` {
		t.Error(err)
	}
}

func TestWrong(t *testing.T) {
	for _, c := range []struct {
		v    every
		want string
	}{
		{every{Count: 1}, ""},
		{every{}, "Count is not set, want an integer from 1 to 16777216"},
		{every{Count: -1, Steps: 10, Part: math.NaN(), Rate: math.Inf(1)}, "Count is -1, want an integer from 1 to 16777216\nSteps is 10, want an integer from 1 to 9\nPart is NaN, want a number greater than or equal to 0 and less than 1\nRate is +Inf, want a number greater than 0 and less than or equal to 2"},
		{every{Count: 1, Epsilon: new(-1.), Mode: "medium", Size: [2]int{1, 0}}, "Epsilon is -1, want a number greater than or equal to 0\nMode is \"medium\", want one of fast, slow\nSize is [1 0], want 2 integers from 1 to 16777216"},
		{every{Count: 1, Color: color{"none"}, Scale: []float64{math.Inf(-1)}}, "Scale is [-Inf], want numbers\nColor: no color"},
		{every{Count: 1, Shade: color{"none"}, Length: -1}, "Shade is {none}, want one of light, dark\nLength is -1, want an integer from 1 to 16777216"},
		{every{Steps: 7}, "Count is not set, want an integer from 1 to 16777216\n7 steps\nof all numbers"},
	} {
		got := ""
		if err := errors.Join(kinds.Wrong(c.v)...); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.v, got, c.want)
		}
	}
}

// TestBadTags checks that invalid tags panic.
func TestBadTags(t *testing.T) {
	for _, v := range []any{
		struct {
			A int `keras:"a,min=x"`
		}{},
		struct {
			A int `keras:"a,atleast=1"`
		}{},
		struct {
			a int `keras:"a"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %T", v)
				}
			}()
			Describe(v)
		}()
	}
}

func TestDescribe(t *testing.T) {
	got := Describe(every{})
	for _, want := range []Row{
		{"Count", "count", "", "an integer from 1 to 16777216"},
		{"Decay", "decay", "none", "a number greater than or equal to 0"},
		{"NoBias", "use_bias", "true", "true or false"},
		{"Mode", "mode", "fast", "fast, slow"},
		{"Stride", "stride", "Size", "2 integers from 1 to 16777216"},
		{"Any", "any", "0", "an integer"},
		{"", "format", `"last"`, `only "last", -1`},
	} {
		found := false
		for _, r := range got {
			found = found || r == want
		}
		if !found {
			t.Errorf("no %+v in %+v", want, got)
		}
	}
}

// TestShow checks that long values are cut off.
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
