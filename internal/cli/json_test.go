package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestJSONOfBytes: bytes that are not in UTF-8 can be turned back, wherever they are.
func TestJSONOfBytes(t *testing.T) {
	type inner struct {
		Name  string         `json:"name"`
		Kinds map[string]int `json:"kinds,omitempty"`
		note  string
	}
	skipped := badFile{"a\xff.png", "bad\xff"}
	for want, v := range map[string]any{
		`"caf\udce9"`:                              "caf\xe9",
		`{"name":"\udcff\udcfe\n"}`:                inner{Name: "\xff\xfe\n", note: "\xff"},
		`{"name":"é\ufffd"}`:                       map[string]any{"name": "é" + "�"},
		`[{"name":"x","kinds":{"\udc80":1}},null]`: []*inner{{Name: "x", Kinds: map[string]int{"\x80": 1}}, nil},
		`[["a","\udce9"],1,null]`:                  []any{[2]string{"a", "\xe9"}, 1, nil},
		`{"a":{"filename":"a\udcff.png","error":"bad\udcff"},"b":"\udce9"}`: struct {
			A json.Marshaler `json:"a"`
			B string         `json:"b"`
		}{ownJSON{skipped}, "\xe9"},
	} {
		b, err := marshalJSON(v, "")
		if got := strings.TrimSpace(string(b)); err != nil || got != strings.ReplaceAll(want, `\ufffd`, "�") || !json.Valid(b) {
			t.Errorf("%#v is %s (%v), want %s", v, got, err, want)
		}
	}
}

// ownJSON writes its JSON itself.
type ownJSON struct{ v any }

func (o ownJSON) MarshalJSON() ([]byte, error) { return marshalJSON(o.v, "") }

// TestNamesThatAreNotUTF8: files with such names can be named on the command line, and found by all results.
func TestNamesThatAreNotUTF8(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system has no such names")
	}
	dir := filepath.Join(t.TempDir(), "set")
	for _, class := range []string{"cats", "dogs"} {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"caf\xe9.jpg": jpg(t), "bad\xff.jpg": []byte("no image"), "n\xe8.txt": []byte("x")} {
			if err := os.WriteFile(filepath.Join(dir, class, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := succeed(t, "data", dir, "--json").stdout
	for _, want := range []string{`"filename": "cats/bad\udcff.jpg"`, `"cats/n\udce8.txt"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the JSON has no %s:\n%s", want, out)
		}
	}
	out = succeed(t, "data", dir).stdout
	for _, want := range []string{`cats/bad\xff.jpg: not an image`, `cats/caf\xe9.jpg`, `such as cats/n\xe8.txt`} {
		if !strings.Contains(out, want) {
			t.Errorf("the text has no %s:\n%s", want, out)
		}
	}
	out = succeed(t, "data", dir, "--csv", "-").stdout
	if !strings.Contains(out, "cats/caf\xe9.jpg,cats\n") {
		t.Errorf("the CSV has other names: %q", out)
	}
	succeed(t, "show", "--no-image", filepath.Join(dir, "cats", "caf\xe9.jpg"))
}
