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

	random := rand.New(rand.NewPCG(1, 2))
	killed, inEpoch, between, early, runs := 0, 0, 0, 0, 0
	for n := kills(t); killed < n; runs++ {
		out := filepath.Join("runs", strconv.Itoa(runs))
		for {
			next := append(slices.Clone(args), out, "--save-freq", []string{"0", "1", "3"}[runs%3])
			if _, err := os.Stat(filepath.Join(out, "run.json")); err == nil {
				next = []string{"train", "--resume", out, "--threads", strconv.Itoa(1 + random.IntN(2))}
			}
			var output bytes.Buffer
			cmd := exec.Command(binary(t), next...)
			cmd.Stdout, cmd.Stderr = &output, &output
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var timer *time.Timer
			if killed < n {
				timer = time.AfterFunc(time.Duration(random.Float64()*float64(took)), func() { _ = cmd.Process.Kill() })
			}
			err := cmd.Wait()
			if timer != nil {
				timer.Stop()
			}
			if err == nil {
				break
			}
			var failed *exec.ExitError
			if !errors.As(err, &failed) || failed.Exited() {
				t.Fatalf("lince %s: %v\n%s", strings.Join(next, " "), err, output.String())
			}
			killed++
			switch _, s, err := lince.OpenCheckpoint(filepath.Join(out, checkpointName)); {
			case errors.Is(err, os.ErrNotExist):
				early++
			case err != nil:
				t.Fatalf("after kill %d: %v", killed, err)
			case s.Position.Step > 0:
				inEpoch++
			default:
				between++
			}
		}
		got := snapshot(t, out)
		for name, content := range want {
			if name != "run.json" && got[name] != content {
				t.Errorf("run %d, after %d kills: %s differs", runs, killed, name)
			}
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				t.Errorf("run %d, after %d kills: %s was left", runs, killed, name)
			}
		}
		if r := decode[record](t, got["run.json"]); r.Status != finished {
			t.Errorf("run %d, after %d kills: the status is %s", runs, killed, r.Status)
		}
	}
	t.Logf("%d kills in %d runs: %d left a checkpoint in an epoch, %d between two, %d none", killed, runs, inEpoch, between, early)
}
