package bounded

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func member(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGzip reads what gzip reads.
func TestGzip(t *testing.T) {
	one, two, long := member(t, "one,"), member(t, "two"), strings.Repeat("long ", 50_000)
	for name, c := range map[string]struct{ file, want, fail string }{
		"one member":             {file: one, want: "one,"},
		"two members":            {file: one + two, want: "one,two"},
		"an empty member":        {file: member(t, "") + two, want: "two"},
		"zeros":                  {file: one + two + strings.Repeat("\x00", 1000), want: "one,two"},
		"one zero":               {file: one + "\x00", want: "one,"},
		"text":                   {file: one + "text", want: "one,"},
		"long":                   {file: member(t, long) + strings.Repeat("\x00", 10_000), want: long},
		"cut":                    {file: one[:len(one)-3], fail: "unexpected EOF"},
		"a second member is cut": {file: one + two[:len(two)-3], fail: "unexpected EOF"},
		"no gzip":                {file: "text that is long enough", fail: "invalid header"},
		"a wrong checksum":       {file: one[:len(one)-8] + "\xff" + one[len(one)-7:], fail: "checksum"},
	} {
		got, err := []byte(nil), error(nil)
		r, err := Gzip(strings.NewReader(c.file))
		if err == nil {
			got, err = io.ReadAll(r)
		}
		switch {
		case c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)):
			t.Errorf("%s: %v, want %s", name, err, c.fail)
		case c.fail == "" && (err != nil || string(got) != c.want):
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}
