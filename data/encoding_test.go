package data

import (
	"strings"
	"testing"
)

// TestEncodings opens tables in encodings that are named. The bytes are those that Python's str.encode gives.
func TestEncodings(t *testing.T) {
	table := func(label string) string { return "filename,category\ncats/cat0.jpg," + label + "\n" }
	in := func(name string) OpenOptions { return OpenOptions{Encoding: name} }
	for _, c := range []tableCase{
		{name: "cp1251", text: table("\xea\xee\xf8\xea\xe0"), o: in("cp1251"), want: "cats/cat0.jpg=кошка"},
		{name: "the guess for cp1251", text: table("\xea\xee\xf8\xea\xe0"), want: "*", warn: []string{"1 values are not UTF-8; they were read as Windows-1252 (Latin-1). If their letters are wrong, name the encoding of the file (Encoding, --encoding)."}},
		{name: "koi8", text: table("\xcb\xcf\xdb\xcb\xc1"), o: in("KOI8_R"), want: "cats/cat0.jpg=кошка"},
		{name: "latin-1", text: table("chat h\xe9riss\xe9"), o: in("Latin-1"), want: "cats/cat0.jpg=chat hérissé"},
		{name: "cp850", text: table("h\x82risson"), o: in("cp850"), want: "cats/cat0.jpg=hérisson"},
		{name: "shift_jis", text: table("\x94\x4c"), o: in("shift_jis"), want: "cats/cat0.jpg=猫"},
		{name: "gbk", text: table("\xc3\xa8"), o: in("gbk"), want: "cats/cat0.jpg=猫"}, // it is also UTF-8
		{name: "the guess for gbk", text: table("\xc3\xa8"), want: "cats/cat0.jpg=è"},
		{name: "big5", text: table("\xbf\xdf"), o: in("big5"), want: "cats/cat0.jpg=貓"},
		{name: "euc-kr", text: table("\xb0\xed\xbe\xe7\xc0\xcc"), o: in("cp949"), want: "cats/cat0.jpg=고양이"},
		{name: "utf-16", text: "\xff\xfe" + utf16Of(table("猫"), false), o: in("utf-16"), want: "cats/cat0.jpg=猫"},
		{name: "utf-16be", text: utf16Of(table("猫"), true), o: in("utf_16_be"), want: "cats/cat0.jpg=猫"},
		{name: "utf-8", text: "\ufeff" + table("猫"), o: in("utf-8-sig"), want: "cats/cat0.jpg=猫"},
		{name: "not in the encoding", text: table("\x81\xff"), o: in("shift_jis"), want: "*", warn: []string{"1 rows have bytes that are no text in the encoding shift_jis"}},
		{name: "JSON lines", file: "t.jsonl", text: "{\"file\": \"cats/cat0.jpg\", \"label\": \"\xea\xee\xf8\xea\xe0\"}\n", o: in("cp1251"), want: "cats/cat0.jpg=кошка"},
		{name: "unknown", text: table("x"), o: in("cp12"), fail: `unknown encoding "cp12"; want one of utf-8, utf-16, utf-16le, utf-16be, latin-1,`},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
	for name, want := range map[string]string{parquetFile("none"): "always in UTF-8", t.TempDir(): "remove the options for CSV files: Encoding (--encoding)"} {
		if _, err := Open(t.Context(), name, in("gbk")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	seen := map[string]bool{}
	for _, e := range textEncodings {
		for _, n := range append(strings.Fields(e.others), e.name) {
			if seen[n] {
				t.Errorf("%s is the name of two encodings", n)
			}
			seen[n] = true
		}
	}
}
