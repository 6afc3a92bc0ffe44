package lince_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
)

// TestReadme expects the Go code of the README to be that of the examples.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(shown) != 6 {
		t.Fatalf("the README has %d pieces of Go", len(shown))
	}
	for i, c := range []struct{ file, code string }{
		{"tutorial_example_test.go", `(?s)func Example_tutorial\(\) \{\n(.*?)\t// Output:`},
		{"functional_example_test.go", `(?s)func ExampleFunctional\(\) \{\n(.*?)\t// Output:`},
		{"functional_example_test.go", `(?s)func Example_transferLearning\(\) \{\n(.*?)\t// Output:`},
		{"functional_example_test.go", `(?s)func ExampleShared\(\) \{\n(.*?)\t// Output:`},
		{"backup_example_test.go", `(?s)(\t\thistory, err := model.Fit.*?\n\t\t}\)\n)`},
		{"serve_example_test.go", `(?s)(// handler answers.*?\n}\n)`},
	} {
		source, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		run := regexp.MustCompile(c.code).FindSubmatch(source)
		if run == nil {
			t.Fatalf("%s: no example", c.file)
		}
		want := string(run[1])
		for strings.HasPrefix(want, "\t") {
			want = regexp.MustCompile(`(?m)^\t`).ReplaceAllString(want, "")
		}
		got := string(shown[i][1])
		if got == want {
			continue
		}
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("the README's Go, line %d: %q, %s has %q", i+1, g[i], c.file, w[i])
			}
		}
		t.Fatalf("the README's Go is longer or shorter than in %s", c.file)
	}
}

// TestReadmeKinds compares the README's table of model files with the kinds.
func TestReadmeKinds(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## Model files\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string][2]string{} // what is read and written, by suffix
	for _, m := range regexp.MustCompile("(?m)^\\| (`\\..*?) \\|(.*?)\\|(.*?)\\|$").FindAllStringSubmatch(section, -1) {
		for _, s := range regexp.MustCompile("`(\\.[a-z0-9.]+)`").FindAllStringSubmatch(m[1], -1) {
			r := rows[s[1]]
			rows[s[1]] = [2]string{r[0] + m[2], r[1] + m[3]}
		}
	}
	known := map[string]bool{}
	for _, k := range lince.FileKinds() {
		for _, s := range k.Suffixes {
			if !k.Opens && !k.Tensors {
				continue
			}
			known[s] = true
			r := rows[s]
			if strings.TrimSpace(r[0]) == "" {
				t.Errorf("the README does not say that %s is read: %s", s, k.Title)
			}
			for method, does := range map[string]bool{"`Save`": k.Saves, "`Export`": k.Exports} {
				if does && !strings.Contains(r[1], method) {
					t.Errorf("the README does not say that %s writes %s", method, s)
				}
			}
		}
	}
	for s, r := range rows {
		if !known[s] {
			t.Errorf("the README says that %s is read (%s), which it is not", s, strings.TrimSpace(r[0]))
		}
	}
}
