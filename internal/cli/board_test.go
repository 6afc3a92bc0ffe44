package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lince-ml/lince/format/tfevents"
	"github.com/lince-ml/lince/internal/graphtest"
)

// boardEvents returns the events of the one file in each folder of TensorBoard, without the times.
func boardEvents(t *testing.T, dir string) map[string][]tfevents.Event {
	t.Helper()
	all := map[string][]tfevents.Event{}
	for _, sub := range []string{"train", "validation"} {
		files, err := filepath.Glob(filepath.Join(dir, sub, "events.out.tfevents.*"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s has the files %v, %v", sub, files, err)
		}
		f, err := os.Open(files[0])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		r := tfevents.NewReader(f)
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			all[sub] = append(all[sub], e)
		}
	}
	return all
}

// boardTags returns the tags of events, each with the number of its events.
func boardTags(events []tfevents.Event) map[string]int {
	tags := map[string]int{}
	for _, e := range events {
		for _, v := range e.Values {
			tag, _, image := strings.Cut(v.Tag, "/0")
			if image || strings.HasPrefix(tag, "mistakes/") || strings.HasPrefix(tag, "first_batch/") {
				tag, _, _ = strings.Cut(v.Tag, "/")
			}
			tags[tag]++
		}
	}
	return tags
}

// sameBoard compares the events of two runs except for their times.
func sameBoard(t *testing.T, a, b string) {
	t.Helper()
	ignore := cmpopts.IgnoreFields(tfevents.Event{}, "WallTime")
	if diff := cmp.Diff(boardEvents(t, a), boardEvents(t, b), ignore, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("the events of %s and %s differ:\n%s", a, b, diff)
	}
}

// TestTensorBoard checks the files of --tensorboard, also with real TensorBoard.
func TestTensorBoard(t *testing.T) {
	long(t)
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "3", "--batch", "9", "--metrics", "accuracy,f1_score", "--schedule", "linear"}
	o := succeed(t, append(args, "--out", "out", "--tensorboard")...)
	contains(t, "the output", o.stdout, "To follow the training in TensorBoard: tensorboard --logdir "+filepath.Join("out", boardName)+"\n", "  tensorboard       files for TensorBoard\n")
	events := boardEvents(t, filepath.Join("out", boardName))
	r := decode[record](t, read(t, "out", "run.json"))
	wrong := int(.5 + 6*(1-r.Results.Accuracy))
	want := map[string]int{"epoch_loss": 3, "epoch_accuracy": 3, "epoch_f1_score": 3, "epoch_f1_score/1": 3, "epoch_learning_rate": 3, "first_batch": 9, "keras": 1}
	if got := boardTags(events["train"]); !cmp.Equal(want, got) {
		t.Errorf("train has the tags %v, want %v", got, want)
	}
	want = map[string]int{"epoch_loss": 3, "epoch_accuracy": 3, "epoch_f1_score": 3, "epoch_f1_score/1": 3,
		"evaluation_loss_vs_iterations": 3, "evaluation_accuracy_vs_iterations": 3, "evaluation_f1_score_vs_iterations": 3, "evaluation_f1_score_vs_iterations/1": 3}
	if wrong > 0 {
		want["mistakes"] = wrong
	}
	if got := boardTags(events["validation"]); !cmp.Equal(want, got) {
		t.Errorf("validation has the tags %v, want %v", got, want)
	}
	if r.Settings["tensorboard"] != boardName {
		t.Errorf("run.json has the setting %v", r.Settings["tensorboard"])
	}
	// Another folder, which is not one of the run's files.
	o = succeed(t, append(args, "--out", "other", "--tensorboard=logs/one")...)
	contains(t, "the output", o.stdout, "tensorboard --logdir logs/one\n")
	if _, err := os.Stat(filepath.Join("other", boardName)); err == nil || strings.Contains(o.stdout, "files for TensorBoard") {
		t.Error("there are files in the folder of the run too")
	}
	sameBoard(t, filepath.Join("out", boardName), filepath.Join("logs", "one"))
	// Its files cannot be written, so no step runs, and there are no curves.
	put(t, "logs", map[string][]byte{"two/train": nil})
	if o := run(t, append(args, "--out", "none", "--tensorboard=logs/two")...); o.code != exitFailure || !strings.HasSuffix(o.stderr, "\n  model.keras and run.json are in none\n") {
		t.Errorf("exit code %d, %s", o.code, o.stderr)
	}
	// A new run replaces the files, and leaves those of the user.
	put(t, "out", map[string][]byte{"tensorboard/train/notes.txt": []byte("mine")})
	succeed(t, append(args, "--out", "out", "--tensorboard", "--overwrite")...)
	sameBoard(t, filepath.Join("out", boardName), filepath.Join("logs", "one"))
	succeed(t, append(args, "--out", "out", "--overwrite")...)
	var left []string
	for name := range snapshot(t, filepath.Join("out", boardName)) {
		left = append(left, name)
	}
	slices.Sort(left)
	if got := fmt.Sprint(left); got != "[train/ train/notes.txt]" {
		t.Errorf("the folder has %s", got)
	}
	// Real TensorBoard.
	var got map[string][]float64
	graphtest.Keras(t, accumulatorScript, filepath.Join("logs", "one"), &got)
	for i, name := range []string{"loss", "accuracy"} {
		for sub, key := range map[string]string{"train": name, "validation": "val_" + name} {
			if values := r.History.Values(key); !cmp.Equal(values, got[sub+"/epoch_"+name]) {
				t.Errorf("%d: TensorBoard shows %v for %s, history.csv has %v", i, got[sub+"/epoch_"+name], key, values)
			}
		}
	}
}

// accumulatorScript reads the scalars of all folders of a run, as TensorBoard does.
const accumulatorScript = `
import json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
folder = json.load(sys.stdin)
out = {}
for sub in ("train", "validation"):
    a = EventAccumulator(os.path.join(folder, sub), size_guidance={"tensors": 0})
    a.Reload()
    for tag in a.Tags()["tensors"]:
        if tag in ("epoch_loss", "epoch_accuracy"):
            out[sub + "/" + tag] = [float(tensor_util.make_ndarray(e.tensor_proto)) for e in a.Tensors(tag)]
json.dump(out, sys.stdout)
`
