//go:build unix

package cli

import "testing"

// TestResumeUnchecked interrupts and resumes a training whose images are checked when they are used. The images that are left out are counted as
// in an uninterrupted run, also those that were found before the interruption. --max-pixels holds after it, too.
func TestResumeUnchecked(t *testing.T) {
	long(t)
	workIn(t)
	set := pngs(t, 16)
	set["cat.1.png"], set["dog.7.png"] = []byte("no image"), set["dog.7.png"][:60]
	set["cat.3.png"] = grayPNG(t, 1200, 1000)
	put(t, "set", set)
	args := []string{"train", "set", "--model", network("two.json"), "--epochs", "120", "--batch", "4", "--no-precheck", "--max-pixels", "1", "--out"}
	succeed(t, append(args, "whole")...)
	p := start(t, append(args, "out")...)
	p.await("Epoch 2/")
	p.interrupt()
	if code, _ := p.end(); code != exitInterrupted {
		t.Fatalf("exit code %d", code)
	}
	succeed(t, "train", "--resume", "out", "-q")
	sameRun(t, "whole", "out")
	if r := decode[record](t, read(t, "out", "run.json")); len(r.Data.LeftOut) != 3 {
		t.Errorf("run.json has %+v", r.Data)
	}
	if read(t, "whole", "unreadable.csv") != read(t, "out", "unreadable.csv") {
		t.Error("unreadable.csv differs")
	}
}
