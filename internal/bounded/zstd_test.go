package bounded

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// TestZstdWindow tells files that need a larger window from damaged ones.
func TestZstdWindow(t *testing.T) {
	const skipped = "\x50\x2a\x4d\x18\x02\x00\x00\x00hi"
	hello := "\x29\x00\x00hello" // a raw block, the last one
	for name, c := range map[string]struct {
		file, want string
		window     uint64 // of a WindowError
	}{
		"the largest window":          {file: "\x28\xb5\x2f\xfd\x00\x88" + hello, want: "hello"},
		"a larger one":                {file: "\x28\xb5\x2f\xfd\x00\x89" + hello, window: 144 << 20},
		"zstd --long=31":              {file: "\x28\xb5\x2f\xfd\x00\xa8" + hello, window: 2 << 30},
		"after a skipped frame":       {file: skipped + skipped + "\x28\xb5\x2f\xfd\x00\xa8" + hello, window: 2 << 30},
		"as large as the content":     {file: "\x28\xb5\x2f\xfd\xa0\x01\x00\x00\x08" + hello, window: 128<<20 + 1},
		"a small one after a skipped": {file: skipped + "\x28\xb5\x2f\xfd\x00\x58" + hello, want: "hello"},
	} {
		z, err := Zstd(strings.NewReader(c.file), 128<<20)
		if c.window > 0 {
			if e := (WindowError{}); !errors.As(err, &e) || e.Window != c.window {
				t.Errorf("%s: %v, want a window of %d", name, err, c.window)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := io.ReadAll(z); string(got) != c.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}
