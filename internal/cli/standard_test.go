package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// standardInputOf makes a text the standard input of the test.
func standardInputOf(t *testing.T, content []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = f
	t.Cleanup(func() {
		os.Stdin = before
		_ = f.Close() // it was only read
	})
}

// TestStandardInput predicts an image, an archive and a table from standard input.
func TestStandardInput(t *testing.T) {
	model := trained(t)
	workIn(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	images := pngs(t, 4)
	put(t, "set", images)
	for name, c := range map[string]struct {
		in   []byte
		more []string
		want []string
		fail string
	}{
		"an image":            {in: images["cat.0.png"], want: []string{"-,"}},
		"an image and others": {in: images["cat.0.png"], more: []string{"set/dog.0.png"}, want: []string{"-,", "set/dog.0.png,"}},
		"an archive":          {in: zipped(t, "", images), want: []string{"cat.0.png,", "cat.1.png,", "dog.0.png,", "dog.1.png,"}},
		"a table":             {in: []byte("file\nset/cat.0.png\nset/dog.1.png\n"), want: []string{"set/cat.0.png,", "set/dog.1.png,"}},
		"a table of a folder": {in: []byte("file,x\ncat.0.png,1\n"), more: []string{"--images", "set"}, want: []string{"cat.0.png,"}},
		"JSON lines":          {in: []byte("{\"file\": \"set/cat.1.png\"}\n"), want: []string{"set/cat.1.png,"}},
		"nothing":             {fail: "-: standard input: is empty"},
		"a text":              {in: []byte("hello"), fail: "is neither a folder"},
	} {
		standardInputOf(t, c.in)
		o := run(t, append([]string{"predict", "--csv", "-", model, "-"}, c.more...)...)
		if c.fail != "" {
			if o.code == exitOK || !strings.Contains(o.stderr, c.fail) {
				t.Errorf("%s: %+v", name, o)
			}
			continue
		}
		lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
		if o.code != exitOK || len(lines) != len(c.want)+1 {
			t.Errorf("%s: %+v", name, o)
			continue
		}
		for i, w := range c.want {
			if l := strings.TrimPrefix(lines[i+1], "'"); !strings.HasPrefix(l, w) { // the apostrophe keeps spreadsheets from running it
				t.Errorf("%s: line %d is %q, want %q", name, i+1, l, w)
			}
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

// TestStandardFiles checks that - is an error where a command cannot read standard input or write to standard output.
func TestStandardFiles(t *testing.T) {
	workIn(t)
	const reads, folder, file = "-: only lince predict reads standard input", "--out -: a folder cannot be written to standard output; name a folder, such as ./out", "-: the result cannot be written to standard output; name a file"
	for _, c := range []struct{ args, want string }{
		{"data -", reads}, {"train -", reads}, {"evaluate m.keras -", reads}, {"predict - a.png", reads}, {"data t.csv --images -", "--images " + reads}, {"train set --validation -", "--validation " + reads},
		{"train set --out -", folder}, {"train set --out /dev/stdout", folder}, {"check set --out -", folder}, {"convert a.keras -", file}, {"run a.onnx --random --out -", "--out " + file}, {"predict m.keras - -", "-: standard input can be read only once"},
	} {
		if o := run(t, strings.Fields(c.args)...); o.code != exitUsage || !strings.Contains(o.stderr, "error: "+c.want) {
			t.Errorf("%s: %+v, want %q", c.args, o, c.want)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
