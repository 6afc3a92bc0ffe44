package cli

import (
	"strings"
	"testing"
	"time"
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

// TestShortTime writes times as on the command line.
func TestShortTime(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 5 * time.Minute: "5m", 90 * time.Minute: "1h30m", 2 * time.Hour: "2h", 30 * time.Second: "30s", 301 * time.Second: "5m1s", 20 * time.Minute: "20m"} {
		if got := shortTime(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
