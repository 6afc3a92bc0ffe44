package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReport compares two runs that differ in their rate and their seed.
func TestReport(t *testing.T) {
	workIn(t)
	a := trained(t)
	succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "2", "--lr", ".02", "--seed", "7", "--out", "b", "-q")
	ra, rb := decode[record](t, read(t, a, "run.json")), decode[record](t, read(t, "b", "run.json"))

	o := succeed(t, "report", a, "b", "--out", "comparison.html")
	contains(t, "the output", o.stdout, "settings that differ", "accuracy", percentText(ra.Results.Accuracy), percentText(rb.Results.Accuracy), "epochs", "lr", "0.02", "seed")
	contains(t, "standard error", o.stderr, "Wrote comparison.html")
	for _, line := range []string{"batch ", "out ", "quiet "} {
		if strings.Contains(o.stdout, "\n"+line) {
			t.Errorf("the output has the setting %q, which does not differ or says nothing", line)
		}
	}
	contains(t, "the warnings", o.stderr, "the runs were judged on different validation images (seed differs)")
	page := read(t, "comparison.html")
	contains(t, "the page", page, "Comparison of 2 runs", a, "0.02", "Val loss", "different validation images")

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
