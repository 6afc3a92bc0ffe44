package cli

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
)

// TestDryRun checks --limit-batches.
func TestDryRun(t *testing.T) {
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=60", "--model", network("two.json"), "--epochs", "2", "--batch", "4"}
	o := succeed(t, append(args, "--out", "out", "--limit-batches", "2")...)
	contains(t, "the output", o.stdout, "Dry run: --limit-batches 2 uses 8 of 45 training images and 8 of 15 validation images.",
		"Plan: 8 training and 8 validation images of 2 classes, 2 epochs of 2 steps, batches of 4, ", "\n2/2 - ", "This was a dry run with 2 batches (--limit-batches)")
	files := snapshot(t, "out")
	for _, f := range runFiles {
		switch f.name {
		case "unreadable.csv", checkpointName, boardName, lrPlot, "profile.txt", "trace.json":
			continue
		}
		if files[f.name] == "" {
			t.Errorf("%s was not written", f.name)
		}
	}
	r := decode[record](t, files["run.json"])
	if r.LimitBatches != 2 || r.Data.Training != 8 || r.Data.Validation != 8 || r.Plan == nil || r.Plan.StepsPerEpoch != 2 || r.Plan.Epochs != 2 || r.Plan.MemoryBytes == 0 {
		t.Errorf("run.json has %d, %+v, %+v", r.LimitBatches, r.Data, r.Plan)
	}
	if o := run(t, append(args, "--limit-batches", "-1")...); o.code != exitUsage || !strings.Contains(o.stderr, "--limit-batches") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// TestTime checks that --time ends a training of any kind, with all files. The time is over before the first step.
func TestTime(t *testing.T) {
	workIn(t)
	o := succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "5", "--batch", "4", "--time", "1ms", "--out", "out")
	contains(t, "the output", o.stdout, "Stopped in epoch 1 of 5, after step 1 of 5: the 1ms of --time are almost over.", "best.keras        the model after epoch 1")
	r := decode[record](t, read(t, "out", "run.json"))
	if r.Status != finished || r.StoppedBy != "time" || r.Epochs != 1 || r.Results == nil || r.History.Values("val_loss") == nil {
		t.Errorf("run.json has %s, %s, %d epochs, results %v", r.Status, r.StoppedBy, r.Epochs, r.Results)
	}
	succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "2", "--batch", "4", "--time", "10h", "--out", "enough", "-q")
	if r := decode[record](t, read(t, "enough", "run.json")); r.StoppedBy != "epochs" || r.Epochs != 2 {
		t.Errorf("with enough time, run.json has %s, %d epochs", r.StoppedBy, r.Epochs)
	}
	if o := run(t, "train", "demo:cats-and-dogs?n=24", "--time=-1s"); o.code != exitUsage || !strings.Contains(o.stderr, "--time must be greater than 0") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// TestEvents checks the JSON lines of --json.
func TestEvents(t *testing.T) {
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "3", "--metrics", "accuracy,f1_score", "--json", "--out"}
	o := succeed(t, append(args, "out")...)
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines:\n%s", len(lines), o.stdout)
	}
	plan := decode[planEvent](t, lines[0])
	if plan.Event != "plan" || plan.Training != 18 || plan.Validation != 6 || strings.Join(plan.Classes, " ") != "cat dog" || plan.Epochs != 3 || plan.StepsPerEpoch != 2 {
		t.Errorf("the plan is %s", lines[0])
	}
	r := decode[record](t, read(t, "out", "run.json"))
	for i, line := range lines[1:4] {
		e := decode[epochEvent](t, line)
		if e.Event != "epoch" || e.Epoch != i || e.Epochs != 3 || e.Logs["val_loss"] != r.History.Values("val_loss")[i] || len(e.Logs["f1_score"].([]any)) != 2 || e.Seconds <= 0 {
			t.Errorf("epoch %d is %s", i, line)
		}
	}
	// The last line is run.json with the name of the event.
	end, want := decode[map[string]any](t, lines[4]), decode[map[string]any](t, read(t, "out", "run.json"))
	if end["event"] != "end" {
		t.Errorf("the last line is %s", lines[4])
	}
	delete(end, "event")
	a, errA := json.Marshal(end)
	b, errB := json.Marshal(want)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the last line is\n%s\nrun.json is\n%s", a, b)
	}
	// With --quiet there is no progress.
	if o = succeed(t, append(args, "quiet", "-q")...); strings.Count(o.stdout, "\n") != 1 || decode[endEvent](t, o.stdout).Event != "end" {
		t.Errorf("with --quiet, the output is\n%s", o.stdout)
	}
}

// TestRunLog checks that a log has the last state of lines that are drawn again.
func TestRunLog(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb": "a\n",
		"1/3 ─── 5s\r2/3 ━── 4s\r3/3\n":      "3/3 ━── 4s\n",
		"long\b\b\b\b\r\x1b[1mok\x1b[0m  \n": "ok\n",
		"\x1b]0;title\x07\n":                 "0;title\n",
		"━\xe2\x94\x81\n":                    "━━\n",
		"x\xff\x00y\u202e\n":                 "x\ufffdy\n",
	} {
		for _, chunk := range []int{1, 2, 1000} {
			l := &runLog{}
			for b := []byte(text); len(b) > 0; b = b[min(chunk, len(b)):] {
				if _, err := l.Write(b[:min(chunk, len(b))]); err != nil {
					t.Fatal(err)
				}
			}
			if got := l.text.String(); got != want {
				t.Errorf("%q in pieces of %d: %q, want %q", text, chunk, got, want)
			}
		}
	}
}

// grayPNG returns a black PNG file.
func grayPNG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestMaxPixels checks that each command that decodes images has the limit of --max-pixels, and that the error names the flag.
func TestMaxPixels(t *testing.T) {
	workIn(t)
	file := grayPNG(t, 1200, 1000)
	put(t, "set", map[string][]byte{"cats/0.png": file, "dogs/0.png": file})
	put(t, "val", map[string][]byte{"cats/0.png": file, "dogs/0.png": file})
	put(t, ".", map[string][]byte{"table.csv": []byte("filename,category\ncats/0.png,cats\ndogs/0.png,dogs\n")})
	small := map[string][]byte{}
	for name, content := range pngs(t, 2) {
		small[name[:3]+"s/0.png"] = content
	}
	put(t, "small", small)
	succeed(t, "train", "small", "--model", network("two.json"), "--epochs", "1", "--quiet", "--out", "run")
	model := filepath.Join("run", "model.keras")
	for _, args := range [][]string{
		{"show", "set/cats/0.png", "--no-image"},
		{"check", "set"},
		{"check", "table.csv", "--images", "set"},
		{"train", "set", "--model", network("two.json"), "--epochs", "1", "--quiet"},
		{"train", "small", "--validation", "val", "--model", network("two.json"), "--epochs", "1", "--quiet"},
		{"train", "set", "--no-precheck", "--model", network("two.json"), "--epochs", "1", "--quiet"},
		{"evaluate", model, "set"},
		{"predict", model, "set"},
		{"predict", model, "set/cats/0.png"},
		{"features", model, "set", "--out", "features.csv"},
	} {
		if o := run(t, append(args, "--max-pixels", "1")...); !strings.Contains(o.stdout+o.stderr, "PNG of 1200x1000 pixels: at most 1000000 pixels are supported; if the file is right, use --max-pixels 2 (in millions") {
			t.Errorf("%v with --max-pixels 1: exit code %d\n%s%s", args, o.code, o.stdout, o.stderr)
		}
		if o := run(t, append(args, "--max-pixels", "2")...); o.code != exitOK || strings.Contains(o.stdout+o.stderr, "pixels are supported") {
			t.Errorf("%v with --max-pixels 2: exit code %d\n%s%s", args, o.code, o.stdout, o.stderr)
		}
	}
	o := run(t, "show", "set/cats/0.png", "--max-pixels", "5000")
	contains(t, "the error", o.stderr, "--max-pixels must be from 1 to 2147 (in millions)")
}
