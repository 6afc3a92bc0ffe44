package lince_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadme holds that the README's Go is what Example_tutorial runs.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("tutorial_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	run := regexp.MustCompile(`(?s)func Example_tutorial\(\) \{\n(.*?)\t// Output:`).FindSubmatch(source)
	if shown == nil || run == nil {
		t.Fatal("no Go in the README, or no example")
	}
	want := regexp.MustCompile(`(?m)^\t`).ReplaceAllString(string(run[1]), "")
	if got := string(shown[1]); got != want {
		g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("the README's Go, line %d: %q, the example has %q", i+1, g[i], w[i])
			}
		}
		t.Fatal("the README's Go is longer or shorter than the example")
	}
}
