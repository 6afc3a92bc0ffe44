package cli

import (
	"strings"
	"testing"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]byteSize{
		"0": 0, "17": 17, "17b": 17, "1KB": 1000, "1KiB": 1024, "512MB": 512e6, "512 MiB": 512 << 20, "2GB": 2e9, "1.5gib": 3 << 29, "1TB": 1e12,
	} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%q is %d, %v, want %d", text, int64(b), err, int64(want))
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "1XB", "1e40GB", "NaN", "inf", "1M", "GB2"} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v, want an error", text, b)
		}
	}
	for b, want := range map[byteSize]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 439 << 20: "439 MiB", 2 << 30: "2 GiB", 2469606195: "2.3 GiB"} {
		if got := b.String(); got != want {
			t.Errorf("%d bytes are %s, want %s", int64(b), got, want)
		}
	}
}

// TestCacheFlag checks what training prints about the images that it keeps in memory, and that the
// result does not depend on them. There are 9 training and 3 validation images of 12x12.
func TestCacheFlag(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"cats.zip": kaggle(t, 12)})
	first := ""
	for _, c := range []struct{ cache, epochs, says string }{
		{"0", "2", ""},
		{"5184", "2", "Keeping 9 decoded training images and 3 decoded validation images in memory (5.1 KiB of --cache 5.1 KiB)."},
		{"5183B", "2", "Keeping 9 decoded training images in memory (3.8 KiB of --cache 5.1 KiB), but not 3 decoded validation images, which need 1.3 KiB."},
		{"3KiB", "2", "Keeping 3 decoded validation images in memory (1.3 KiB of --cache 3 KiB), but not 9 decoded training images, which need 3.8 KiB."},
		{"1KB", "2", "Not keeping 9 decoded training images and 3 decoded validation images in memory: they need 5.1 KiB, more than --cache 1000 B."},
		{"1GB", "1", "Keeping 9 decoded training images and 3 decoded validation images in memory (5.1 KiB of --cache 954 MiB)."},
	} {
		o := succeed(t, "train", "cats.zip", "--model", network("two.json"), "--epochs", c.epochs, "--cache", c.cache, "--out", "out", "--overwrite")
		if c.says == "" && strings.Contains(o.stdout, "eeping") || !strings.Contains(o.stdout, c.says) {
			t.Errorf("--cache %s: wanted %q in\n%s", c.cache, c.says, o.stdout)
		}
		if c.epochs == "2" {
			h := read(t, "out", "history.csv")
			if first == "" {
				first = h
			}
			if h != first {
				t.Errorf("--cache %s: the history differs", c.cache)
			}
		}
	}
	o := succeed(t, "evaluate", "out/model.keras", "cats.zip")
	contains(t, "evaluate", o.stderr, "Keeping 12 decoded images in memory (5.1 KiB of --cache 128 MiB).")
	o = run(t, "train", "cats.zip", "--cache", "much")
	if o.code != exitUsage {
		t.Errorf("--cache much: exit code %d", o.code)
	}
	contains(t, "the error", o.stderr, "--cache", `must be an amount of memory such as 512MB`, `got "much"`)
}

// TestSummaryMemory checks --memory as JSON and as a table, for a model file and for the tutorial's
// network.
func TestSummaryMemory(t *testing.T) {
	type parts map[string]int
	type result struct {
		Params int
		Memory *struct{ Training, Prediction parts }
	}
	r := decode[result](t, succeed(t, "summary", "--memory", "--batch-size", "8", "--json").stdout)
	if r.Params != 3725314 || r.Memory == nil {
		t.Fatalf("the tutorial's network has %+v", r)
	}
	for name, p := range map[string]parts{"training": r.Memory.Training, "prediction": r.Memory.Prediction} {
		sum := 0
		for key, n := range p {
			if key != "sum" && key != "batch" {
				sum += n
			}
		}
		if p["batch"] != 8 || p["weights"] != 4*r.Params || p["sum"] != sum || p["activations"] == 0 {
			t.Errorf("%s takes %v", name, p)
		}
	}
	o := succeed(t, "summary", "cnn", "--memory", "--batch", "8")
	contains(t, "the table", o.stdout, "Total params: 3,725,314", "Memory at batch size 8 ", "prediction", "weights  ", "14 MiB",
		byteSize(r.Memory.Training["sum"]).String(), byteSize(r.Memory.Prediction["sum"]).String())
	model := network("binary.json")
	if o := succeed(t, "summary", model, "--json"); decode[result](t, o.stdout).Memory != nil {
		t.Error("the JSON has memory without --memory")
	}
	contains(t, "the table", succeed(t, "summary", model, "--memory").stdout, "Memory at batch size 32 ")
	if o := run(t, "summary", model, "--memory", "--batch", "0"); o.code != exitUsage {
		t.Errorf("--batch 0: exit code %d", o.code)
	}
}
