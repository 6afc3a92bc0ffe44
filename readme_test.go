package lince_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
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
