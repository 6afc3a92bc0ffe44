package data

import (
	"fmt"
	"strings"
	"testing"
)

// TestTwinClasses warns of classes that look alike in sources without a table: folders, names and shards. Tables have the same warnings; see TestTables.
func TestTwinClasses(t *testing.T) {
	image := func(names ...string) (all []entryOf) {
		for _, n := range names {
			all = append(all, entryOf{name: n, content: png(t)})
		}
		return all
	}
	sample := func(key, label string) []entryOf {
		return []entryOf{{name: key + ".png", content: png(t)}, {name: key + ".cls", content: []byte(label)}}
	}
	samples := append(append(sample("0", "big dog"), sample("1", "big dog")...), append(sample("2", "Big  dog"), sample("3", "cat")...)...)
	decomposed := append(append(sample("0", "\u00e9"), sample("1", "e\u0301")...), sample("2", "cat")...)
	for _, c := range []struct {
		name    string
		entries []entryOf
		want    string
		classes int
	}{
		{"folders", image("Cat/1.png", "Cat/2.png", "cat/3.png", "dog/4.png"), "The classes Cat (2) and cat (1) differ only in case. To join them, use Rename (--rename cat=Cat).", 3},
		{"folders with spaces", image("cat/1.png", "cat /2.png", "dog/3.png"), "Removed the spaces around 1 of the labels: cat.", 2},
		{"names with spaces", image("cat.1.png", "cat .2.png", " dog.3.png"), "Removed the spaces around 2 of the labels: cat, dog.", 2},
		{"shards with spaces", append(append(sample("0", " cat"), sample("1", "cat\n")...), sample("2", "dog")...), "", 2},
		{"names", image("Cat.1.png", "cat.2.png", "cat.3.png"), "The classes cat (2) and Cat (1) differ only in case.", 2},
		{"folders with commas", image("Pepper,_Bell/1.png", "Pepper,_Bell/2.png", "Pepper,_bell/3.png", "a=b/4.png", "A=b/5.png"), `(--rename 'a\=b=A=b')`, 4},
		{"names for a shell", image("Pepper,_Bell/1.png", "Pepper,_Bell/2.png", "Pepper,_bell/3.png"), `(--rename 'Pepper\,_bell=Pepper\,_Bell')`, 2},
		{"width", image("\uff11/1.png", "1/2.png", "1/3.png"), "differ only in the form of their letters", 2},
		{"shards", samples, "The classes big dog (2) and Big  dog (1) differ only in the form", 3},
		{"two Unicode forms in shards", decomposed, "Classes that are spelled in two Unicode forms (NFC and NFD) are one class each", 2},
		{"truth values beside numbers", image("true/1.png", "1/2.png", "1/3.png", "false/4.png", "0/5.png"), "The classes true (1) and 1 (2), false (1) and 0 (1) probably mean the same. To join them, use Rename (--rename true=1,false=0).", 4},
		{"other classes", image("cat/1.png", "cats/2.png"), "", 2},
		{"another part", image("train/cat/1.png", "train/dog/2.png", "test/Cat/3.png"), "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := "set.zip"
			content := archive(t, c.entries...)
			tab := open(t, file1(t, name, content), OpenOptions{})
			got := fmt.Sprint(tab.Notes(), tab.Warnings())
			if !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "differ only") || len(tab.Classes()) != c.classes {
				t.Errorf("%s, %q; want %q", got, tab.Classes(), c.want)
			}
		})
	}
}
