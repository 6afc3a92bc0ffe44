package cli

import (
	"errors"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/layer"
)

// oddNames are names of classes that are hard to write in a flag. The first is one of PlantVillage.
var oddNames = []string{"Pepper,_bell___healthy", "a=b", "c:d", "it's", `say "q"`, `back\`, `x\,y`, "$HOME `ls`", "100%", "-dash", "狗"}

// TestOddClassNames checks that every name can be written in the flags that take classes, and that the --rename that a message proposes can be pasted.
func TestOddClassNames(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here:", err)
	}
	words := func(line string) []string {
		out, err := exec.Command(sh, "-c", `printf '%s\n' `+line).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	workIn(t)
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: len(oddNames), Activation: layer.Softmax})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save("unnamed.keras"); err != nil {
		t.Fatal(err)
	}
	images := pngs(t, 2*len(oddNames))
	put(t, ".", images)
	// The table has the same names with another sign at the end.
	table, weights, rows := "filename,category\n", []namelist.Pair{}, "filename,category\n"
	for i, file := range slices.Sorted(maps.Keys(images)) {
		name := oddNames[i%len(oddNames)]
		quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		rows += file + "," + quoted(name) + "\n"
		table += file + "," + quoted(name+"!") + "\n"
		if i < len(oddNames) {
			weights = append(weights, namelist.Pair{Name: name, Value: "2"})
		}
	}
	put(t, ".", map[string][]byte{"other.csv": []byte(table), "same.csv": []byte(rows)})

	classes := words("--classes " + shell.Quote(namelist.Join(oddNames...)))
	o := succeed(t, append([]string{"evaluate", "unnamed.keras", "same.csv", "--json", "-q"}, classes...)...)
	if e := decode[evaluation](t, o.stdout); e.Images != 2*len(oddNames) || len(e.UnknownClasses) > 0 {
		t.Errorf("--classes: %d images, unknown classes %v", e.Images, e.UnknownClasses)
	}

	o = run(t, append([]string{"evaluate", "unnamed.keras", "other.csv"}, classes...)...)
	command := regexp.MustCompile(`--rename .*?; `).FindString(o.stderr)
	if command == "" {
		t.Fatal("no --rename is proposed:", o.stderr)
	}
	args := append([]string{"evaluate", "unnamed.keras", "other.csv", "--json", "-q"}, classes...)
	o = succeed(t, append(args, words(strings.TrimSuffix(command, "; "))...)...)
	if e := decode[evaluation](t, o.stdout); e.Images != 2*len(oddNames) || len(e.UnknownClasses) > 0 {
		t.Errorf("%s: %d images, unknown classes %v", command, e.Images, e.UnknownClasses)
	}

	got, err := parseWeights(namelist.JoinPairs(weights...))
	if err != nil {
		t.Error(err)
	}
	for _, n := range oddNames {
		if got[n] != 2 {
			t.Errorf("--class-weight: the weight of %q is %v", n, got[n])
		}
	}
	f := sourceFlags{Rename: renames{"a=b,": "c,=d"}, fileFlags: fileFlags{}, Labels: namelist.Join("x,y", "z=")}
	args = words(f.command("data", "t.csv"))
	var again renames
	var labels string
	for i, w := range args {
		switch w {
		case "--rename":
			err = again.UnmarshalText([]byte(args[i+1]))
		case "--category":
			labels = args[i+1]
		}
	}
	if err != nil || again["a=b,"] != "c,=d" || !slices.Equal(namelist.Split(labels), []string{"x,y", "z="}) {
		t.Errorf("the command for the same images is %q, %v", args, err)
	}
}

// TestColumnsOfClasses checks columns with commas in their names, as the classes of one-hot tables.
func TestColumnsOfClasses(t *testing.T) {
	workIn(t)
	images := pngs(t, 4)
	put(t, ".", images)
	rows := "filename,\"Pepper,_bell\",a=b\n"
	for i, file := range slices.Sorted(maps.Keys(images)) {
		rows += file + []string{",1,0\n", ",0,1\n"}[i%2]
	}
	put(t, ".", map[string][]byte{"t.csv": []byte(rows)})
	for _, flag := range []string{`Pepper\,_bell,a=b`, `Pepper\,_bell , a\=b`} {
		o := succeed(t, "data", "t.csv", "--category", flag)
		contains(t, "the output", o.stdout, "Pepper,_bell", "2 classes")
	}
	o := run(t, "data", "t.csv")
	contains(t, "the message", o.stderr, `--category 'Pepper\,_bell,a=b'`)
}

// TestNameMistakes checks the messages for lists of names with mistakes.
func TestNameMistakes(t *testing.T) {
	var l nameList
	if err := l.UnmarshalText([]byte("a,,b")); err == nil || !strings.Contains(err.Error(), "empty name") {
		t.Error(err)
	}
	for text, want := range map[string]string{"Pepper,_bell=2": `"Pepper" has no =; in a name, write a comma as \,`, "a=b=2": `got a=b=2`, "cat=1, cat=2": "two weights"} {
		if _, err := parseWeights(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	l = nil
	if err := errors.Join(l.UnmarshalText([]byte("a")), l.UnmarshalText([]byte("b,c"))); err != nil || !slices.Equal(l, []string{"a", "b", "c"}) {
		t.Errorf("%q, %v", l, err)
	}
}
