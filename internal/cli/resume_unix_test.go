//go:build unix

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
)

// sameRun compares the files of two runs, except run.json, train.log and report.html, which have times, and except for the times in TensorBoard's files.
func sameRun(t *testing.T, a, b string) {
	t.Helper()
	want, got := snapshot(t, a), snapshot(t, b)
	board := false
	for _, files := range []map[string]string{want, got} {
		for name := range files {
			if strings.HasPrefix(name, boardName) {
				board = true
				delete(files, name)
			}
		}
		delete(files, "run.json")
		delete(files, logName)
		delete(files, pageName)
	}
	sameTree(t, want, got)
	if board {
		sameBoard(t, filepath.Join(a, boardName), filepath.Join(b, boardName))
	}
}

// TestResumeFlags interrupts and kills trainings whose learning rates, weights or files depend on flags. The resumed
// runs must have the files of an uninterrupted one.
func TestResumeFlags(t *testing.T) {
	long(t)
	workIn(t)
	for name, flags := range map[string][]string{
		"ema":       {"--ema", ".9", "--schedule", "cosine", "--warmup", "1.5", "--optimizer", "adamw", "--weight-decay", ".01", "--label-smoothing", ".1", "--tensorboard"},
		"plateau":   {"--schedule", "plateau", "--lr-patience", "3", "--lr", ".3", "--optimizer", "sgd", "--monitor", "val_auc", "--metrics", "auc,f1_score", "--patience", "50"},
		"one-cycle": {"--schedule", "one-cycle", "--lr", ".0333", "--optimizer", "adam", "--tensorboard=logs/DIR", "--metrics", "precision,recall"},
	} {
		args := func(out string) []string {
			list := []string{"train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "60", "--batch", "4", "--save-freq", "3", "--out", out}
			for _, f := range flags {
				list = append(list, strings.ReplaceAll(f, "DIR", out))
			}
			return list
		}
		whole := name + "-whole"
		succeed(t, args(whole)...)
		for i, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
			if !everything && (i == 0) == (name == "ema") {
				continue
			}
			out := name + "-" + strconv.Itoa(int(sig))
			p := start(t, args(out)...)
			p.await("Epoch 4/")
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if code, _ := p.end(); code == exitOK {
				t.Fatal("the training ended before the signal")
			}
			before := decode[record](t, read(t, out, "run.json"))
			succeed(t, "train", "--resume", out, "-q")
			sameRun(t, whole, out)
			if name == "one-cycle" {
				sameBoard(t, filepath.Join("logs", whole), filepath.Join("logs", out))
			}
			after, want := decode[record](t, read(t, out, "run.json")), decode[record](t, read(t, whole, "run.json"))
			if len(after.Resumed) != 1 || after.Model.Schedule == "" || after.Model.Schedule != before.Model.Schedule || after.Model.LearningRate != want.Model.LearningRate ||
				after.Model.Monitor != want.Model.Monitor || *after.BestEpoch != *want.BestEpoch {
				t.Errorf("%s: run.json has %+v, was %+v", out, after.Model, before.Model)
			}
		}
	}
}

// TestResumeAfterSignal checks that a run that any of the signals interrupts can be resumed with the
// command in its message, and then has the files of an uninterrupted run.
func TestResumeAfterSignal(t *testing.T) {
	long(t)
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "60", "--batch", "4", "--patience", "59", "--out"}
	succeed(t, append(args, "whole")...)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		out := "out " + strconv.Itoa(int(sig)) // the space tests the quoting of the command
		p := start(t, append(args, out)...)
		p.await("Epoch 3/")
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		code, rest := p.end()
		if code != exitInterrupted {
			t.Fatalf("exit code %d\n%s", code, p.stderr.String())
		}
		contains(t, "standard error", p.stderr.String(), "to resume: lince train --resume '"+out+"'")
		contains(t, "the list of files", rest, checkpointName)
		r := decode[record](t, read(t, out, "run.json"))
		if r.Status != interrupted || r.StoppedBy != "interruption" || r.Epochs < 2 {
			t.Errorf("run.json has %+v", r)
		}
		o := succeed(t, "train", "--resume", out, "--threads", "1")
		contains(t, "the output", o.stdout, "Epoch "+strconv.Itoa(r.Epochs+1)+"/60", "Epoch 60/60")
		if strings.Contains(o.stdout, "Epoch "+strconv.Itoa(r.Epochs)+"/60") || o.stderr != "" {
			t.Errorf("it trained an epoch again, or warned: %s", o.stderr)
		}
		sameRun(t, "whole", out)
		r = decode[record](t, read(t, out, "run.json"))
		if r.Status != finished || len(r.Resumed) != 1 || r.Epochs != 60 || len(r.EpochTimes) != 60 || r.Settings["seed"] != 42.0 {
			t.Errorf("run.json has %+v", r)
		}
		o = succeed(t, "train", "--resume", out)
		contains(t, "the output", o.stdout, "is already finished")
	}
}

// TestResumeRefuses checks that --resume refuses flags that change results, other data, and files
// that are not of a run.
func TestResumeRefuses(t *testing.T) {
	long(t)
	workIn(t)
	set := pngs(t, 12)
	put(t, "set", set)
	p := start(t, "train", "set", "--model", network("two.json"), "--epochs", "100000", "--batch", "4", "--out", "out")
	p.await("Epoch 2/")
	o := run(t, "train", "--resume", "out")
	if o.code != exitFailure || !strings.Contains(o.stderr, "out is in use") {
		t.Errorf("exit code %d, %s", o.code, o.stderr)
	}
	o = run(t, "train", "set", "--model", network("two.json"), "--out", "out", "--overwrite")
	if o.code != exitFailure || !strings.Contains(o.stderr, "out is in use") {
		t.Errorf("exit code %d, %s", o.code, o.stderr)
	}
	p.interrupt()
	p.end()
	put(t, ".", map[string][]byte{"away/set/x": nil, "old/run.json": []byte(`{"command": "train"}`), "broken/run.json": []byte("{"), "empty/x": nil})
	other := pngs(t, 14)
	put(t, "more", other)
	changed := map[string][]byte{}
	for name, b := range set {
		changed[name] = b
	}
	changed["cat.0.png"] = other["cat.6.png"]
	put(t, "changed", changed)
	before := snapshot(t, "out")
	for want, args := range map[string][]string{
		"remove --lr":                             {"--resume", "out", "--lr", "1"},
		"remove --epochs":                         {"--resume", "out", "--epochs", "3"},
		"not a run to resume":                     {"--resume", "empty"},
		"no such file":                            {"--resume", "nowhere"},
		"does not describe a training run":        {"--resume", "old"},
		"run.json cannot be read":                 {"--resume", "broken"},
		"with other training data":                {"--resume", "out", "more"},
		"their content, order or settings differ": {"--resume", "out", "changed"},
		"gone":                            {"--resume", "out", "gone"},
		"expected \"<data>\" or --resume": {},
	} {
		o := run(t, append([]string{"train"}, args...)...)
		if o.code == exitOK {
			t.Errorf("%v: exit code %d", args, o.code)
		}
		contains(t, "the message", o.stderr, want)
		again, further := "to start again: lince train set --model "+network("two.json")+" --epochs 100000 --batch 4\n", "to train the model further: lince train DATA --model out/best.keras"
		switch {
		case slices.Contains(args, "more"), slices.Contains(args, "changed"):
			contains(t, "the message", o.stderr, "restore them", again, further)
		case slices.Contains(args, "gone"):
			contains(t, "the message", o.stderr, "if the images have another place now: lince train DATA --resume out", again, further)
		case slices.Contains(args, "broken"), slices.Contains(args, "old"):
			contains(t, "the message", o.stderr, "to start again: the command of the run, with another folder for --out")
		case slices.Contains(args, "empty"), slices.Contains(args, "nowhere"):
			contains(t, "the message", o.stderr, "want the output folder of a lince train that did not end, such as out")
		}
		after := snapshot(t, "out")
		for _, name := range []string{"model.keras", "best.keras", "history.csv", checkpointName, "run.json"} {
			if after[name] != before[name] {
				t.Errorf("%v: %s was changed", args, name)
			}
		}
	}
	// A model file is not a checkpoint.
	if err := os.Rename(filepath.Join("out", checkpointName), "kept"); err != nil {
		t.Fatal(err)
	}
	o = run(t, "train", "--resume", "out")
	if after := snapshot(t, "out"); o.code != exitFailure || after["history.csv"] != before["history.csv"] || after["best.keras"] != before["best.keras"] {
		t.Errorf("without a checkpoint: exit code %d, or the results were replaced", o.code)
	}
	contains(t, "the message", o.stderr, "out has no checkpoint.keras, so the run cannot be resumed after its", "lince train DATA --model out/best.keras")
	put(t, "out", map[string][]byte{checkpointName: []byte(before["model.keras"])})
	o = run(t, "train", "--resume", "out")
	contains(t, "the message", o.stderr, checkpointName, "it is a model, not a checkpoint", "to start again: lince train set ", "lince train DATA --model out/best.keras")
	put(t, "out", map[string][]byte{checkpointName: []byte(before[checkpointName])})
	if err := os.Remove("out/best.keras"); err != nil {
		t.Fatal(err)
	}
	o = run(t, "train", "--resume", "out")
	contains(t, "the message", o.stderr, "out has no best.keras", "put the file back", "to start again: lince train set ", "lince train DATA --model out/model.keras")
}

// TestResumeElsewhere resumes a run from another working folder.
func TestResumeElsewhere(t *testing.T) {
	long(t)
	dir := workIn(t)
	put(t, "set", pngs(t, 12))
	put(t, ".", map[string][]byte{"net.json": []byte(read(t, network("two.json")))})
	args := []string{"train", "set", "--model", "net.json", "--epochs", "120", "--batch", "4", "--out"}
	succeed(t, append(args, "whole", "--tensorboard=logs/whole")...)
	p := start(t, append(args, "out", "--tensorboard=logs/out")...)
	p.await("Epoch 2/")
	p.interrupt()
	if code, _ := p.end(); code != exitInterrupted {
		t.Fatalf("exit code %d", code)
	}
	put(t, "else", map[string][]byte{"where/x": nil})
	t.Chdir(filepath.Join(dir, "else", "where"))
	succeed(t, "train", "--resume", filepath.Join("..", "..", "out"), "-q")
	sameRun(t, filepath.Join(dir, "whole"), filepath.Join(dir, "out"))
	sameBoard(t, filepath.Join(dir, "logs", "whole"), filepath.Join(dir, "logs", "out"))
}

// TestReaderLeaves checks that a training saves its model when the reader of its output exits, as
// head does.
func TestReaderLeaves(t *testing.T) {
	long(t)
	workIn(t)
	p := start(t, "train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "100000", "--out", "out")
	if _, err := p.out.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := p.stdout.Close(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // the exit code is checked
	if code := p.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	contains(t, "standard error", p.stderr.String(), "lince: interrupted", "lince train --resume out")
	if r := decode[record](t, read(t, "out", "run.json")); r.Status != interrupted || r.Results == nil {
		t.Errorf("run.json has %+v", r)
	}
	succeed(t, "summary", "out/model.keras")
}

// TestNohup checks that a signal that nohup ignores stays ignored.
func TestNohup(t *testing.T) {
	long(t)
	workIn(t)
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("there is no nohup here:", err)
	}
	p := startCommand(t, exec.Command(nohup, binary(t), "train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "60", "--out", "out"))
	p.await("Epoch 2/")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if code, rest := p.end(); code != exitOK || !strings.Contains(rest, "Epoch 60/60") {
		t.Errorf("exit code %d\n%s%s", code, rest, p.stderr.String())
	}
}

// TestDataVanish removes and replaces images during a training.
func TestDataVanish(t *testing.T) {
	long(t)
	workIn(t)
	set := pngs(t, 12)
	put(t, "set", set)
	args := []string{"train", "set", "--model", network("two.json"), "--epochs", "120", "--batch", "4", "--cache", "0", "--out"}
	succeed(t, append(args, "whole")...)
	p := start(t, append(args, "out")...)
	p.await("Epoch 2/")
	if err := os.Remove("set/cat.1.png"); err != nil {
		t.Fatal(err)
	}
	code, _ := p.end()
	if code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the message", p.stderr.String(), "set/cat.1.png: the file no longer exists; it was there when the dataset was listed", "to resume: lince train --resume out")
	if r := decode[record](t, read(t, "out", "run.json")); r.Status != failed || !strings.Contains(r.Error, "cat.1.png") {
		t.Errorf("run.json has %+v", r)
	}
	put(t, "set", map[string][]byte{"cat.1.png": set["cat.1.png"]})
	succeed(t, "train", "--resume", "out", "-q")
	sameRun(t, "whole", "out")

	p = start(t, append(args, "replaced")...)
	p.await("Epoch 2/")
	put(t, "set", map[string][]byte{"new": []byte("not an image")})
	if err := os.Rename("set/new", "set/cat.1.png"); err != nil {
		t.Fatal(err)
	}
	if code, _ := p.end(); code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the message", p.stderr.String(), "set/cat.1.png was changed while lince was running", "and has now 12 bytes", "to resume: lince train --resume replaced")
	if r := decode[record](t, read(t, "replaced", "run.json")); r.Status != failed || !strings.Contains(r.Error, "cat.1.png") {
		t.Errorf("run.json has %+v", r)
	}
	put(t, "set", map[string][]byte{"cat.1.png": set["cat.1.png"]})
	succeed(t, "train", "--resume", "replaced", "-q")
	sameRun(t, "whole", "replaced")
}

// TestFolderRemoved checks that a folder that is removed during the training is created again, and
// that the lost files are reported.
func TestFolderRemoved(t *testing.T) {
	plots(t)
	long(t)
	workIn(t)
	p := start(t, "train", "demo:cats-and-dogs?n=12", "--model", network("two.json"), "--epochs", "150", "--batch", "3", "--out", "out")
	p.await("Epoch 3/")
	// A rename is atomic. A removal would race with the training, which writes to the folder.
	if err := os.Rename("out", "away"); err != nil {
		t.Fatal(err)
	}
	code, rest := p.end()
	if code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the message", p.stderr.String(), "batch.png: removed from out while lince was running")
	_, list, _ := strings.Cut(rest, "Files in out:\n")
	there := snapshot(t, "out")
	for line := range strings.Lines(list) {
		if name := strings.Fields(line)[0]; there[name] == "" && name != "history.csv" {
			t.Errorf("the output lists %s, which is not there", name)
		}
	}
	contains(t, "the list", list, "model.keras", "history.csv", "run.json")
}

// TestBestBeatsStart checks that best.keras stays the initial model until an epoch is better.
func TestBestBeatsStart(t *testing.T) {
	long(t)
	workIn(t)
	succeed(t, "train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "20", "--optimizer", "adam", "--lr", ".01", "--out", "base", "-q")
	o := succeed(t, "train", "demo:cats-and-dogs?n=40", "--model", "base/best.keras", "--epochs", "2", "--lr", "5", "--out", "on")
	contains(t, "the output", o.stdout, "Initial model base/best.keras: val_accuracy: ", "val_loss: ",
		"best.keras        the initial model", "No epoch was better than the initial model")
	r := decode[record](t, read(t, "on", "run.json"))
	if r.BestEpoch != nil || r.Start == nil || len(r.Start.Fingerprint) != 64 || r.Start.Metrics["val_loss"] == nil {
		t.Fatalf("run.json has %+v", r)
	}
	base, best := open(t, "base/best.keras"), open(t, "on/best.keras")
	for i, w := range base.Weights() {
		if string(w.Raw()) != string(best.Weights()[i].Raw()) {
			t.Error("best.keras is not the initial model")
		}
	}
	for _, h := range r.History.Values("val_loss") {
		if h < *r.Start.Metrics["val_loss"] {
			t.Errorf("an epoch has val_loss %v, the start %v", h, *r.Start.Metrics["val_loss"])
		}
	}
	// Runs that are killed and resumed have the same files and the same account of them: in the record, in the output, on the page. A fold is a run, too.
	for out, flags := range map[string][]string{"killed": nil, "folds": {"--folds", "2"}} {
		args := append([]string{"train", "demo:cats-and-dogs?n=40", "--model", "base/best.keras", "--epochs", "40", "--lr", "5", "--batch", "4", "--save-freq", "2", "--out"}, out)
		args = append(args, flags...)
		p := start(t, args...)
		if flags == nil {
			p.await("Epoch 3/")
		} else { // the output of a fold is in its log
			p.await("Fold 1 of 2")
			log := filepath.Join(out, "fold-1", logName)
			for tries := 0; ; tries++ {
				if text, err := os.ReadFile(log); err == nil && strings.Contains(string(text), "Epoch 3/") {
					break
				}
				if tries == 2000 {
					t.Fatal("the fold does not begin its third epoch")
				}
				time.Sleep(5 * time.Millisecond)
			}
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if code, _ := p.end(); code == exitOK {
			t.Fatal("the training ended before the signal")
		}
		text := succeed(t, "train", "--resume", out).stdout
		if flags != nil {
			out += "/fold-1"
			text = read(t, out, logName)
		}
		contains(t, "the output", text, "No epoch was better than the initial model")
		k := decode[record](t, read(t, out, "run.json"))
		if k.BestEpoch != nil || k.Start == nil || len(k.Resumed) != 1 || k.Start.Fingerprint != r.Start.Fingerprint {
			t.Errorf("%s: run.json has the start %+v and the best epoch %v", out, k.Start, k.BestEpoch)
		}
		total := 0.
		for _, s := range k.EpochTimes {
			total += s
		}
		if k.Seconds < total {
			t.Errorf("%s: run.json has %v seconds, the epochs took %v", out, k.Seconds, total)
		}
		if best := open(t, out+"/best.keras"); string(best.Weights()[0].Raw()) != string(base.Weights()[0].Raw()) {
			t.Errorf("%s: best.keras is not the initial model", out)
		}
	}
	f := decode[record](t, read(t, "folds", "run.json")).Folds.Results
	first := decode[record](t, read(t, "folds/fold-1", "run.json")).History.Values("val_loss")
	if v := f[0].Values["val_loss"]; v == nil || *v != slices.Min(first) {
		t.Errorf("folds.csv has %+v for the best epoch of %v", f[0], first)
	}
	// A better epoch replaces it.
	succeed(t, "train", "demo:cats-and-dogs?n=40", "--model", "base/best.keras", "--epochs", "20", "--out", "better", "-q")
	r = decode[record](t, read(t, "better", "run.json"))
	if r.BestEpoch == nil || r.History.Values("val_loss")[*r.BestEpoch] >= *r.Start.Metrics["val_loss"] {
		t.Errorf("run.json has %+v, start %+v", r, r.Start)
	}
}

// TestModelIsPipe checks that no command blocks on what is no file: a pipe, a socket, a device or a folder in the place of a model or of
// tensors.
func TestModelIsPipe(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 4))
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save("good.keras"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"m.keras", "m.json", "m.npz", "m.npy"} {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Skip("no pipes here:", err)
		}
	}
	if err := os.Mkdir("folder.keras", 0o777); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	before := snapshotNames(t)
	for _, name := range []string{"m.keras", "m.json", "folder.keras", "socket", "/dev/zero"} {
		for _, args := range [][]string{
			{"summary", name}, {"train", "set", "--model", name}, {"evaluate", name, "set"}, {"predict", name, "set"}, {"run", name},
			{"convert", name, "out.keras"}, {"convert", name, "out.keras", "--network", "good.keras"}, {"convert", "good.keras", "out.keras", "--network", name},
			{"diff", name, "good.keras"}, {"diff", "good.keras", name},
		} {
			o := run(t, args...)
			if o.code != exitFailure || !strings.Contains(o.stderr, "pipe or a device") && !strings.Contains(o.stderr, ".keras") {
				t.Errorf("%v: exit code %d, %s", args, o.code, o.stderr)
			}
		}
	}
	for _, name := range []string{"m.npz", "m.npy", "socket", "/dev/zero"} {
		for _, args := range [][]string{{"run", "good.keras", "--inputs", name}, {"run", "good.keras", "--random", "--expect", name}} {
			if o := run(t, args...); o.code != exitFailure {
				t.Errorf("%v: exit code %d, %s", args, o.code, o.stderr)
			}
		}
	}
	if after := snapshotNames(t); !slices.Equal(before, after) {
		t.Errorf("the folder has %q, had %q", after, before)
	}
}

// snapshotNames lists the working folder.
func snapshotNames(t *testing.T) (names []string) {
	t.Helper()
	list, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestSweep checks that a run removes temporary files of killed processes.
func TestSweep(t *testing.T) {
	long(t)
	workIn(t)
	put(t, "out", map[string][]byte{
		".best.keras.1-0.tmp": nil, ".run.json.0123456789abcdef.tmp": nil, ".checkpoint.keras.fedcba9876543210.tmp": nil, ".writable-123": nil, ".mine.tmp": []byte("mine"),
	})
	succeed(t, "train", "demo:cats-and-dogs?n=12", "--model", network("two.json"), "--epochs", "1", "--out", "out", "-q")
	for name := range snapshot(t, "out") {
		if strings.HasPrefix(name, ".") && name != ".mine.tmp" {
			t.Errorf("%s was left", name)
		}
	}
	if _, err := os.Stat("out/.mine.tmp"); err != nil {
		t.Error(err)
	}
}

// TestRecordFirst checks that run.json is written before the first step.
func TestRecordFirst(t *testing.T) {
	long(t)
	workIn(t)
	t.Setenv("LINCE_WINOGRAD", "off")
	put(t, "out", map[string][]byte{"run.json": []byte("old"), "confusion.png": []byte("old")})
	p := start(t, "train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "100000", "--threads", "1", "--out", "out", "--overwrite")
	p.await("Epoch 1/")
	r := decode[record](t, read(t, "out", "run.json"))
	if r.Status != running || r.Environment["LINCE_WINOGRAD"] != "off" || r.Threads != 1 || r.Versions.InstructionSet == "" || len(r.CommandLine) != 11 || r.CommandLine[0] != "train" ||
		r.Data.Training != 30 || r.Model.Optimizer != "RMSprop" || r.Settings["batch"] != 15.0 {
		t.Errorf("run.json has %+v", r)
	}
	if _, err := os.Stat("out/confusion.png"); err == nil {
		t.Error("a file of the earlier run is still there")
	}
	p.await("Epoch 3/")
	p.interrupt()
	p.end()
	r = decode[record](t, read(t, "out", "run.json"))
	if r.PeakMemory < 1<<20 || r.BestEpoch == nil {
		t.Errorf("run.json has %+v", r)
	}
	// A changed environment is warned of.
	t.Setenv("LINCE_WINOGRAD", "")
	p = start(t, "train", "--resume", "out")
	p.await("Epoch " + strconv.Itoa(r.Epochs+2) + "/") // it may be many epochs ahead of the output
	p.interrupt()
	p.end()
	contains(t, "the warning", p.stderr.String(), "the results may differ", `LINCE_WINOGRAD is "", was "off"`)
}

// TestAbandoned checks that a command that does not end in its grace period is abandoned, and that
// one that is saving is not, until the second ^C.
func TestAbandoned(t *testing.T) {
	for _, saving := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			hard, cancelHard := context.WithCancel(t.Context())
			e := &env{ctx: ctx, hard: hard, text: io.Discard, found: new(data.Findings), leaving: &leaving{}}
			release, reported := make(chan struct{}), errors.New("abandoned")
			e.onAbandon(func() error { return reported })
			if saving {
				if err := e.startSaving(); err != nil {
					t.Fatal(err)
				}
			}
			ended := make(chan error)
			go func() {
				ended <- e.run(func() error { <-release; return nil })
			}()
			cancel()
			synctest.Wait()
			if saving {
				select {
				case err := <-ended:
					t.Errorf("it was not waited for: %v", err)
				default:
				}
				cancelHard()
			}
			if err := <-ended; !errors.Is(err, reported) {
				t.Errorf("error is %v", err)
			}
			if err := e.startSaving(); !errors.Is(err, context.Canceled) {
				t.Errorf("after ^C it may still start to save: %v", err)
			}
			cancelHard()
			close(release)
		})
	}
}

// TestEpochTimesState checks that the times of epochs are kept when a training is resumed.
func TestEpochTimesState(t *testing.T) {
	var a, b epochTimes
	h, err := a.callback().Begin(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.EpochBegin(0), h.EpochEnd(0, nil), h.EpochBegin(1)); err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal(h.State)
	if err != nil {
		t.Fatal(err)
	}
	h, err = b.callback().Begin(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.Unmarshal(state, h.State), h.EpochEnd(1, nil)); err != nil || len(b.seconds) != 2 || b.seconds[0] != a.seconds[0] {
		t.Errorf("the times are %v, %v", b.seconds, err)
	}
}
