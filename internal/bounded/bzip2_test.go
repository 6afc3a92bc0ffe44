package bounded

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
)

// TestBzip2 reads what bzip2 reads: "one" by Python's bz2.compress.
func TestBzip2(t *testing.T) {
	raw, err := hex.DecodeString("425a6839314159265359bb701b1000000101000201a000219819816177245385090bb701b100")
	if err != nil {
		t.Fatal(err)
	}
	one := string(raw)
	for name, c := range map[string]struct{ file, want, fail string }{
		"one stream":  {file: one, want: "one"},
		"two streams": {file: one + one, want: "oneone"},
		"zeros":       {file: one + strings.Repeat("\x00", 1000), want: "one"},
		"text":        {file: one + "text", want: "one"},
		"cut":         {file: one[:len(one)-3], fail: "unexpected EOF"},
		"no bzip2":    {file: "text", fail: "bad magic value"},
	} {
		got, err := io.ReadAll(Bzip2(strings.NewReader(c.file)))
		switch {
		case c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)):
			t.Errorf("%s: %v, want %s", name, err, c.fail)
		case c.fail == "" && (err != nil || string(got) != c.want):
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
