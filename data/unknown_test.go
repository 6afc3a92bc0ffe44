package data

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnknownExtensions opens sources in which images have extensions that are not those of images. The files of files are PNG images with any name.
func TestUnknownExtensions(t *testing.T) {
	two := []string{"cats/1.png", "cats/2.png", "dogs/3.png", "dogs/4.png"}
	const labels = "cats/1.png=cats cats/2.png=cats dogs/3.png=dogs dogs/4.png=dogs"
	for _, c := range []struct {
		name  string
		files []string
		texts map[string]string
		o     OpenOptions
		want  string
		warn  string // or the error, if want is ""
	}{
		{name: "folders of classes", files: []string{"cats/1.dat", "cats/2.face", "dogs/3.img", "dogs/4.jpg.bak"}, texts: map[string]string{"README.md": "x", "cats/x.dat": "BMW"},
			want: "cats/1.dat=cats cats/2.face=cats dogs/3.img=dogs dogs/4.jpg.bak=dogs", warn: "No file has the extension of an image, but 4 of the files begin like images (4 PNG), such as cats/1.dat; they are read."},
		{name: "Yale faces", files: []string{"s01.happy", "s01.sad", "s02.happy", "s02.sad"}, o: OpenOptions{LabelPattern: regexp.MustCompile(`^(s\d+)`)},
			texts: map[string]string{"Readme.txt": "Yale"}, want: "s01.happy=s01 s01.sad=s01 s02.happy=s02 s02.sad=s02", warn: "4 PNG"},
		{name: "Yale faces without a rule", files: []string{"s01.happy", "s01.sad", "s02.happy", "s02.sad"}, warn: `would give 2 classes, such as s01`},
		{name: "beside images", files: append(two, "cats/5.face", "cats/6.head", "cats/7.bak"), want: labels,
			warn: "2 of the files that are not images by their names begin like images (2 PNG), such as cats/5.face, and are not used. To use them, give their names an extension: find DIR -type f \\( -name '*.face' -o -name '*.head' \\) -exec mv {} {}.png \\;"},
		{name: "copies beside images", files: append(two, "cats/5.bak", "cats/1.png~"), want: labels},
		{name: "other files", files: two, texts: map[string]string{"x.dat": "hello", "y.face": "", "z.bin": "BM and more than the thirty-two bytes of a head", "w.raw": "P6 is a number"}, want: labels},
		{name: "no images", files: []string{"x/"}, texts: map[string]string{"x.dat": "hello"}, warn: "has no images that lince can read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := files(t, c.files...)
			for n, text := range c.texts {
				if err := os.WriteFile(filepath.Join(dir, n), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tab, err := Open(t.Context(), dir, c.o)
			if err != nil {
				if c.want != "" || !strings.Contains(err.Error(), c.warn) {
					t.Errorf("the error is %v", err)
				}
				return
			}
			defer tab.Close()
			if got := list1(tab); got != c.want {
				t.Errorf("the rows are %s, want %s", got, c.want)
			}
			if said := strings.ReplaceAll(strings.Join(tab.Warnings(), "\n"), dir, "DIR"); !strings.Contains(said, c.warn) || c.warn == "" && said != "" {
				t.Errorf("the warnings are %q, want %q", said, c.warn)
			}
		})
	}
	for _, c := range []tableCase{
		{name: "a table", text: "filename,category\n1.face,a\n2.head,b\n", want: "1.face=a 2.head=b"},
		{name: "a table that names no image", text: "filename,category\n1.face,a\nt.csv,b\n", want: "1.face=a", warn: []string{"Found 1 invalid image filename(s)"}},
	} {
		dir := files(t, "1.face", "2.head", "3.png")
		name := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab := open(t, name, OpenOptions{})
		if got := list1(tab); got != c.want || len(tab.Warnings()) != len(c.warn) {
			t.Errorf("%s: the rows are %s, want %s: %v", c.name, got, c.want, tab.Warnings())
		}
	}
	one := files(t, "1.face")
	if got := list1(open(t, filepath.Join(one, "1.face"), OpenOptions{LabelRule: Unlabeled})); got != "1.face=" {
		t.Errorf("a single file: %s", got)
	}
	zip := file1(t, "set.zip", archive(t, entryOf{name: "cats/1.face", content: png(t)}, entryOf{name: "dogs/2.face", content: append(png(t), 0)}))
	if got := list1(open(t, zip, OpenOptions{})); got != "cats/1.face=cats dogs/2.face=dogs" {
		t.Errorf("an archive: %s", got)
	}
}
