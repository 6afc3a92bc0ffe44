package cli

import (
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
)

// TestQuickFault says nothing twice.
func TestQuickFault(t *testing.T) {
	kinds := map[string]check.Kind{}
	for _, k := range check.Kinds() {
		kinds[k.Name] = k
	}
	images := func(names ...string) (list []check.Image) {
		for _, n := range names {
			list = append(list, check.Image{Row: data.Row{Filename: n}})
		}
		return list
	}
	copies := check.Finding{Images: images("a.png", "b.png", "c.png", "d.png", "e.png"), Detail: "the same content"}
	for _, c := range []struct {
		kind  string
		found []check.Finding
		want  string
	}{
		{"duplicate", []check.Finding{copies, copies, copies}, "files with the same content: a.png, b.png, c.png, d.png, 1 more; 2 more such findings"},
		{"conflict", []check.Finding{{Images: images("a.png", "b.png"), Detail: "the same content"}}, "the same image in two classes: a.png, b.png: the same content"},
		{"few", []check.Finding{{Classes: []string{"cat"}, Detail: "1 image"}, {Classes: []string{"dog"}, Detail: "1 image"}}, "classes with few images: cat: 1 image; 1 more such finding"},
	} {
		if got := quickFault(kinds[c.kind], c.found); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
