package cli

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/report"
)

// TestDescribeCalibration recommends a temperature only if it lowers the calibration error.
func TestDescribeCalibration(t *testing.T) {
	measured := func(before, after float64) *calibration {
		return &calibration{Temperature: new(1.057), Before: &report.Calibration{ExpectedError: before}, After: &report.Calibration{ExpectedError: after}}
	}
	none := &calibration{Reason: "all predictions are correct", Before: &report.Calibration{ExpectedError: .1}}
	for _, c := range []struct {
		calibration *calibration
		calibrates  bool
		want        string
	}{
		{measured(.05, .02), false, "Expected calibration error: 0.0500, with temperature 1.057: 0.0200 (--calibration stores it in the models)"},
		{measured(.05, .02), true, "Expected calibration error: 0.0500, with temperature 1.057: 0.0200"},
		{measured(.0213, .0254), false, "Expected calibration error: 0.0213. A temperature does not lower it (1.057 gives 0.0254), so --calibration does not help."},
		{measured(.0213, .0254), true, "Expected calibration error: 0.0213, with temperature 1.057: 0.0254, which does not help; --no-calibration stores none"},
		{none, false, "Expected calibration error: 0.1000"},
		{none, true, "Expected calibration error: 0.1000 (no temperature is stored: all predictions are correct)"},
	} {
		if got := c.calibration.describe(c.calibrates); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestCalibration trains with and without --calibration: only the temperature in the models and the probabilities may differ.
func TestCalibration(t *testing.T) {
	plots(t)
	long(t)
	workIn(t)
	data := "demo:cats-and-dogs?n=60"
	args := func(out string, more ...string) []string {
		return append([]string{"train", data, "--model", network("two.json"), "--epochs", "3", "--out", out, "--test-size", "30", "--lr", ".01", "--stratify"}, more...)
	}
	plain := succeed(t, args("plain")...)
	succeed(t, args("calibrated", "--calibration", "-q")...)
	a, b := decode[record](t, read(t, "plain", "run.json")), decode[record](t, read(t, "calibrated", "run.json"))
	contains(t, "the output", plain.stdout, a.Calibration.describe(false), "calibration.png")
	if !strings.HasPrefix(read(t, "plain", "calibration.png"), "\x89PNG") {
		t.Error("calibration.png is no PNG")
	}
	if a.Calibration.Temperature == nil || *a.Calibration.Temperature != *b.Calibration.Temperature || a.Calibration.Stored != nil ||
		a.Calibration.After.LogLoss >= a.Calibration.Before.LogLoss || a.Calibration.After.Accuracy != a.Results.Accuracy || a.Calibration.Before.Count != 30 {
		t.Fatalf("without the flag: %+v, with it %+v", a.Calibration, b.Calibration)
	}
	for _, name := range []string{"model.keras", "best.keras"} {
		p, err := lince.Open(filepath.Join("plain", name))
		if err != nil {
			t.Fatal(err)
		}
		c, err := lince.Open(filepath.Join("calibrated", name))
		if err != nil {
			t.Fatal(err)
		}
		if p.Temperature != 0 || c.Temperature == 0 || c.Temperature != b.Calibration.Stored[name] {
			t.Errorf("%s: the temperature is %v without the flag, and %v with it, want %v", name, p.Temperature, c.Temperature, b.Calibration.Stored)
		}
		c.Temperature = 0
		if err := c.Save("same.keras"); err != nil {
			t.Fatal(err)
		}
		if read(t, "same.keras") != read(t, "plain", name) {
			t.Errorf("%s differs in more than the temperature", name)
		}
	}
	// predictions.csv has what predict prints.
	model := filepath.Join("calibrated", "model.keras")
	printed := map[string]map[string]float32{}
	for _, p := range decode[predictions](t, succeed(t, "predict", model, data, "--json", "-q").stdout).Predictions {
		printed[p.Filename] = p.Probabilities
	}
	after, before := rowsOf(t, read(t, "calibrated", "predictions.csv")), rowsOf(t, read(t, "plain", "predictions.csv"))
	for i, r := range after[1:] {
		p, err := strconv.ParseFloat(r[3], 32)
		if err != nil || math.Abs(p-float64(printed[r[0]]["cat"])) > 1e-6 {
			t.Errorf("%s: predictions.csv has %v, predict %v", r[0], p, printed[r[0]])
		}
		if b := before[i+1]; r[0] != b[0] || r[2] != b[2] || r[3] == b[3] {
			t.Errorf("with the temperature %v, without %v", r, b)
		}
	}
	// --no-calibration gives the results of the model without a temperature.
	for _, args := range [][]string{{"predict", "?", data, "-q"}, {"evaluate", "?", data, "-q"}} {
		with := func(model string, more ...string) string {
			args := append([]string{}, args...)
			args[1] = filepath.Join(model, "model.keras")
			return succeed(t, append(args, more...)...).stdout
		}
		if raw := with("plain"); with("calibrated", "--no-calibration") != raw || with("calibrated") == raw {
			t.Errorf("%s: the results do not depend on the temperature as they should", args[0])
		}
	}
	o := succeed(t, "predict", model, data, "--json", "-q")
	if got := decode[struct{ Temperature float64 }](t, o.stdout); got.Temperature != b.Calibration.Stored["model.keras"] {
		t.Errorf("predict --json has the temperature %v", got)
	}
	contains(t, "the summary", succeed(t, "summary", model).stdout, "Temperature of the probabilities: ")
	contains(t, "convert", succeed(t, "convert", model, "m.onnx").stdout, "the temperature as a part of the network")
	contains(t, "diff", differ(t, filepath.Join("plain", "model.keras"), model).stdout, "temperature", "none")
	contains(t, "convert", succeed(t, "convert", model, "m.weights.h5").stdout, "the temperature")
	// Training changes the weights.
	o = succeed(t, "train", data, "--model", model, "--epochs", "1", "--out", "more", "-q")
	contains(t, "the warning", o.stderr, "has a temperature", "--calibration")
	if m, err := lince.Open(filepath.Join("more", "model.keras")); err != nil || m.Temperature != 0 {
		t.Errorf("after more training: %v, %v", m, err)
	}
}

func rowsOf(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestEvaluateCalibration compares the results of evaluate with its predictions.csv.
func TestEvaluateCalibration(t *testing.T) {
	workIn(t)
	model, data := filepath.Join(trained(t), "model.keras"), "demo:cats-and-dogs?n=20"
	var all []float64
	for _, p := range decode[predictions](t, succeed(t, "predict", model, data, "--json", "-q").stdout).Predictions {
		all = append(all, float64(max(p.Probabilities["cat"], p.Probabilities["dog"])))
	}
	threshold := all[0] // so that at least one image is answered, if equal counts
	o := succeed(t, "evaluate", model, data, "--json", "--out", "out", "--unknown", strconv.FormatFloat(threshold, 'g', -1, 64))
	r := decode[evaluation](t, o.stdout)
	if r.Calibration == nil || r.Calibration.After != nil || r.Calibration.Temperature != nil || r.Calibration.Before.Count != 20 || r.Calibration.Before.Accuracy != r.Classification.Accuracy {
		t.Errorf("the calibration is %+v", r.Calibration)
	}
	n, right := 0, 0
	for i, row := range rowsOf(t, read(t, "out", "predictions.csv")) {
		if i == 0 {
			if strings.Join(row, ",") != "filename,category,predicted,unknown,cat,dog" {
				t.Errorf("the columns are %v", row)
			}
			continue
		}
		answered := row[3] == "false"
		if answered != (row[2] != "") || answered != (all[i-1] >= threshold) {
			t.Errorf("the row %v has the probability %v, and the threshold is %v", row, all[i-1], threshold)
		}
		if answered {
			n++
			if row[1] == row[2] {
				right++
			}
		}
	}
	a := r.Answered
	if a == nil || a.Answered != n || a.Unknown != 20-n || a.Coverage != float64(n)/20 || n == 0 || *a.Accuracy != float64(right)/float64(n) {
		t.Errorf("%d of %d answers are right, got %+v", right, n, a)
	}
	none := decode[evaluation](t, succeed(t, "evaluate", model, data, "--json", "-q", "--unknown", "1").stdout).Answered
	if none.Answered != 0 || none.Accuracy != nil || none.Coverage != 0 {
		t.Errorf("without answers: %+v", none)
	}
	if o := run(t, "evaluate", model, data, "--unknown", "1.5"); o.code != exitUsage || !strings.Contains(o.stderr, "--unknown must be a probability") {
		t.Errorf("--unknown 1.5: %+v", o)
	}
}

// TestUnknown checks what predict prints for an image without an answer.
func TestUnknown(t *testing.T) {
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	o := succeed(t, "predict", model, "one.png", "-q", "--unknown", "1")
	if !strings.HasPrefix(o.stdout, "one.png  unknown  ") {
		t.Errorf("it prints %q", o.stdout)
	}
	type prediction struct {
		Predicted     *string
		Unknown       *bool
		Probabilities map[string]float32
	}
	type result struct {
		Predictions []prediction
		Below       float64 `json:"unknown_below"`
	}
	r := decode[result](t, succeed(t, "predict", model, "one.png", "--json", "--unknown", "1").stdout)
	if p := r.Predictions[0]; r.Below != 1 || *p.Predicted != "" || p.Unknown == nil || !*p.Unknown || len(p.Probabilities) != 2 {
		t.Errorf("the JSON is %+v", r)
	}
	r = decode[result](t, succeed(t, "predict", model, "one.png", "--json", "--unknown", ".4").stdout)
	if p := r.Predictions[0]; *p.Predicted == "" || p.Unknown == nil || *p.Unknown {
		t.Errorf("a probable class is %+v", r)
	}
	text := succeed(t, "predict", model, "one.png", "--json").stdout
	if strings.Contains(text, "unknown") || strings.Contains(text, "temperature") || !json.Valid([]byte(text)) {
		t.Errorf("without the flag the JSON is %s", text)
	}
	succeed(t, "predict", model, "one.png", "--csv", "p.csv", "--unknown", "1")
	if rows := rowsOf(t, read(t, "p.csv")); strings.Join(rows[0], ",") != "filename,category,predicted,unknown,cat,dog" || rows[1][2] != "" || rows[1][3] != "true" {
		t.Errorf("the CSV is %v", rows)
	}
}
