package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// commandNames lists the commands, so that a new one is tested too.
var commandNames = func() (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[commands]()) {
		if _, ok := f.Tag.Lookup("cmd"); ok {
			names = append(names, strings.ToLower(f.Name))
		}
	}
	return names
}()

func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	help := succeed(t, "--help")
	for _, args := range [][]string{{}, {"help"}, {"-h"}} {
		if o := run(t, args...); o != help {
			t.Errorf("lince %s is not its help: %+v", strings.Join(args, " "), o)
		}
	}
	if a, b := succeed(t, "help", "train"), succeed(t, "train", "--help"); a != b {
		t.Error("lince help train is not lince train --help")
	}
	contains(t, "the help", help.stdout, append([]string{"Usage: lince <command>", "lince train demo:cats-and-dogs"}, commandNames...)...)
	texts := map[string]string{"": help.stdout}
	for _, name := range commandNames {
		o := succeed(t, name, "--help")
		contains(t, name+" --help", o.stdout, "Usage: lince "+name, "Examples:", "    lince "+name, "Arguments:")
		texts[name] = o.stdout
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("lince %s --help has a line of %d characters: %s", name, n, line)
			}
		}
	}
	// The help states the actual defaults.
	contains(t, "train --help", texts["train"], "rotation=15,shift=0.1,shear=0.1,zoom=0.8:1.2,hflip", "--epochs=3", "--batch=15", "--seed=42")
}

func TestVersion(t *testing.T) {
	o := succeed(t, "--version")
	if !strings.HasPrefix(o.stdout, "lince ") || strings.Count(o.stdout, "\n") != 1 {
		t.Errorf("the version is %q", o.stdout)
	}
}

// TestCompletion checks the completions of command lines.
func TestCompletion(t *testing.T) {
	workIn(t)
	put(t, ".", map[string][]byte{"model.keras": {1}, "net.json": {1}, "photo.jpg": {1}, "table.csv": {1}, "photos/cat.0.jpg": {1}, "set[1]/net.keras": {1}, "set[1]/cat.jpg": {1}, "set[1]/old/x": {1}})
	for _, c := range []struct {
		line string
		want []string
		not  []string
	}{
		{"lince ", commandNames, nil},
		{"lince tr", []string{"train"}, []string{"data"}},
		{"lince train --ep", []string{"--epochs"}, []string{"--batch"}},
		{"lince train --q", []string{"--quiet"}, nil},
		{"lince train dem", []string{"demo:cats-and-dogs"}, nil},
		{"lince train p", []string{"photo.jpg", "photos/"}, []string{"model.keras"}},
		{"lince train photos/ --model ", []string{"cnn", "auto", "vgg16", "model.keras", "net.json"}, []string{"photo.jpg"}},
		{"lince train photos/ --optimizer ", []string{"adam", "rmsprop", "sgd"}, []string{"photo.jpg"}},
		{"lince train photos/ --optimizer ", []string{"adamw", "lion", "muon"}, []string{"lossscaleoptimizer"}},
		{"lince train photos/ --schedule ", []string{"cosine", "plateau", "one-cycle"}, []string{"photo.jpg"}},
		{"lince train photos/ --metrics ", []string{"accuracy", "auc", "f1_score"}, []string{"mean_io_u"}},
		{"lince train photos/ --loss ", []string{"categorical_focal_crossentropy", "dice"}, []string{"photo.jpg"}},
		{"lince train ph", []string{"photo.jpg", "photos/"}, []string{"model.keras"}},
		{"lince train photos", []string{"photos/", "photos/cat.0.jpg"}, nil},
		{"lince check set[1]/", []string{"set[1]/net.keras", "set[1]/cat.jpg", "set[1]/old/"}, []string{"photo.jpg"}},
		{"lince summary ./set[1]/", []string{"set[1]/net.keras", "set[1]/old/"}, []string{"./set[1]/cat.jpg"}},
		{"lince train photos/ --out s", []string{"set[1]/"}, []string{"photo.jpg"}},
		{"lince predict ", []string{"model.keras"}, []string{"photo.jpg"}},
		{"lince predict model.keras ", []string{"photo.jpg"}, nil},
		{"lince predict model.keras photo.jpg --csv ", []string{"table.csv"}, []string{"photo.jpg"}},
		{"lince run ", []string{"model.keras", "net.json"}, []string{"photo.jpg"}},
		{"lince convert model.keras out --to ", []string{"onnx", "safetensors", "weights.h5"}, []string{"photo.jpg"}},
		{"lince convert model.keras out.onnx --against ", []string{"onnxruntime"}, []string{"photo.jpg"}},
		{"lince weights ", []string{"resnet50", "vgg16"}, []string{"photo.jpg"}},
		{"lince completion ", []string{"bash", "zsh", "fish"}, []string{"photo.jpg"}},
	} {
		t.Setenv("COMP_LINE", c.line)
		o := run(t)
		got := strings.Fields(o.stdout)
		for _, w := range c.want {
			if !slices.ContainsFunc(got, func(g string) bool { return strings.TrimPrefix(g, "./") == w }) {
				t.Errorf("%q: %q is not among %q", c.line, w, got)
			}
		}
		for _, n := range c.not {
			if slices.Contains(got, n) {
				t.Errorf("%q: %q is among %q", c.line, n, got)
			}
		}
		if o.code != exitOK || o.stderr != "" {
			t.Errorf("%q: exit code %d, %q", c.line, o.code, o.stderr)
		}
	}
}

// TestCompletionScripts has each installed shell parse its script. bash also runs the command in the
// script, from a folder whose name needs quoting.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := succeed(t, "completion", shell).stdout
		contains(t, shell+"'s script", script, "lince")
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	odd := filepath.Join(t.TempDir(), `it's "$HOME"`, "lince")
	put(t, filepath.Dir(odd), map[string][]byte{"lince": []byte(read(t, binary(t)))})
	if err := os.Chmod(odd, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bash, "-c", `
		complete() { while [ $# -gt 1 ]; do if [ "$1" = -C ]; then completer=$2; fi; shift; done; }
		eval "$("$0" completion bash)"
		COMP_LINE="lince ev" COMP_POINT=8 bash -c "$completer lince ev lince"`, odd)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "evaluate\n" {
		t.Errorf("bash completes lince ev with %q, %v", out, err)
	}
}
