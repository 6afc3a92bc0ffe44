package report

import (
	"encoding/json"
	"image"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

// TestCalibratePython compares calibration errors with NumPy's, and the log loss with scikit-learn's (internal/golden/calibration.py).
func TestCalibratePython(t *testing.T) {
	b, err := os.ReadFile("testdata/calibration.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Probabilities               [][]float32
		Targets                     []int
		Expected, Maximum, Adaptive float64
		Bins                        [][3]float64
		LogLoss                     float64 `json:"log_loss"`
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		got, err := Calibrate(c.Probabilities, c.Targets)
		if err != nil {
			t.Fatal(name, err)
		}
		if !near(got.ExpectedError, c.Expected) || !near(got.MaximumError, c.Maximum) || !near(got.AdaptiveError, c.Adaptive) {
			t.Errorf("%s: got %v, %v, %v, want %v, %v, %v", name, got.ExpectedError, got.MaximumError, got.AdaptiveError, c.Expected, c.Maximum, c.Adaptive)
		}
		// scikit-learn gets probabilities that are divided by their sum, which float32 rounds.
		if math.Abs(got.LogLoss-c.LogLoss) > 1e-7 {
			t.Errorf("%s: the log loss is %v, want %v", name, got.LogLoss, c.LogLoss)
		}
		for i, w := range c.Bins {
			if b := got.Bins[i]; b.Count != int(w[0]) || !near(b.Confidence, w[1]) || !near(b.Accuracy, w[2]) || !near(b.Low, float64(i)/15) || !near(b.High, float64(i+1)/15) {
				t.Errorf("%s: bin %d is %+v, want %v", name, i, b, w)
			}
		}
	}
}

// TestCalibrateEdges checks the ends of the bins, ties and probabilities of 0 by hand.
func TestCalibrateEdges(t *testing.T) {
	c, err := Calibrate([][]float32{{1, 0}, {1, 0}, {.5, .5}, {0, 1}}, []int{0, 1, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	if c.Bins[14].Count != 3 || c.Bins[7].Count != 1 || c.Bins[7].Accuracy != 1 { // on a tie the first class counts
		t.Errorf("the bins are %+v", c.Bins)
	}
	if want := (3*(1-2./3) + .5) / 4; !near(c.ExpectedError, want) || !near(c.MaximumError, .5) || !near(c.AdaptiveError, 1.5/4) {
		t.Errorf("the errors are %v, %v, %v; want %v", c.ExpectedError, c.MaximumError, c.AdaptiveError, want)
	}
	if want := (126*math.Ln2 + math.Ln2) / 4; !near(c.LogLoss, want) {
		t.Errorf("the log loss is %v, want %v", c.LogLoss, want)
	}
}

func TestCalibrateErrors(t *testing.T) {
	nan := float32(math.NaN())
	for want, f := range map[string]func() (*Calibration, error){
		"0 rows":               func() (*Calibration, error) { return Calibrate(nil, nil) },
		"1 rows":               func() (*Calibration, error) { return Calibrate([][]float32{{1}}, []int{0, 0}) },
		"example 0 has the":    func() (*Calibration, error) { return Calibrate([][]float32{{1, 0}}, []int{2}) },
		"a probability of NaN": func() (*Calibration, error) { return Calibrate([][]float32{{nan, 0}}, []int{1}) },
		"a probability of 2":   func() (*Calibration, error) { return Calibrate([][]float32{{2, 0}}, []int{1}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := Reliability(io.Discard); err == nil {
		t.Error("no diagrams: no error")
	}
}

// TestCalibrateLabels compares decisions about classes with the same decisions as examples of one class or none.
func TestCalibrateLabels(t *testing.T) {
	probabilities, targets := [][]float32{{.9, .3}, {.75, .5}, {.25, .125}}, [][]int{{0}, {0, 1}, {1}}
	c, err := CalibrateLabels(probabilities, targets)
	if err != nil {
		t.Fatal(err)
	}
	if loss := -(math.Log(float64(float32(.9))) + math.Log(1-float64(float32(.3))) + math.Log(.75) + math.Log(.5) + math.Log(.75) + math.Log(.125)) / 6; c.Count != 6 || !near(c.LogLoss, loss) || !near(c.Accuracy, 4./6) {
		t.Errorf("%d decisions with a log loss of %v and an accuracy of %v, want 6, %v and 2/3", c.Count, c.LogLoss, c.Accuracy, loss)
	}
	// Each decision is alone in its bin.
	if want := (.1 + .3 + .25 + .5 + .25 + .875) / 6; math.Abs(c.ExpectedError-want) > 1e-6 || !near(c.MaximumError, .875) {
		t.Errorf("the errors are %v and %v, want %v and .875", c.ExpectedError, c.MaximumError, want)
	}
	for want, f := range map[string]func() (*Calibration, error){
		"0 rows":               func() (*Calibration, error) { return CalibrateLabels(nil, nil) },
		"has 1 probabilities":  func() (*Calibration, error) { return CalibrateLabels([][]float32{{1, 0}, {1}}, [][]int{{}, {}}) },
		"example 0 has the":    func() (*Calibration, error) { return CalibrateLabels([][]float32{{1, 0}}, [][]int{{2}}) },
		"a probability of 1.5": func() (*Calibration, error) { return CalibrateLabels([][]float32{{1.5, 0}}, [][]int{{1}}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestReliability checks that bars are where their bins are.
func TestReliability(t *testing.T) {
	c, err := Calibrate([][]float32{{.9, .1}, {.9, .1}, {.6, .4}, {.6, .4}}, []int{0, 0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	m := drawn(t, func(w io.Writer) error {
		return Reliability(w, NamedCalibration{"Before", c}, NamedCalibration{"After", c})
	})
	for i := range 2 {
		at, _ := place(i)
		bin := func(i int) image.Rectangle {
			return image.Rect(at.Min.X+at.Dx()*i/15+3, at.Min.Y, at.Min.X+at.Dx()*(i+1)/15-3, at.Max.Y)
		}
		// The bin of .9 has the accuracy 1; blue is covered by the difference above the confidence.
		full := bin(13)
		if n := countPixels(m, full, blue); n < full.Dx()*full.Dy()*8/10 {
			t.Errorf("diagram %d: %d blue pixels in the bin of .9", i, n)
		}
		half := bin(9) // the float32 number .6 is above 9/15
		if n := countPixels(m, half, blue); n < half.Dx()*half.Dy()*4/10 || n > half.Dx()*half.Dy()*6/10 {
			t.Errorf("diagram %d: %d blue pixels in the bin of .6", i, n)
		}
		if n := countPixels(m, bin(3), blue); n != 0 {
			t.Errorf("diagram %d: %d blue pixels in an empty bin", i, n)
		}
	}
}
