//go:build unix

package cli

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// kills returns the number of processes that TestKilled kills: LINCE_KILLS, which .ci/soak sets to
// 100, or 4.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("LINCE_KILLS")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilled kills trainings at random moments and resumes them until they end. The files must be
// those of an uninterrupted run. The training has dropout, augmentation, EarlyStopping that
// restores the best weights, and checkpoints after epochs and within them.
//
// The test is deterministic, although the moments are random: no result depends on them.
func TestKilled(t *testing.T) {
	long(t)
	workIn(t)
	put(t, ".", map[string][]byte{"net.json": jsonOf(t,
		layer.Input{Shape: []int{24, 24, 3}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{},
		layer.Flatten{},
		layer.Dropout{Rate: .3},
		layer.Dense{Units: 16, Activation: layer.ReLU},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)})
	epochs := "6"
	if kills(t) >= 100 {
		epochs = "40"
	}
	args := []string{"train", "demo:cats-and-dogs?n=40", "--model", "net.json", "--epochs", epochs, "--batch", "4", "--patience", "30", "--optimizer", "adam", "--out"}
	whole := exec.Command(binary(t), append(args, "whole")...)
	started := time.Now()
	if out, err := whole.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(started)
	want := snapshot(t, "whole")

	k := &killer{t: t, random: rand.New(rand.NewPCG(1, 2)), took: took, left: kills(t)}
	runs := 0
	for ; k.left > 0; runs++ {
		out := filepath.Join("runs", strconv.Itoa(runs))
		k.train(append(slices.Clone(args), out, "--save-freq", []string{"0", "1", "3"}[runs%3]), out)
		got := snapshot(t, out)
		for name, content := range want {
			if name != "run.json" && name != logName && name != pageName && got[name] != content {
				t.Errorf("run %d, %d kills left: %s differs", runs, k.left, name)
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				t.Errorf("run %d, %d kills left: %s was left behind", runs, k.left, name)
			}
		}
		if r := decode[record](t, got["run.json"]); r.Status != finished {
			t.Errorf("run %d, %d kills left: the status is %s", runs, k.left, r.Status)
		}
	}
	t.Logf("%d runs; kills that left a checkpoint within an epoch: %d, between epochs: %d, no checkpoint: %d", runs, k.within, k.between, k.none)
}

// killer kills trainings at random moments.
type killer struct {
	t      *testing.T
	random *rand.Rand
	took   time.Duration // of an uninterrupted training
	left   int           // kills

	within, between, none int // kills by the checkpoint that they left: within an epoch, between epochs, none
}

// train runs a training with the output folder out, and resumes it after each kill until it ends.
func (k *killer) train(args []string, out string) {
	k.t.Helper()
	for {
		if _, err := os.Stat(filepath.Join(out, "run.json")); err == nil {
			args = []string{"train", "--resume", out, "--threads", strconv.Itoa(1 + k.random.IntN(2))}
		}
		var output bytes.Buffer
		cmd := exec.Command(binary(k.t), args...)
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			k.t.Fatal(err)
		}
		var timer *time.Timer
		if k.left > 0 {
			timer = time.AfterFunc(time.Duration(k.random.Float64()*float64(k.took)), func() { _ = cmd.Process.Kill() })
		}
		err := cmd.Wait()
		if timer != nil {
			timer.Stop()
		}
		if err == nil {
			return
		}
		var failed *exec.ExitError
		if !errors.As(err, &failed) || failed.Exited() {
			k.t.Fatalf("lince %s: %v\n%s", strings.Join(args, " "), err, output.String())
		}
		k.left--
		switch _, s, err := lince.OpenCheckpoint(filepath.Join(out, checkpointName)); {
		case errors.Is(err, os.ErrNotExist):
			k.none++
		case err != nil:
			k.t.Fatalf("%d kills left: %v", k.left, err)
		case s.Position.Step > 0:
			k.within++
		default:
			k.between++
		}
	}
}
