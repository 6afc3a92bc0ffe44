package cli

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/escape"
	"github.com/lince-ml/lince/layer"
)

// TestHostileModels gives the files of internal/golden/hostile_models.py to every command that opens model files. A command ends with a
// message and the exit code 1, or it can use the file; it controls no terminal and leaves nothing behind. TestHostileModels of package
// lince checks what the errors say and how much memory opening takes. Unless everything is set, each file takes only some of the commands.
func TestHostileModels(t *testing.T) {
	long(t)
	var list []struct {
		Name, Error string
		Weights     bool
		Links       map[string]string
	}
	data := filepath.Join(packageDir, "..", "..", "testdata", "hostile")
	if err := json.Unmarshal([]byte(read(t, data, "models.json")), &list); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	unpack(t, filepath.Join(data, "models.zip"), folder)
	workIn(t)
	put(t, "set", pngs(t, 4))
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save("good.keras"); err != nil {
		t.Fatal(err)
	}
	doors := [][]string{
		{"summary", "FILE", "--memory"},
		{"convert", "FILE", "out/model.onnx"},
		{"convert", "FILE", "out/model.keras", "--network", "good.keras"},
		{"diff", "FILE", "good.keras"},
		{"diff", "good.keras", "FILE"},
		{"run", "FILE", "--random", "--out", "out/result.npz"},
		{"predict", "FILE", "set", "--csv", "out/predictions.csv"},
		{"evaluate", "FILE", "set", "--out", "out"},
		{"train", "set", "--model", "FILE", "--epochs", "1", "--out", "out"},
	}
	for i, h := range list {
		file := filepath.Join(folder, h.Name)
		for name, target := range h.Links {
			if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
				t.Logf("%s is left out: %v", h.Name, err)
				file = ""
			}
		}
		if file == "" {
			continue
		}
		for k, door := range doors {
			if !everything && (i+k)%4 != 0 {
				continue
			}
			args := append([]string(nil), door...)
			for i, a := range args {
				if a == "FILE" {
					args[i] = file
				}
			}
			if err := os.Mkdir("out", 0o777); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, ".")
			o := run(t, args...)
			what := "lince " + strings.Join(args, " ")
			for _, text := range []string{o.stdout, o.stderr} {
				if i := strings.IndexFunc(text, func(r rune) bool { return r != '\r' && escape.IsHidden(r) }); i >= 0 {
					t.Errorf("%s controls the terminal: %.100q", what, text[i:])
				}
			}
			switch {
			case o.code == exitFailure:
				if !strings.Contains(o.stderr, "lince: error: ") && door[0] != "diff" { // diff also fails if the models differ
					t.Errorf("%s: the message is %.1000s", what, o.stderr)
				}
				sameTree(t, before, snapshot(t, "."))
			case o.code == exitUsage && door[0] == "run": // noise of the input's shape is too large
			case o.code == exitUsage && door[0] == "summary" && h.Weights: // --memory needs a network
			case o.code != exitOK:
				t.Errorf("%s: exit code %d\n%.1000s", what, o.code, o.stderr)
			case h.Error != "" && !h.Weights && args[len(args)-1] != "good.keras": // which takes the weights alone
				t.Errorf("%s succeeded; the file must give an error that matches %q", what, h.Error)
			}
			if len(o.stderr) > 12_000 {
				t.Errorf("%s: the message has %d bytes: %.1000s", what, len(o.stderr), o.stderr)
			}
			if err := os.RemoveAll("out"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, path := range []string{"owned", filepath.Join(folder, "owned"), filepath.Join(folder, "..", "owned")} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s was made", path)
		}
	}
}

// unpack unpacks the files of an archive to a folder.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, files)
}
