package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lince-ml/lince/report"
)

// TestEvaluateTrained evaluates a model on the images of its training, on some of them, and on others.
func TestEvaluateTrained(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 24))
	files := pngs(t, 30)
	others := map[string][]byte{}
	for name, b := range files {
		others["other/"+name] = b
	}
	put(t, ".", others)
	train := []string{"train", "set", "--model", network("two.json"), "--epochs", "1", "--no-augment", "-q", "--out"}
	succeed(t, append(train, "run")...)
	r := decode[record](t, read(t, "run", "run.json"))
	accuracy := "; its accuracy on the 6 validation images was " + report.FormatPercent(r.Results.Accuracy) + " (run/report.html)"
	succeed(t, append(train, "own", "--validation", "other")...)
	for _, c := range []struct {
		args      []string
		want      string // "" is no warning
		trainedOn int
	}{
		{[]string{"run", "set"}, "the model was trained on 18 of these 24 images, on which it is better than on others" + accuracy, 18},
		{[]string{"run/model.keras", "./set"}, "the model was trained on 18 of these 24 images", 18},
		{[]string{"run", "set", "--limit", "6"}, "the run in run was trained on images of set, so some of these may be among its training images", 0},
		{[]string{"run", "other"}, "", 0},
		{[]string{"own", "set"}, "the model was trained on these images, on which it is better", 24},
		{[]string{"own", "other"}, "", 0},
	} {
		o := succeed(t, append([]string{"evaluate", "--json"}, c.args...)...)
		if got := decode[evaluation](t, o.stdout).TrainedOn; got != c.trainedOn || c.want == "" && strings.Contains(o.stderr, "trained on") || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: trained on %d, want %d, %q in %s", c.args, got, c.trainedOn, c.want, fmt.Sprint(o.stderr))
		}
	}
}
