//go:build unix

package cli

import (
	"strconv"
	"syscall"
	"testing"
)

// TestTransferResume interrupts and kills both phases. The resumed runs must have the files of an uninterrupted one.
func TestTransferResume(t *testing.T) {
	long(t)
	workIn(t)
	bodyModel(t)
	for name, flags := range map[string][]string{
		"cosine":  {"--patience", "0"},
		"plateau": {"--schedule", "plateau", "--lr-patience", "2", "--patience", "29", "--augment", "hflip", "--variants", "2", "--monitor", "val_accuracy"},
	} {
		args := func(out string) []string {
			return append([]string{"train", "demo:cats-and-dogs?n=40", "--model", "trees.keras", "--epochs", "30", "--finetune", "30", "--batch", "4", "--save-freq", "3", "--out", out}, flags...)
		}
		whole := name + "-whole"
		succeed(t, args(whole)...)
		for _, epoch := range []string{"Epoch 4/30", "Epoch 33/60"} {
			for i, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
				if !everything && ((i == 0) == (epoch == "Epoch 4/30") || (name == "cosine") == (i == 0)) {
					continue
				}
				out := name + "-" + epoch[6:8] + "-" + strconv.Itoa(int(sig))
				p := start(t, args(out)...)
				p.await(epoch)
				if err := p.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				if code, _ := p.end(); code == exitOK {
					t.Fatal("the training ended before the signal")
				}
				succeed(t, "train", "--resume", out, "-q")
				sameRun(t, whole, out)
				after, want := decode[record](t, read(t, out, "run.json")), decode[record](t, read(t, whole, "run.json"))
				if after.Epochs != want.Epochs || *after.Transfer != *want.Transfer || after.Model.Schedule != want.Model.Schedule || after.Model.LearningRate != want.Model.LearningRate ||
					*after.BestEpoch != *want.BestEpoch {
					t.Errorf("%s: run.json has %+v, %+v", out, after.Model, after.Transfer)
				}
			}
		}
	}
}
