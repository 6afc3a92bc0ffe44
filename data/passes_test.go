package data

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPasses leaves out each pass and each doubt in turn. A source of its case must then give other rows, parts, notes or warnings.
func TestPasses(t *testing.T) {
	two := []string{"cats/1.png", "cats/2.png", "dogs/3.png", "dogs/4.png"}
	parts := slices.Clip(slices.Concat(under("train/", two...), under("val/", "cats/5.png", "dogs/6.png")))
	cases := map[string]struct {
		files []string
		texts map[string]string
		o     OpenOptions
	}{
		"normalize":        {files: []string{"a/1.png", "a.png"}, o: OpenOptions{LabelRule: Unlabeled}}, // in byte order, a.png is first
		"copies":           {files: append(under("set/set/", two...), under("set/", two...)...)},
		"marked copies":    {files: append(under("set/X/", two...), under("set/X (1)/", two...)...)},
		"parts":            {files: two},
		"lists of parts":   {files: two, texts: map[string]string{"train.txt": "1.png\n3.png\n", "test.txt": "2.png\n4.png\n"}},
		"choice":           {files: two},
		"root":             {files: under("set/", two...)},
		"rule":             {files: two},
		"labels":           {files: two},
		"training":         {files: parts, o: OpenOptions{Part: "val"}},
		"list":             {files: under("val/images/", "0.png", "1.png", "2.png", "3.png"), texts: map[string]string{"val/list.txt": "0.png a\n1.png b\n2.png a\n3.png b\n"}},
		"unlabeled":        {files: append(parts, "test/7.png"), o: OpenOptions{Part: "test"}},
		"elsewhere":        {files: []string{"images/1.png", "masks/1.png"}},
		"source":           {files: two},
		"part labels":      {files: parts},
		"outside parts":    {files: append(parts, "docs/1.png")},
		"empty folders":    {files: append(two, "emus/")},
		"lists":            {files: two, texts: map[string]string{"train.txt": "1.png\n3.png\n", "test.txt": "2.png\n4.png\n"}},
		"one class":        {files: []string{"images/test_1.png", "images/test_2.png"}},
		"many classes":     {files: []string{"a.1.png", "b.1.png", "c.1.png", "d.1.png", "e.1.png", "f.1.png", "g.1.png", "h.1.png", "h.2.png"}, o: OpenOptions{LabelRule: Prefix}},
		"parts inside":     {files: append(under("a/", parts...), under("b/", two...)...)},
		"part as a class":  {files: append(two, "test/5.png")},
		"group as a class": {files: []string{"2023/cats/1.png", "2024/dogs/2.png"}},
		"inner folders":    {files: append(under("ann/", two...), under("bob/", two...)...)},
		"unknown labels":   {files: []string{"2023/cat.1.png", "2024/dog.2.png"}, o: OpenOptions{Classes: []string{"cat", "dog"}}},
		"unknown files":    {files: append(two, "cats/5.face")},
		"suspects":         {files: append(two, "thumbnails/1.png")},
	}
	// text describes the table of a folder, made without a pass or a doubt.
	text := func(dir string, o OpenOptions, without string) (s string) {
		defer func() {
			if p := recover(); p != nil {
				s = fmt.Sprint(p)
			}
		}()
		l, err := listFolder(dir, false, &reading{ctx: t.Context()})
		if err != nil {
			t.Fatal(err)
		}
		isPass := func(p pass) bool { return p.name == without }
		b := &labeling{l: l, o: o}
		tab, err := b.table(slices.DeleteFunc(slices.Clone(imagePasses), isPass), slices.DeleteFunc(slices.Clone(labelPasses), isPass),
			slices.DeleteFunc(slices.Clone(doubts), func(d doubt) bool { return d.name == without }))
		if err != nil {
			return err.Error()
		}
		return strings.Join([]string{tab.Name(), list1(tab), partsOf(t, tab), passedOf(tab), fmt.Sprint(tab.Notes(), tab.Warnings())}, "\n")
	}
	var names []string
	for _, p := range slices.Concat(imagePasses, labelPasses) {
		names = append(names, p.name)
	}
	for _, d := range doubts {
		names = append(names, d.name)
	}
	for _, name := range names {
		c, ok := cases[name]
		if !ok {
			t.Errorf("%s: has no case", name)
			continue
		}
		dir := files(t, c.files...)
		if c.texts != nil {
			dir, _ = besideSet(t, c.files, c.texts)
		}
		if whole := text(dir, c.o, ""); whole == text(dir, c.o, name) {
			t.Errorf("%s: without it, the table is the same:\n%s", name, whole)
		}
	}
}
