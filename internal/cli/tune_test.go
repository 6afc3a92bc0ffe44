package cli

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTune checks that --tune ranks its trials, trains with the best settings, and can be resumed. The time is over after the fewest trials.
func TestTune(t *testing.T) {
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "3", "--batch", "6", "--optimizer", "sgd", "--augment", "hflip", "--tune", "1ms", "--out"}
	o := succeed(t, append(args, "out")...)
	contains(t, "the output", o.stdout, "Trial 1, 1 epoch: the settings of the command line", "Trial 2, 1 epoch: --lr ", "Trials, the best of each rung first:", "  those of the command line\n", "The files of the training with the best settings are in "+filepath.Join("out", "best"))
	r := decode[record](t, read(t, "out", "run.json"))
	if r.Status != finished || r.Tune == nil || len(r.Tune.Trials) != 4 || r.Tune.Monitor != "val_loss" {
		t.Fatalf("run.json has %s, %+v", r.Status, r.Tune)
	}
	var first []trialResult
	for _, x := range r.Tune.Trials[:3] {
		if x.Rung != 1 || x.Epochs != 1 || x.Value == nil || slices.Contains(x.Flags, "--augment") || slices.Contains(x.Flags, "--no-augment") {
			t.Errorf("a trial is %+v", x)
		}
		first = append(first, x)
	}
	last := r.Tune.Trials[3]
	for _, x := range first {
		if x.Trial == last.Trial {
			if !slices.Equal(x.Flags, last.Flags) {
				t.Errorf("the trial has the flags %v, then %v", x.Flags, last.Flags)
			}
			for _, y := range first {
				if *y.Value < *x.Value {
					t.Errorf("trial %d was continued, but %d is better", x.Trial, y.Trial)
				}
			}
		}
	}
	if last.Rung != 2 || last.Epochs != 3 || !slices.Equal(r.Tune.Best, last.Flags) {
		t.Errorf("the last trial is %+v, the best settings are %v", last, r.Tune.Best)
	}
	best := decode[record](t, read(t, filepath.Join("out", "best"), "run.json"))
	if best.Status != finished || best.Epochs != 3 {
		t.Errorf("the last training is %s after %d epochs", best.Status, best.Epochs)
	}
	table, err := csv.NewReader(strings.NewReader(read(t, "out", "tune.csv"))).ReadAll()
	if err != nil || len(table) != 5 || strings.Join(table[0], " ") != "trial epochs val_loss seconds settings" {
		t.Errorf("tune.csv is %q, %v", table, err)
	}

	// A run that ended after two trials, as far as files tell, is resumed to the same result.
	succeed(t, append(args, "cut", "-q", "--threads", "2")...)
	c := decode[record](t, read(t, "cut", "run.json"))
	c.Status, c.Tune.Trials, c.Tune.Best = interrupted, c.Tune.Trials[:2], nil
	put(t, "cut", map[string][]byte{"run.json": nil})
	f, err := os.Create(filepath.Join("cut", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join("cut", "best")); err != nil {
		t.Fatal(err)
	}
	succeed(t, "train", "--resume", "cut", "-q", "--threads", "1")
	if best := decode[record](t, read(t, "cut", "best/run.json")); best.Threads != 1 {
		t.Errorf("the resumed training has %d threads", best.Threads)
	}
	again := decode[record](t, read(t, "cut", "run.json"))
	if len(again.Tune.Trials) != 4 || !slices.Equal(again.Tune.Best, r.Tune.Best) || read(t, "cut", "best/model.keras") != read(t, "out", "best/model.keras") {
		t.Errorf("the resumed run has %+v", again.Tune)
	}
	for flags, want := range map[string]string{"--tune=-1s": "--tune must be a time", "--tune 5m --folds 3": "cannot be combined", "--tune 5m --lr-find": "cannot be combined"} {
		if o := run(t, append([]string{"train", "demo:cats-and-dogs?n=24"}, strings.Fields(flags)...)...); o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: exit code %d, %s", flags, o.code, o.stderr)
		}
	}
}
