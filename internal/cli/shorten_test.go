package cli

import (
	"strings"
	"testing"
)

// TestShorten cuts messages that a file makes long.
func TestShorten(t *testing.T) {
	if got := indent("one\ntwo"); got != "one\n  two" {
		t.Errorf("got %q", got)
	}
	got := indent(strings.Repeat("mistake\n", 1000))
	if strings.Count(got, "mistake") != 50 || !strings.HasSuffix(got, "\n  ... and 950 more lines") {
		t.Errorf("got %q", got)
	}
	if got := indent("x: " + strings.Repeat("é", 10_000)); len(got) > 4100 || !strings.HasSuffix(got, "é ...") {
		t.Errorf("got %d bytes that end in %q", len(got), got[len(got)-10:])
	}
}
