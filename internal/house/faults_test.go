package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestFaultsHaveTests checks that the tests that docs/faults.md names are there: each row has at least one, of the form `PACKAGE TestName` or
// `PACKAGE TestName/case`.
func TestFaultsHaveTests(t *testing.T) {
	root := testenv.Root(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{} // the text of each test file's folder
	named := regexp.MustCompile("`([\\w./]+) (Test\\w+)(?:/([^`]+))?`")
	rows := 0
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| fault |") {
			continue
		}
		rows++
		found := named.FindAllStringSubmatch(line, -1)
		if len(found) == 0 {
			t.Errorf("docs/faults.md has a row without a test: %s", line)
		}
		for _, m := range found {
			pkg, name, sub := m[1], m[2], m[3]
			if tests[pkg] == "" {
				files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					b, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					tests[pkg] += string(b)
				}
			}
			_, body, ok := strings.Cut(tests[pkg], "\nfunc "+name+"(t *testing.T) {")
			if !ok {
				t.Errorf("docs/faults.md names %s of %s, which is not there", name, pkg)
				continue
			}
			body, _, _ = strings.Cut(body, "\n}\n")
			if sub != "" && !strings.Contains(body, `"`+sub+`"`) {
				t.Errorf("docs/faults.md names the case %q of %s, which is not there", sub, name)
			}
		}
	}
	if rows < 40 {
		t.Errorf("docs/faults.md has %d rows", rows)
	}
}
