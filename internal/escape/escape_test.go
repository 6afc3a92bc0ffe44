package escape

import "testing"

func TestHidden(t *testing.T) {
	for text, want := range map[string]string{
		"plain.onnx: ñandú, 猫\n\tx": "plain.onnx: ñandú, 猫\n\tx",
		"\x1b]0;owned\a":            `\x1b]0;owned\a`,
		"a\u202eb\u200bc":           `a\u202eb\u200bc`,
		"bad \xff utf-8":            `bad \xff utf-8`,
		"kept \ufffd":               "kept \ufffd",
	} {
		if got := Hidden(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
