package zoo

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// budget is how many parameters the models of a network may have together unless LINCE_PYTHON is set: the tests that always run must be fast.
const budget = 30e6

// kerasCase is what keras.applications makes of some arguments; see internal/golden/zoo.py.
type kerasCase struct {
	Arguments  map[string]any
	Name       string
	Parameters int
	Layers     []string
	Gain       float64 // of the weights; 6 if it is 0
	Outputs    []float32
}

// TestAgainstKeras compares each network with the function of keras.applications that has its name: the model's name, layers with their
// classes, shapes, parameters and connections, and its outputs for weights by formula.
func TestAgainstKeras(t *testing.T) {
	for _, n := range Networks() {
		if strings.HasPrefix(n.Title, "EfficientNetLite") {
			continue // Keras does not have it
		}
		t.Run(n.Title, func(t *testing.T) {
			cases, left := kerasCases(t, n.Title), int(budget)
			slices.SortStableFunc(cases, func(a, b kerasCase) int { return cmp.Compare(len(b.Outputs), len(a.Outputs)) }) // those with outputs first
			for _, c := range cases {
				if c.Parameters > left && os.Getenv("LINCE_PYTHON") == "" {
					t.Logf("%v is skipped: its %d parameters need LINCE_PYTHON", c.Arguments, c.Parameters)
					continue
				}
				left -= c.Parameters
				m, err := n.New(optionsOf(t, c.Arguments))
				if err != nil {
					t.Fatalf("%v: %v", c.Arguments, err)
				}
				if m.Name() != c.Name || m.CountParams() != c.Parameters {
					t.Errorf("%v: got %s with %d parameters, want %s with %d", c.Arguments, m.Name(), m.CountParams(), c.Name, c.Parameters)
				}
				if diff := gocmp.Diff(c.Layers, layerLines(m)); diff != "" {
					t.Errorf("%v: layers (-Keras +lince):\n%s", c.Arguments, diff)
				} else if c.Outputs != nil {
					compareOutputs(t, m, c)
				}
			}
		})
	}
}

func kerasCases(t *testing.T, title string) (cases []kerasCase) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "keras", title+".json.gz"))
	if err != nil {
		t.Fatalf("%v; add %s to NETWORKS in internal/golden/zoo.py and run it", err, title)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err == nil {
		err = json.NewDecoder(z).Decode(&cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	return cases
}

// optionsOf returns the options for Keras' arguments.
func optionsOf(t *testing.T, arguments map[string]any) (o Options) {
	t.Helper()
	for name, v := range arguments {
		switch name {
		case "include_top":
			o.NoTop = !v.(bool)
		case "input_shape":
			for _, n := range v.([]any) {
				if n == nil {
					n = float64(tensor.Unknown)
				}
				o.InputShape = append(o.InputShape, int(n.(float64)))
			}
		case "pooling":
			o.Pooling = Pooling(v.(string))
		case "classes":
			o.Classes = int(v.(float64))
		case "classifier_activation":
			if v != nil {
				t.Fatalf("%s is %v, want null", name, v)
			}
			o.ClassifierActivation = layer.Linear
		case "alpha":
			o.Alpha = v.(float64)
		case "depth_multiplier":
			o.DepthMultiplier = int(v.(float64))
		case "dropout", "dropout_rate":
			o.DropoutRate = new(v.(float64))
		case "minimalistic":
			o.Minimalistic = v.(bool)
		case "include_preprocessing":
			o.NoPreprocessing = !v.(bool)
		default:
			t.Fatalf("the argument %s has no field in Options", name)
		}
	}
	return o
}

// layerLines describes the layers as the script does.
func layerLines(m *lince.Model) (lines []string) {
	calls := map[string]lince.Call{}
	for _, c := range m.Calls() {
		calls[c.Layer.Name()] = c
	}
	listed := map[string]bool{}
	for _, l := range m.Layers() {
		listed[l.Name()] = true
	}
	// inputs returns what feeds a layer: layers, or operations with what feeds them.
	var inputs func(name string) string
	inputs = func(name string) string {
		var list []string
		for _, in := range calls[name].In {
			from := in.Layer().Name()
			if !listed[from] {
				from += "(" + inputs(from) + ")"
			}
			list = append(list, from)
		}
		return strings.Join(list, ",")
	}
	before := ""
	for _, l := range m.Layers() {
		var sizes []string
		for _, n := range calls[l.Name()].Out[0].Shape()[1:] {
			sizes = append(sizes, strings.Replace(fmt.Sprint(n), "-1", "?", 1))
		}
		line := fmt.Sprintf("%s %s %s %d", l.Name(), l.Class(), strings.Join(sizes, "x"), l.CountParams())
		if from := inputs(l.Name()); from != before {
			line += " " + from
		}
		lines = append(lines, line)
		before = l.Name()
	}
	return lines
}

// hashed returns the numbers of the script's function weight.
func hashed(salt int, low, high float64, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	for i, u := range graphtest.Uniform(x.Len(), uint64(salt)) {
		x.Float32s()[i] = float32(low + float64((high-low)*u))
	}
	return x
}

func compareOutputs(t *testing.T, m *lince.Model, c kerasCase) {
	t.Helper()
	setFormula(t, m, c.Gain)
	shape := append([]int{2}, m.InputShape()[1:]...)
	x := hashed(1000, 0, 1, shape...)
	for _, l := range m.Layers() {
		if l.Class() == "Rescaling" || l.Class() == "Normalization" { // prepares pixels
			for i := range x.Float32s() {
				x.Float32s()[i] *= 255
			}
			break
		}
	}
	y, err := m.PredictBatch(x)
	if err != nil {
		t.Fatalf("%v: %v", c.Arguments, err)
	}
	var some []float32
	for i := 0; i < y.Len(); i += max(1, y.Len()/64) {
		some = append(some, y.Float32s()[i])
	}
	if d := largest(some, c.Outputs); !(d <= 1e-5) {
		t.Errorf("%v: outputs differ by %g of the largest", c.Arguments, d)
	} else {
		t.Logf("%v: outputs differ by %.2g of the largest", c.Arguments, d)
	}
}

// setFormula sets the weights of the script.
func setFormula(t *testing.T, m *lince.Model, gain float64) {
	t.Helper()
	salt := 0
	for _, l := range m.Layers() {
		for _, v := range l.Variables() {
			if v.DType() == tensor.Float32 {
				low, high := limits(l.Class(), v, cmp.Or(gain, 6))
				if err := v.Set(hashed(salt, low, high, v.Shape()...)); err != nil {
					t.Fatal(err)
				}
			}
			salt++
		}
	}
}

// limits returns the range of a weight that keeps results of the order of 1.
func limits(class string, v lince.Variable, gain float64) (low, high float64) {
	name := v.Path()[strings.LastIndexByte(v.Path(), '/')+1:]
	s := v.Shape()
	switch {
	case class == "LayerScale": // Keras does not name its weight
		return -.2, .2
	case name == "gamma" || name == "moving_variance" || name == "variance":
		return .7, 1.3
	case len(s) < 2:
		return -.2, .2
	}
	fan := s[:len(s)-1].Elements()
	if name == "depthwise_kernel" || class == "DepthwiseConv2D" {
		fan = s[:2].Elements()
	}
	limit := math.Sqrt(gain / float64(fan))
	return -limit, limit
}
