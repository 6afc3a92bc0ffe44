package namelist

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"":                nil,
		"cat":             {"cat"},
		"cat,dog":         {"cat", "dog"},
		" cat , dog ,":    {"cat", "dog"},
		"a,,b":            {"a", "", "b"},
		`Pepper\,_bell,b`: {"Pepper,_bell", "b"},
		`a\\,b`:           {`a\`, "b"},
		`a\b,c\`:          {`a\b`, `c\`},
		`\ cat\ , dog`:    {" cat ", "dog"},
		`a=b,c\=d`:        {"a=b", "c=d"},
		`"a,b"`:           {`"a`, `b"`},
		"pâté,狗":          {"pâté", "狗"},
	} {
		if got := Split(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestSplitPairs(t *testing.T) {
	for text, want := range map[string][]Pair{
		"cat=gato, dog = perro":    {{"cat", "gato"}, {"dog", "perro"}},
		`Pepper\,_bell=2`:          {{"Pepper,_bell", "2"}},
		`a\=b=c=d`:                 {{"a=b", "c=d"}},
		`a=`:                       {{"a", ""}},
		`\ a=b\ `:                  {{" a", "b "}},
		`a:b=1,it's=2,"q"=3,x y=4`: {{"a:b", "1"}, {"it's", "2"}, {`"q"`, "3"}, {"x y", "4"}},
	} {
		if got, err := SplitPairs(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"cat", "cat=1,dog", `a\=b`, ","} {
		if got, err := SplitPairs(text); err == nil {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// FuzzJoin checks that what Join and JoinPairs write is what Split and SplitPairs return.
func FuzzJoin(f *testing.F) {
	for _, n := range []string{"cat", "Pepper,_bell", "a=b", `a\`, `a\,b`, " cat ", "  ", "\t", `\ `, "'", `"`, "a:b", "狗", "\xff"} {
		f.Add(n, "dog")
		f.Add("dog", n)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || b == "" { // no class has this name
			return
		}
		if text := Join(a, b); !slices.Equal(Split(text), []string{a, b}) {
			t.Errorf("%q of %q and %q is read as %q", text, a, b, Split(text))
		}
		text := JoinPairs(Pair{a, b}, Pair{b, a})
		if got, err := SplitPairs(text); err != nil || !slices.Equal(got, []Pair{{a, b}, {b, a}}) {
			t.Errorf("%q of %q and %q is read as %q, %v", text, a, b, got, err)
		}
	})
}
