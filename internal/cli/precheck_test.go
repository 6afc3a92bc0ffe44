package cli

import (
	"testing"
)

// TestUncheckedTraining trains without checking the images before. One that cannot be read is counted in all results, and ends the run with
// --strict.
func TestUncheckedTraining(t *testing.T) {
	workIn(t)
	set := pngs(t, 16)
	set["cat.1.png"], set["dog.7.png"] = []byte("no image"), set["dog.7.png"][:60]
	put(t, "set", set)
	train := []string{"train", "set", "--model", network("two.json"), "--epochs", "2", "--no-precheck", "--out"}
	o := succeed(t, append(train, "out")...)
	contains(t, "the output", o.stdout, "not decoded in advance")
	contains(t, "the warning", o.stderr, "2 images cannot be read; skipped:", "cat.1.png", "dog.7.png")
	r := decode[record](t, read(t, "out", "run.json"))
	if len(r.Data.LeftOut) != 2 || r.Data.LeftOut[0].Filename != "cat.1.png" || r.Data.Checked || r.Data.Training+r.Data.Validation != 16 {
		t.Errorf("run.json has %+v", r.Data)
	}
	contains(t, "unreadable.csv", read(t, "out", "unreadable.csv"), "cat.1.png,", "dog.7.png,")
	if o = run(t, append(train, "strict", "--strict")...); o.code != exitFailure {
		t.Errorf("with --strict, the exit code is %d", o.code)
	}
	contains(t, "the message", o.stderr, "set/")
	o = succeed(t, "evaluate", "out/best.keras", "set", "--no-precheck", "--json")
	if e := decode[evaluation](t, o.stdout); len(e.Unreadable) != 2 {
		t.Errorf("evaluate says %+v", e.Unreadable)
	}
	if o = run(t, "evaluate", "out/best.keras", "set", "--no-precheck", "--strict"); o.code != exitFailure {
		t.Errorf("with --strict, the exit code of evaluate is %d", o.code)
	}
	o = succeed(t, append(train[:len(train)-2], "--precheck", "--out", "before")...)
	contains(t, "the warning", o.stderr, "2 of 16 images cannot be read and will be skipped")
	if r := decode[record](t, read(t, "before", "run.json")); !r.Data.Checked || len(r.Data.Unreadable) != 2 || r.Data.Training+r.Data.Validation != 14 {
		t.Errorf("run.json has %+v", r.Data)
	}
}
