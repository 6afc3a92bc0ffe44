package sheet

import "testing"

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"cat": "cat", "": "", "=1+1": "'=1+1", "@x": "'@x", "+x": "'+x", "-x": "'-x", "-1": "-1", "+1.5e3": "+1.5e3", "\tx": "'\tx", "'x": "'x", "'=x": "''=x", "=": "'=", "-": "'-",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) is %q, want %q", text, got, want)
		}
		if got := Undo(want); got != text {
			t.Errorf("Undo(%q) is %q, want %q", want, got, text)
		}
	}
}
