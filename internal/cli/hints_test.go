package cli

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// TestKerasWords checks that arguments of Keras are answered with flags that exist.
func TestKerasWords(t *testing.T) {
	var c commands
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	var flags []string
	for _, node := range parser.Model.Children {
		if node.Name == "train" {
			for _, f := range node.Flags {
				flags = append(flags, f.Name)
			}
		}
	}
	seen := map[string]bool{}
	for _, k := range kerasWords {
		if k.flag == "" && k.note == "" || k.flag != "" && !slices.Contains(flags, k.flag) {
			t.Errorf("%s: there is no flag --%s", k.words, k.flag)
		}
		for _, word := range strings.Fields(k.words) {
			if seen[word] || slices.Contains(flags, word) {
				t.Errorf("%s is in the table twice, or is a flag", word)
			}
			seen[word] = true
			for _, form := range []string{word, strings.ReplaceAll(word, "-", "_")} {
				o := run(t, "train", "photos", "--"+form, "3")
				want := k.note
				if k.flag != "" {
					want = "did you mean --" + k.flag
				}
				if o.code != exitUsage || !strings.Contains(o.stderr, "unknown flag --"+form+"; ") || !strings.Contains(o.stderr, want) {
					t.Errorf("--%s: exit code %d, %s", form, o.code, o.stderr)
				}
			}
		}
	}
}

// TestCommandWords finds the commands of the table, and no word that is a command.
func TestCommandWords(t *testing.T) {
	var c commands
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, n := range parser.Model.Children {
		names = append(names, n.Name)
	}
	for word, name := range commandWords {
		if !slices.Contains(names, name) || slices.Contains(names, word) {
			t.Errorf("%s means %s, which is no command, or is a command itself", word, name)
		}
	}
}

// TestHints checks messages of several commands.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"train", "photos", "--batch-size", "32"}, "unknown flag --batch-size; did you mean --batch?"},
		{[]string{"train", "photos", "--learning_rate=.1"}, "unknown flag --learning_rate; did you mean --lr?"},
		{[]string{"train", "photos", "--weight_decay=.1"}, "unknown flag --weight_decay; did you mean --weight-decay?"},
		{[]string{"train", "photos", "--steps-per-epoch", "3"}, "an epoch is one pass over all training images; --limit limits"},
		{[]string{"train", "photos", "--target_size", "64"}, "did you mean --size?"},
		{[]string{"evaluate", "m.keras", "photos", "--batch_size", "32"}, "did you mean --batch?"},
		{[]string{"train", "photos", "--epocs", "3"}, `did you mean "--epochs"?`}, // kong's own hint
		{[]string{"fit", "photos"}, "unknown command fit; did you mean train?"},
		{[]string{"Export", "m.keras"}, "unknown command Export; did you mean convert?"},
		{[]string{"frobnicate"}, `unknown command frobnicate; "lince --help" lists the commands`},
		{[]string{"trian", "photos"}, `did you mean "train"?`}, // kong's own hint
		{[]string{"predict"}, "expected"},
	} {
		if o := run(t, c.args...); o.code != exitUsage || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, o.code, o.stderr)
		}
	}
	// A command without the flag has no hint for it.
	if o := run(t, "evaluate", "m.keras", "photos", "--learning-rate", "1"); o.code != exitUsage || strings.Contains(o.stderr, "did you mean") || strings.Contains(o.stderr, "--lr") {
		t.Errorf("exit code %d, %s", o.code, o.stderr)
	}
}
