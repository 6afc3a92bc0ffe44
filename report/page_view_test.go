package report

import (
	"slices"
	"strings"
	"testing"
)

// absentPage returns a page about images of the last two of three classes. No image has the first class, and none is predicted as the last.
func absentPage(t testing.TB) Page {
	p := samplePage(t, 3, 60, plainName)
	predictions := make([]int, len(p.Targets))
	for i := range p.Targets {
		p.Targets[i], predictions[i] = 1+i%2, i%2
	}
	var err error
	if p.Results, err = Classify(p.Results.Classes, p.Targets, predictions); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestUndefinedScores checks that scores of 0/0 are dashes, and that the page says that they count as 0.
func TestUndefinedScores(t *testing.T) {
	p := absentPage(t)
	v, err := newPageView(p)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []defined{{true, false, true}, {true, true, true}, {false, true, true}} {
		if got := v.PerClass[i].defined; got != want {
			t.Errorf("%s: %+v, want %+v", v.PerClass[i].Class, got, want)
		}
	}
	if text := page(t, p); !strings.Contains(text, "Classes without images (1): <bdi>class 0</bdi>. A dash is a score of 0/0, of a class without images or without predictions. It counts as 0 in the means") {
		t.Error("the page does not say that a class has no images")
	} else if !strings.Contains(text, "Classes without images: 1 of 3. In the means of the classes") {
		t.Error("the page does not say first that the means have classes without images")
	}
	if text := page(t, samplePage(t, 3, 200, plainName)); strings.Contains(text, "Classes without images") {
		t.Error("the page says that a class has no images, but each has some")
	}

	sets, probabilities := [][]int{{1}, {1}}, [][]float32{{.1, .6, .2}, {.2, .4, .3}}
	m, err := ClassifyMultiLabel([]string{"a", "b", "c"}, sets, probabilities, .5)
	if err != nil {
		t.Fatal(err)
	}
	v, err = newPageView(Page{MultiLabel: m, TargetSets: sets, Probabilities: probabilities, Best: -1})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []defined{{}, {true, true, true}, {}} {
		if got := v.PerLabel[i].defined; got != want {
			t.Errorf("%s: %+v, want %+v", v.PerLabel[i].Class, got, want)
		}
	}
	if !slices.Equal(v.Absent, []string{"a", "c"}) || v.AbsentCount != 2 || !v.Predicted {
		t.Errorf("%q, %d, %v", v.Absent, v.AbsentCount, v.Predicted)
	}
}

// TestCounts checks the bars of the classes: all of a few classes in their order, the largest and the smallest of many, and a sentence for many of the same size.
func TestCounts(t *testing.T) {
	list := func(n int, count func(class int) int) (list []Count) {
		for i := range n {
			list = append(list, Count{plainName(i), count(i)})
		}
		return list
	}
	for _, c := range []struct {
		name             string
		counts           []Count
		bars, few, other int
		first, last      string
		same             string
	}{
		{"few", list(40, func(i int) int { return i }), 40, 0, 0, "0", "39", ""},
		{"many", list(100, func(i int) int { return i }), 20, 20, 60, "99", "0", ""},
		{"equal", list(1000, func(int) int { return 4 }), 0, 0, 0, "", "", "4 images"},
		{"equal few", list(3, func(int) int { return 4 }), 3, 0, 0, "4", "4", ""},
	} {
		v, err := newPageView(Page{Counts: c.counts, Best: -1})
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(v.Bars, v.FewBars)
		if len(v.Bars) != c.bars || len(v.FewBars) != c.few || v.OtherCounts != c.other || v.SameCount != c.same || len(all) > 0 && (all[0].Value != c.first || all[len(all)-1].Value != c.last) {
			t.Errorf("%s: %d bars, %d of small classes, %d others, %q: %v", c.name, len(v.Bars), len(v.FewBars), v.OtherCounts, v.SameCount, all)
		}
	}
}

// TestPieces checks that a line may end inside paths and lists, and that flags stay whole.
func TestPieces(t *testing.T) {
	for word, want := range map[string]string{"runs/folds/fold-1": "runs/|folds/|fold-1", "accuracy,auc": "accuracy,|auc", "--no-augment": "--no-augment", "a_b": "a_|b", "/": "/", "": ""} {
		if got := strings.Join(pieces(word), "|"); got != want {
			t.Errorf("the pieces of %q are %q, want %q", word, got, want)
		}
	}
	p := Page{Settings: []Setting{{"command", "lince train a/b --size 24x24", false}}, Best: -1}
	if text, want := page(t, p), `<span class="word">a/<wbr>b</span> <span class="word">--size</span>`; !strings.Contains(text, want) {
		t.Errorf("the page does not have %s", want)
	}
}
