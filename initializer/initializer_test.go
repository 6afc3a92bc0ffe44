package initializer

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

func TestFans(t *testing.T) {
	for _, c := range []struct {
		shape   tensor.Shape
		in, out int
	}{
		{tensor.Shape{}, 1, 1}, {tensor.Shape{7}, 7, 7}, {tensor.Shape{5, 3}, 5, 3},
		{tensor.Shape{3, 3, 64, 32}, 576, 288}, {tensor.Shape{2, 4, 8}, 8, 16},
	} {
		if in, out := Fans(c.shape); in != c.in || out != c.out {
			t.Errorf("%v: %d, %d, want %d, %d", c.shape, in, out, c.in, c.out)
		}
	}
}

// moments returns the mean, the standard deviation and the largest absolute value.
func moments(v []float32) (mean, stddev, top float64) {
	for _, x := range v {
		mean += float64(x)
		top = max(top, math.Abs(float64(x)))
	}
	mean /= float64(len(v))
	for _, x := range v {
		stddev += (float64(x) - mean) * (float64(x) - mean)
	}
	return mean, math.Sqrt(stddev / float64(len(v))), top
}

func TestDistributions(t *testing.T) {
	// fan_in 1152, fan_out 576
	shape := tensor.Shape{3, 3, 128, 64}
	const in, avg = 1152., 864.
	const cut = .87962566103423978 // the standard deviation of a standard normal distribution truncated to [-2, 2]
	minus, half := -.5, .25
	for _, c := range []struct {
		name              string
		i                 Initializer
		mean, stddev, top float64 // top is 0 if there is no bound
	}{
		{"GlorotUniform", GlorotUniform{}, 0, math.Sqrt(1 / avg), math.Sqrt(3 / avg)},
		{"GlorotNormal", GlorotNormal{}, 0, math.Sqrt(1 / avg), 2 * math.Sqrt(1/avg) / cut},
		{"HeUniform", HeUniform{}, 0, math.Sqrt(2 / in), math.Sqrt(6 / in)},
		{"HeNormal", HeNormal{}, 0, math.Sqrt(2 / in), 2 * math.Sqrt(2/in) / cut},
		{"LecunUniform", LecunUniform{}, 0, math.Sqrt(1 / in), math.Sqrt(3 / in)},
		{"LecunNormal", LecunNormal{}, 0, math.Sqrt(1 / in), 2 * math.Sqrt(1/in) / cut},
		{"VarianceScaling", VarianceScaling{}, 0, math.Sqrt(1 / in), 2 * math.Sqrt(1/in) / cut},
		{"VarianceScaling", VarianceScaling{Scale: 3, Mode: FanOut, Distribution: UntruncatedNormalDistribution}, 0, math.Sqrt(3 / 576.), 0},
		{"RandomNormal", RandomNormal{Mean: 1}, 1, .05, 0},
		{"RandomUniform", RandomUniform{}, 0, .05 / math.Sqrt(3), .05},
		{"RandomUniform", RandomUniform{Minval: &minus, Maxval: &half}, -.125, .75 / math.Sqrt(12), .5},
		{"TruncatedNormal", TruncatedNormal{Stddev: .1}, 0, .1 * cut, .2},
		{"Zeros", Zeros{}, 0, 0, 0},
		{"Ones", Ones{}, 1, 0, 1},
		{"Constant", Constant{.25}, .25, 0, .25},
	} {
		x := tensor.New(tensor.Float32, shape...)
		c.i.Initialize(x, 42)
		n := float64(x.Len())
		mean, stddev, top := moments(x.Float32s())
		if math.Abs(mean-c.mean) > 5*c.stddev/math.Sqrt(n)+1e-9 {
			t.Errorf("%s: mean %v, want %v", c.name, mean, c.mean)
		}
		if math.Abs(stddev-c.stddev) > 5*c.stddev/math.Sqrt(n) {
			t.Errorf("%s: standard deviation %v, want %v", c.name, stddev, c.stddev)
		}
		if c.top != 0 && (top > c.top*(1+1e-6) || top < c.top*.99) {
			t.Errorf("%s: largest absolute value %v, want %v", c.name, top, c.top)
		}
		if ClassOf(c.i) != c.name {
			t.Errorf("class %q, want %q", ClassOf(c.i), c.name)
		}
	}
}

// TestTutorialLimits compares the limits for the tutorial's network with Keras'.
func TestTutorialLimits(t *testing.T) {
	for _, c := range []struct {
		shape tensor.Shape
		want  float64
	}{
		{tensor.Shape{3, 3, 3, 64}, .0997509}, {tensor.Shape{3, 3, 64, 64}, .0721688},
		{tensor.Shape{57600, 64}, .0102005}, {tensor.Shape{64, 2}, .3015113},
	} {
		x := tensor.New(tensor.Float32, c.shape...)
		GlorotUniform{}.Initialize(x, 7)
		if _, _, top := moments(x.Float32s()); top > c.want*(1+1e-5) || top < c.want*.97 {
			t.Errorf("%v: largest absolute value %v, want just below %v", c.shape, top, c.want)
		}
	}
}

// TestBits pins the bits. A change of the bits changes every run with a seed.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		i    Initializer
		want []uint32
	}{
		{GlorotUniform{}, []uint32{0x3e5bfecb, 0x3deb8500, 0x3e508733}},
		{HeNormal{}, []uint32{0x3e9efa3e, 0x3e113289, 0x3e926ea6}},
	} {
		x := tensor.New(tensor.Float32, 3, 3, 4, 5)
		c.i.Initialize(x, 1)
		var got []uint32
		for _, v := range x.Float32s()[:3] {
			got = append(got, math.Float32bits(v))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %#x, want %#x", ClassOf(c.i), got, c.want)
		}
	}
}

// TestChunks checks that an element depends on its index, not on the chunk in which it is computed.
func TestChunks(t *testing.T) {
	const n = 3*chunk + 17
	long := tensor.New(tensor.Float64, n)
	one := RandomNormal{Mean: 2, Stddev: 3}
	one.Initialize(long, 5)
	for _, i := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, n - 1} {
		var u [1]float64
		philox.Float64s(5, i, u[:])
		if got, want := tensor.Values[float64](long)[i], 2+float64(philox.Quantile(u[0])*3); got != want {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
}

func TestSeeds(t *testing.T) {
	draw := func(i Initializer, key uint64) []float32 {
		x := tensor.New(tensor.Float32, 6, 5)
		i.Initialize(x, key)
		return x.Float32s()
	}
	if !slices.Equal(draw(HeNormal{}, 3), draw(HeNormal{}, 3)) || slices.Equal(draw(HeNormal{}, 3), draw(HeNormal{}, 4)) {
		t.Error("values are not those of the key")
	}
	if !slices.Equal(draw(HeNormal{new(0)}, 3), draw(HeNormal{new(0)}, 4)) || slices.Equal(draw(HeNormal{new(0)}, 3), draw(HeNormal{new(1)}, 3)) {
		t.Error("values are not those of the seed")
	}
}

// all has each initializer with its defaults and, if it has fields, with other values.
var all = []Initializer{
	GlorotUniform{}, GlorotUniform{new(7)}, GlorotNormal{}, HeUniform{}, HeNormal{new(0)}, LecunUniform{}, LecunNormal{},
	VarianceScaling{}, VarianceScaling{2.5, FanOut, UniformDistribution, new(3)}, RandomNormal{}, RandomNormal{1, .5, new(1)},
	TruncatedNormal{}, TruncatedNormal{-1, 2, nil}, RandomUniform{}, RandomUniform{new(-1.), new(2.), new(9)},
	Zeros{}, Ones{}, Constant{}, Constant{3}, Orthogonal{}, Orthogonal{2, new(4)}, Identity{}, Identity{-.5},
}

func TestDecode(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range all {
		seen[ClassOf(i)] = true
		j, err := Decode(ClassOf(i), ConfigOf(i))
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(ConfigOf(i), ConfigOf(j)); d != "" {
			t.Errorf("%s: %s", ClassOf(i), d)
		}
		x, y := tensor.New(tensor.Float32, 4, 3), tensor.New(tensor.Float32, 4, 3)
		i.Initialize(x, 5)
		j.Initialize(y, 5)
		if !slices.Equal(x.Float32s(), y.Float32s()) {
			t.Errorf("%s: different values after decoding", ClassOf(i))
		}
	}
	for _, c := range Classes() {
		if !seen[c] {
			t.Errorf("%s has no row in all", c)
		}
	}
	for _, short := range []string{"orthogonal", "OrthogonalInitializer", "identity", "IdentityInitializer", "glorot_uniform", "zeros", "he_normal", "random_uniform"} {
		if _, err := Decode(short, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestDecodeMistakes(t *testing.T) {
	var unknown *UnknownClass
	if _, err := Decode("STFT", nil); !errors.As(err, &unknown) || unknown.Class != "STFT" || unknown.Kind != "initializer" {
		t.Errorf("got %v, want an UnknownClass", err)
	}
	for _, c := range []struct {
		class  string
		config map[string]any
		want   string
	}{
		{"GlorotUnifrom", nil, `there is no initializer class "GlorotUnifrom"; did you mean GlorotUniform?`},
		{"GlorotUniform", map[string]any{"seed": "x"}, `initializer GlorotUniform: seed is "x", want an integer`},
		{"RandomNormal", map[string]any{"stddev": -1., "mean": true}, "initializer RandomNormal: mean is true, want a number\ninitializer RandomNormal: stddev is -1, want a number greater than 0"},
		{"VarianceScaling", map[string]any{"mode": "fan_inn", "scale": 0}, "initializer VarianceScaling: scale is 0, want a number greater than 0\ninitializer VarianceScaling: mode is \"fan_inn\"; did you mean fan_in?"},
		{"Zeros", map[string]any{"value": 1}, `initializer Zeros: unknown key "value"`},
		{"RandomUniform", map[string]any{"minval": .5, "maxval": .25}, "initializer RandomUniform: Minval is 0.5, want at most Maxval, which is 0.25"},
		{"HeNormal", map[string]any{"input_axes": []any{0.}, "output_axes": nil}, "initializer HeNormal: input_axes is [0]: not supported yet, want null"},
		{"Orthogonal", map[string]any{"gain": 0.}, "initializer Orthogonal: gain is 0, want a number other than 0"},
	} {
		_, err := Decode(c.class, c.config)
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, i := range all {
		if err := Check(i); err != nil {
			t.Errorf("%+v: %v", i, err)
		}
	}
	for _, c := range []struct {
		i    Initializer
		want string
	}{
		{RandomNormal{Mean: math.Inf(1), Stddev: -1}, "Mean is +Inf, want a number\nStddev is -1, want a number greater than 0"},
		{VarianceScaling{Scale: math.NaN(), Mode: "fan"}, "Scale is NaN, want a number greater than 0\nMode is \"fan\", want one of fan_in, fan_out, fan_avg"},
		{RandomUniform{Maxval: new(math.NaN())}, "Maxval is NaN, want a number"},
		{RandomUniform{Minval: new(.1)}, "Minval is 0.1, want at most Maxval, which is 0.05"},
		{Identity{Gain: math.Inf(1)}, "Gain is +Inf, want a number"},
		{Constant{1e39}, "Value is 1e+39, want a number in the range of float32"},
	} {
		if err := Check(c.i); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, i := range all {
		in = append(in, map[string]any{"class_name": ClassOf(i), "config": ConfigOf(i), "module": "keras.initializers", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
out = []
for o in json.load(sys.stdin):
    i = keras.initializers.deserialize(o)
    config = i.get_config()
    out.append({k: config.get(k, getattr(i, k, None)) for k in o["config"]})  # Identity has no get_config
print(json.dumps(out))
`, in, &got)
	for i, c := range all {
		j, err := Decode(ClassOf(c), got[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(ConfigOf(c), ConfigOf(j)); d != "" {
			t.Errorf("%s: %s", ClassOf(c), d)
		}
	}
}

func BenchmarkGlorotUniform(b *testing.B) {
	x := tensor.New(tensor.Float32, 57600, 64)
	b.SetBytes(int64(len(x.Raw())))
	for b.Loop() {
		GlorotUniform{}.Initialize(x, 1)
	}
}
