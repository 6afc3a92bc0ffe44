package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputFlags checks that each flag that writes files has the tag for the rules of existing files.
func TestOutputFlags(t *testing.T) {
	t.Parallel()
	var c commands
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"": true}
	for _, k := range outputKinds {
		known[k.name] = true
	}
	tagged := 0
	for _, node := range parser.Model.Children {
		values := node.Positional
		for _, f := range node.Flags {
			values = append(values, f.Value)
		}
		for _, v := range values {
			kind := v.Tag.Get("writes")
			if kind != "" {
				tagged++
			}
			writes := v.Target.Type().Name() == "path" && (strings.Contains(strings.ToLower(v.Help), "write") || v.Name == "out" || strings.HasPrefix(v.Help, "Also draw"))
			if !known[kind] || writes != (kind != "") {
				t.Errorf("lince %s: %s has the tag writes:%q", node.Name, v.Summary(), kind)
			}
		}
	}
	if tagged < 12 {
		t.Errorf("only %d flags write files", tagged)
	}
}

// TestOutputsWithoutFolder ends a command before its work if its output cannot be made.
func TestOutputsWithoutFolder(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"photos/cat/0.jpg": jpg(t), "m.keras": []byte(read(t, trained(t), "best.keras")), "t.csv": []byte("filename\n")})
	for _, tt := range []struct{ args, want string }{
		{"predict m.keras photos --csv none/p.csv", "--csv: cannot write none/p.csv: there is no folder none; make it first"},
		{"features m.keras photos --out none/f.npz", "--out: cannot write none/f.npz: there is no folder none"},
		{"convert m.keras none/m.h5", "cannot write none/m.h5: there is no folder none"},
		{"summary m.keras --plot t.csv/m.png", "--plot: cannot write t.csv/m.png: not a directory"},
	} {
		if o := run(t, strings.Fields(tt.args)...); o.code != exitFailure || !strings.Contains(o.stderr, tt.want) || strings.Contains(o.stderr, "Predicting") {
			t.Errorf("lince %s: exit code %d, %s", tt.args, o.code, o.stderr)
		}
	}
}

// TestOutputsKeepInputs names files that must not be replaced as the output of each command. They stay as they are, and the command ends before its work.
func TestOutputsKeepInputs(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{
		"photos/cat/0.jpg": jpg(t), "photos/dog/0.jpg": jpg(t), "m.keras": []byte(read(t, trained(t), "best.keras")),
		"t.csv": []byte("filename,category\ncat/0.jpg,cat\ndog/0.jpg,dog\n"), "notes.txt": []byte("mine\n"), "old/best.keras": []byte("PK"),
	})
	if err := errors.Join(os.Symlink("photos/cat/0.jpg", "soft.csv"), os.Symlink("m.keras", "soft.keras"), os.Link("m.keras", "hard.csv")); err != nil {
		t.Skip("no links here: ", err)
	}
	before := snapshot(t, ".")
	for _, tt := range []struct{ args, want string }{
		{"predict m.keras --csv photos/cat/0.jpg photos/dog/0.jpg", "--csv: photos/cat/0.jpg exists and is an image (JPEG)"},
		{"predict m.keras photos --csv m.keras", "--csv m.keras: the command reads this file; write to another one"},
		{"predict m.keras photos --csv hard.csv", "--csv: hard.csv and m.keras are the same file"},
		{"predict m.keras photos --csv soft.csv", "--csv: soft.csv exists and is an image (JPEG)"},
		{"predict m.keras photos --csv soft.keras", "--csv: soft.keras and m.keras are the same file"},
		{"predict m.keras t.csv --csv t.csv", "the command reads this file"},
		{"predict m.keras photos --csv t.csv", "t.csv exists and is not a table of predictions; use another name"},
		{"predict m.keras photos --csv notes.txt", "is not a table of predictions"},
		{"predict m.keras photos --csv photos", "photos is a folder, want the name of a file"},
		{"data photos --csv photos/cat/0.jpg", "is an image (JPEG)"},
		{"data t.csv --images photos --csv t.csv", "the command reads this file"},
		{"data photos --csv notes.txt", "is not a table with the columns filename and category"},
		{"show photos/cat/0.jpg --layers photos/cat/0.jpg", "the command reads this file"},
		{"show photos/cat/0.jpg --layers photos/dog/0.jpg", "is an image (JPEG)"},
		{"show photos/cat/0.jpg --layers t.csv", "is not a PNG image"},
		{"clean t.csv --images photos --out t.csv --overwrite", "the command reads this file"},
		{"clean photos --out photos/cat/0.jpg --overwrite", "is an image (JPEG)"},
		{"clean photos --out m.keras --overwrite", "is not a text file"},
		{"features m.keras t.csv --images photos --out t.npy --overwrite", "--out t.csv: the command reads this file"},
		{"run m.keras --inputs x=t.csv --out t.csv --overwrite", "the command reads this file"},
		{"convert m.keras hard.csv --to keras --overwrite", "hard.csv and m.keras are the same file"},
		{"train photos --model old/best.keras --out old --overwrite", "--out old: the command reads old/best.keras, and would replace it; use another folder"},
	} {
		o := run(t, strings.Fields(tt.args)...)
		if o.code != exitUsage || !strings.Contains(filepath.ToSlash(o.stderr), tt.want) || strings.Contains(o.stderr, "Reading") {
			t.Errorf("lince %s: exit code %d, %s", tt.args, o.code, o.stderr)
		}
	}
	for name, content := range snapshot(t, ".") {
		if before[name] != content {
			t.Errorf("%s has changed", name)
		}
	}
	succeed(t, "run", "m.keras", "--random", "--out", "tensors")
	if o := run(t, "run", "m.keras", "--random", "--expect", "tensors", "--out", "tensors", "--overwrite"); o.code != exitUsage || !strings.Contains(o.stderr, "the command reads this file; write to another folder") {
		t.Errorf("lince run --expect and --out with the same folder: %+v", o)
	}
	// A command can be repeated, also with other data.
	for range 2 {
		succeed(t, "predict", "m.keras", "photos", "--csv", "p.csv")
		succeed(t, "data", "photos", "--csv", "labels.csv")
		succeed(t, "show", "photos/cat/0.jpg", "--layers", "l.png")
		succeed(t, "summary", "m.keras", "--plot", "m.svg")
	}
}
