//go:build unix

package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oddName is the name of a folder with characters that patterns, formats, addresses and shells change.
const oddName = `a {epoch} [1] }x{{0}} %s %20 #?*$ '" \b`

// failing fails to write after a number of bytes.
type failing struct {
	left int
	err  error
}

// Write implements io.Writer.
func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, f.err
	}
	return len(b), nil
}

// proposed runs the command that a message proposes after lead, as a shell does.
func proposed(t *testing.T, message, lead string) string {
	t.Helper()
	_, command, ok := strings.Cut(message, lead)
	if !ok {
		t.Fatalf("there is no %q in\n%s", lead, message)
	}
	command, _, _ = strings.Cut(command, "\n")
	out, err := exec.Command("sh", "-c", `bin=$0; lince() { "$bin" "$@"; }; `+command, binary(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// sameFiles compares the files of runs in folders of different names.
func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	var trees []map[string]string
	for _, dir := range []string{a, b} {
		tree := snapshot(t, dir)
		for name := range tree {
			if base := filepath.Base(name); base == "run.json" || base == logName || base == pageName || base == "tune.csv" || strings.Contains(name, boardName) {
				delete(tree, name)
			}
		}
		trees = append(trees, tree)
	}
	sameTree(t, trees[0], trees[1])
}

// TestOddFolder trains on images in an odd folder, and into it.
func TestOddFolder(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 24))
	put(t, filepath.Join(oddName, "set"), pngs(t, 24))
	args := func(dir, out string, more ...string) []string {
		return append([]string{"train", filepath.Join(dir, "set"), "--model", network("two.json"), "--epochs", "3", "--batch", "6", "--out", filepath.Join(dir, out)}, more...)
	}
	board := filepath.Join(oddName, "logs")
	for out, flags := range map[string][]string{"run": {"--tensorboard=" + board}, "folds": {"--folds", "2"}, "tune": {"--tune", "1ms"}, "lr": {"--lr-find"}} {
		succeed(t, args(".", out, append(flags, "-q")...)...)
		succeed(t, args(oddName, out, append(flags, "-q")...)...)
		sameFiles(t, out, filepath.Join(oddName, out))
	}
	if n := len(snapshot(t, board)); n != 6 { // two folders, with a file of each run
		t.Errorf("%s has %d files and folders", board, n)
	}
	// The reader of the output exits. The command that is then proposed resumes the run.
	for out, flags := range map[string][]string{"run": nil, "folds": {"--folds", "2"}} {
		var stderr bytes.Buffer
		if code := Main(args(oddName, "cut "+out, flags...), &failing{err: syscall.EPIPE}, &stderr); code != exitInterrupted {
			t.Fatalf("exit code %d\n%s", code, stderr.String())
		}
		proposed(t, stderr.String(), "to resume: ")
		sameFiles(t, out, filepath.Join(oddName, "cut "+out))
	}
}

// TestOddPaths runs the other commands on files in an odd folder.
func TestOddPaths(t *testing.T) {
	workIn(t)
	at := func(name string) string { return filepath.Join(oddName, name) }
	put(t, oddName, map[string][]byte{"best.keras": []byte(read(t, trained(t), "best.keras")), "w.npz": nil})
	put(t, at("set"), pngs(t, 12))
	model, set, image := at("best.keras"), at("set"), at("set/cat.0.png")
	for _, args := range [][]string{
		{"data", set}, {"check", set}, {"clean", set, "--out", at("kept.csv")}, {"data", at("kept.csv"), "--images", set},
		{"evaluate", model, set, "--out", at("results")}, {"predict", model, image, "--csv", at("p.csv")}, {"show", image}, {"summary", model, "--plot", at("network.png")},
		{"features", model, set, "--out", at("f.npy")}, {"features", model, set, "--out", at("f.parquet"), "--neighbors", "2"},
		{"convert", model, at("m.onnx")}, {"convert", model, at("m.weights.h5")}, {"diff", model, at("m.onnx")},
		{"run", at("m.onnx"), "--random", "--out", at("tensors")}, {"predict", at("m.onnx"), image},
	} {
		o := run(t, args...)
		if o.code != exitOK {
			t.Errorf("lince %s: exit code %d\n%s", strings.Join(args, " "), o.code, o.stderr)
		}
	}
	for _, name := range []string{"kept.csv", "results/predictions.csv", "p.csv", "network.png", "f.csv", "f.neighbors.csv", "tensors"} {
		if _, err := os.Stat(at(name)); err != nil {
			t.Error(err)
		}
	}
	// Commands that are proposed.
	if o := proposed(t, succeed(t, "clean", set, "--out", at("again.csv")).stdout+"\n", "To train on them: "); !strings.Contains(o, "Files in runs/train-1") {
		t.Errorf("the training prints\n%s", o)
	}
	o := run(t, "predict", at("m.weights.h5"), image)
	put(t, ".", map[string][]byte{"network.json": []byte(read(t, network("two.json")))})
	proposed(t, strings.Replace(o.stderr, "NETWORK", "network.json", 1), "on the command line:\n  ")
	if _, err := os.Stat("m.keras"); err != nil {
		t.Error(err)
	}
}

// times are the numbers that differ in the logs of two equal runs.
var times = regexp.MustCompile(` *[0-9]+(\.[0-9]+)? ?[mu]?s\b(/step)?| +[0-9]+\.[0-9]  `)

// TestLogOfFullOutput checks that train.log has all that a training prints if it cannot be printed.
func TestLogOfFullOutput(t *testing.T) {
	workIn(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "2", "--batch", "6", "--out", out}, more...)
	}
	log := func(out, file string) string {
		text := times.ReplaceAllString(read(t, out, file), " TIME")
		return strings.ReplaceAll(text, filepath.Join(out, ""), "OUT")
	}
	full := errors.New("no space left on device")
	const lost = "cannot write the output: no space left on device\n"
	for out, c := range map[string]struct {
		flags []string
		logs  []string
	}{
		"run":   {nil, []string{logName}},
		"folds": {[]string{"--folds", "2"}, []string{logName, "fold-1/" + logName, "fold-2/" + logName}},
		"json":  {[]string{"--json"}, []string{logName}},
		"tune":  {[]string{"--tune", "1ms"}, []string{logName, "trial-1-1/" + logName, "best/" + logName}},
	} {
		succeed(t, args("whole-"+out, c.flags...)...)
		for _, left := range []int{0, 300}[:2-min(len(c.flags), 1)] {
			var stderr bytes.Buffer
			if code := Main(args("full-"+out, append(c.flags, "--overwrite")...), &failing{left, full}, &stderr); code != exitFailure {
				t.Errorf("%s: exit code %d", out, code)
			}
			contains(t, "standard error", stderr.String(), "lince: error: "+lost)
			for i, name := range c.logs {
				want := log("whole-"+out, name)
				if i == 0 { // of the command
					want += lost
				}
				if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(log("full-"+out, name), "\n")); d != "" {
					t.Errorf("%s of %s differs:\n%s", name, out, d)
				}
			}
			if r := decode[record](t, read(t, "full-"+out, "run.json")); r.Status != finished {
				t.Errorf("the run of %s is %s", out, r.Status)
			}
		}
	}
	if code := Main(args("lr", "--lr-find"), &failing{0, full}, new(bytes.Buffer)); code != exitFailure {
		t.Errorf("--lr-find: exit code %d", code)
	}
	// The reader exits: the training is interrupted, and the log says so.
	var stderr bytes.Buffer
	if code := Main(args("left"), &failing{0, syscall.EPIPE}, &stderr); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
	contains(t, "the log", read(t, "left", logName), "Interrupted: saving the results", "Files in left", "to resume: lince train --resume left\n")
	if code := Main(args("left", "--json", "--overwrite"), &failing{0, syscall.EPIPE}, &stderr); code != exitInterrupted {
		t.Errorf("--json: exit code %d\n%s", code, stderr.String())
	}
}
