package shell

import "testing"

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"runs/train-1": "runs/train-1", "my run": "'my run'", "it's": `'it'\''s'`, "": "''", "a\nb": "'a\nb'", "a=b,c": "a=b,c", "$HOME": "'$HOME'", "a*": "'a*'", "~x": "'~x'", "é": "é", "e\u0301": "e\u0301", "１=1": "１=1", "“x”": "'“x”'", "a\u00a0b": "'a\u00a0b'", "\xff": `$'\xff'`, "it's caf\xe9\\é": `$'it\'s caf\xe9\\é'`,
		`"x"`: `'"x"'`, "a;b": "'a;b'", "a&b": "'a&b'", "(1)": "'(1)'", "#x": "'#x'", "a`b": "'a`b'", "{a,b}": "'{a,b}'", "[a]": "'[a]'",
	} {
		if got := Quote(word); got != want {
			t.Errorf("%q is quoted as %s, want %s", word, got, want)
		}
	}
	if got, want := Command("lince", "data", "my set"), "lince data 'my set'"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
