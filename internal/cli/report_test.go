package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/report"
)

// TestReport compares two runs that differ in their rate and their seed.
func TestReport(t *testing.T) {
	workIn(t)
	a := trained(t)
	succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "2", "--lr", ".02", "--seed", "7", "--out", "b", "-q")
	ra, rb := decode[record](t, read(t, a, "run.json")), decode[record](t, read(t, "b", "run.json"))

	o := succeed(t, "report", a, "b", "--out", "comparison.html")
	contains(t, "the output", o.stdout, "settings that differ", "accuracy", report.FormatPercent(ra.Results.Accuracy), report.FormatPercent(rb.Results.Accuracy), "epochs", "lr", "0.02", "seed")
	contains(t, "standard error", o.stderr, "Wrote comparison.html")
	for _, line := range []string{"batch ", "out ", "quiet "} {
		if strings.Contains(o.stdout, "\n"+line) {
			t.Errorf("the output has the setting %q, which does not differ or says nothing", line)
		}
	}
	contains(t, "the warnings", o.stderr, "the runs were judged on different validation images (seed differs)")
	page := read(t, "comparison.html")
	contains(t, "the page", page, "Comparison of 2 runs", a, "0.02", "Validation loss", "different validation images")

	o = succeed(t, "report", a, "b", "--json")
	r := decode[comparison](t, o.stdout)
	if len(r.Runs) != 2 || r.Runs[1].Epochs != 2 || *r.Runs[0].Results["accuracy"] != ra.Results.Accuracy || r.Settings["lr"][1] != "0.02" || len(r.Warnings) != 1 {
		t.Errorf("the JSON is %s", o.stdout)
	}
	if r.Settings["batch"] != nil || r.Runs[0].Settings["batch"] != "15" {
		t.Errorf("the settings are %v and %v", r.Settings, r.Runs[0].Settings)
	}
	same := succeed(t, "report", a, a)
	contains(t, "the output for the same run", same.stdout, "All settings are the same.")
	if one := succeed(t, "report", a); strings.Contains(one.stdout, "settings") || !strings.Contains(one.stdout, "accuracy") {
		t.Errorf("the output for one run is %s", one.stdout)
	}
}

// TestReportOfSeveral compares runs of --folds and --tune with another, and skips a folder of --lr-find.
func TestReportOfSeveral(t *testing.T) {
	long(t)
	workIn(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "2", "-q", "--out", filepath.Join("runs", out)}, more...)
	}
	succeed(t, args("a")...)
	succeed(t, args("b", "--folds", "2", "--optimizer", "adam")...)
	succeed(t, args("c", "--tune", "1ms")...)
	succeed(t, args("d", "--lr-find")...)
	runs := []string{"runs/a", "runs/b", "runs/c", "runs/d"}
	o := succeed(t, append([]string{"report"}, runs...)...)
	contains(t, "standard error", o.stderr, "skipped: runs/d: not a training run")
	contains(t, "the output", o.stdout, "runs/b (mean of 2 folds)", "runs/c (the best of 3 trials)", "rmsprop", "adam", "0.001")
	r := decode[comparison](t, succeed(t, append([]string{"report", "--json"}, runs...)...).stdout)
	var accuracy [2]float64
	for i := range accuracy {
		accuracy[i] = decode[record](t, read(t, "runs/b", fmt.Sprintf("fold-%d", i+1), "run.json")).Results.Accuracy
	}
	best := decode[record](t, read(t, "runs/c/best/run.json"))
	if b := r.Runs[1]; len(r.Runs) != 3 || !closeTo(*b.Results["accuracy"], (accuracy[0]+accuracy[1])/2) || !closeTo(b.Std["accuracy"], math.Abs(accuracy[0]-accuracy[1])/math.Sqrt2) || *b.Results["epochs"] != 2 || b.Epochs != 4 ||
		*b.Results["params"] != float64(best.Model.Params) || *b.Results["seconds"] == 0 {
		t.Errorf("the folds are %+v, want the means of %v", b, accuracy)
	}
	if c := r.Runs[2]; *c.Results["accuracy"] != best.Results.Accuracy || *c.Results["epochs"] != 2 || *c.Results["seconds"] <= best.Seconds || c.Settings["optimizer"] != "rmsprop" {
		t.Errorf("the trials are %+v, want %+v", c, best.Results)
	}
	for _, name := range []string{"best", "fold-1", "fold-2"} {
		for _, run := range runs {
			if err := os.RemoveAll(filepath.Join(run, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	o = succeed(t, append([]string{"report"}, runs...)...)
	contains(t, "the output without the trainings", o.stdout, "runs/b (mean of 0 folds)", "runs/c (no training with the best settings yet)")
	if strings.Contains(o.stdout, " 0 ms") { // and not 190 ms
		t.Errorf("missing results are numbers: %s", o.stdout)
	}
}

func closeTo(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

// TestSettingText formats amounts of memory in one form.
func TestSettingText(t *testing.T) {
	for _, c := range []struct {
		name string
		v    any
		want string
	}{{"cache", 536870912., "512 MiB"}, {"cache", "128 MiB", "128 MiB"}, {"memory", "0 B", noSetting}, {"batch", 15., "15"}, {"optimizer", "", noSetting}} {
		if got := settingText(c.name, c.v); got != c.want {
			t.Errorf("%s %v is %s, want %s", c.name, c.v, got, c.want)
		}
	}
}

func TestReportErrors(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"empty/x": nil, "broken/run.json": []byte("{"), "there.html": nil})
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"report"}, exitUsage, []string{"<run>"}},
		{[]string{"report", "none", "empty", "broken"}, exitFailure, []string{"none: not a training run", "empty: not a training run", "broken: not a training run: run.json cannot be read"}},
		{[]string{"report", "empty", "--out", "page.pdf"}, exitUsage, []string{`must name a file that ends in .html, got "page.pdf"`}},
		{[]string{"report", trained(t), "--out", "there.html"}, exitUsage, []string{"there.html already exists; use another name, or --overwrite"}},
		{[]string{"report", trained(t), "--out", filepath.Join("none", "page.html")}, exitFailure, []string{"--out: cannot write"}},
	} {
		o := run(t, c.args...)
		if o.code != c.code {
			t.Errorf("%q: exit code %d, want %d", c.args, o.code, c.code)
		}
		contains(t, strings.Join(c.args, " "), o.stderr, c.want...)
	}
	succeed(t, "report", trained(t), "--out", "there.html", "--overwrite")
	if info, err := os.Stat("there.html"); err != nil || info.Size() == 0 {
		t.Error("--overwrite did not replace the file")
	}
}

// TestReportTasks checks the results of runs of each task, and that a result that no run has is no column.
func TestReportTasks(t *testing.T) {
	r2, history := .75, &lince.History{}
	classes := record{Status: finished, Results: &report.Classification{Accuracy: .9, MacroAverage: report.Scores{F1: .8}}, History: history,
		Calibration: &calibration{Before: &report.Calibration{ExpectedError: .2}, After: &report.Calibration{ExpectedError: .1}}}
	stored := classes
	stored.Calibration = &calibration{Before: classes.Calibration.Before, After: classes.Calibration.After, Stored: map[string]float64{"model.keras": 2}}
	labels := record{Status: finished, MultiLabel: &report.MultiLabel{SubsetAccuracy: .5, HammingLoss: .25, MicroAverage: report.Scores{F1: .6}, MacroAverage: report.Scores{F1: .7}}}
	numbers := record{Status: finished, Regression: &report.Regression{MAE: 929.1, RMSE: 207213.4, R2: &r2}}
	for _, c := range []struct {
		records   []record
		want, not []string
	}{
		{[]record{classes, stored}, []string{"accuracy=90.0%", "mean F1=80.0%", "calibration error=20.0%", "calibration error=10.0%"}, []string{"all classes right", "R2 score", "peak memory"}},
		{[]record{labels, labels}, []string{"all classes right=50.0%", "wrong decisions=25.0%", "F1 of all decisions=60.0%", "mean F1=70.0%"}, []string{"accuracy", "calibration error", "mean absolute error"}},
		{[]record{numbers}, []string{"mean absolute error=929.1", "root mean squared error=207213", "R2 score=0.7500"}, []string{"accuracy", "mean F1", "wrong decisions"}},
		{[]record{labels, numbers}, []string{"wrong decisions=25.0%", "wrong decisions=–", "R2 score=–"}, []string{"accuracy"}},
	} {
		r := &comparison{Settings: map[string][]string{}}
		for _, x := range c.records {
			r.Runs = append(r.Runs, comparedRun{Status: x.Status, Results: map[string]*float64{}, record: x})
		}
		r.compare()
		var got []string
		for _, x := range r.page.Results {
			for _, text := range x.Texts {
				got = append(got, x.Name+"="+text)
			}
		}
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("the results are %q, want %s", got, want)
			}
		}
		for _, x := range r.page.Results {
			if slices.Contains(c.not, x.Name) {
				t.Errorf("the results are %q, with the column %s", got, x.Name)
			}
		}
		for _, x := range comparedResults {
			if _, ok := r.Runs[0].Results[x.key]; !ok {
				t.Errorf("the JSON does not have %s", x.key)
			}
		}
	}
	if !sameLoss([]comparedRun{{record: labels}, {record: labels}}) || sameLoss([]comparedRun{{record: labels}, {record: numbers}}) ||
		sameLoss([]comparedRun{{Settings: map[string]string{"loss": "a"}}, {Settings: map[string]string{"loss": "b"}}}) {
		t.Error("losses of different tasks or names are compared, or those of the same are not")
	}
}
