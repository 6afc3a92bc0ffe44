package data

import (
	"fmt"
	"strings"
	"testing"
)

// TestVersions groups the versions that Roboflow makes of an image, and splits a table by groups.
func TestVersions(t *testing.T) {
	rf := func(name string, n int) string { return fmt.Sprintf("%s.rf.%032x.jpg", name, n) }
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{rf("a/IMG_1_jpg", 1), rf("a/IMG_2_jpg", 2), rf("a/IMG_1_jpg", 3), rf("b/IMG_1_jpg", 4), rf("a/IMG_2_jpg", 5)}, "[[0 2] [1 4]]"},
		{[]string{"a/x.jpg", "a/x (1).jpg", "a/x_aug1.jpg", "a/x.rf.jpg", "a/x.rf.1.jpg"}, "[[0 2]]"},
		{[]string{"a/x_aug1.jpg", "a/x_aug_2.png", "a/x.png", "a/x_rot90_FLIP.jpg", "b/x_aug1.jpg", "a/x-hflip.jpg", "a/y_rot-15.jpg", "a/y.jpg"}, "[[0 1 2 3 5] [6 7]]"},
		{[]string{"a/x_aug1.jpg", "a/x_aug2.jpg", "a/wheat_crop.jpg", "a/cat_1.jpg", "a/cat.jpg", "a/cat_2.jpg", "a/cat (1).jpg", "a/aug_1.jpg", "aug.jpg", "a/_aug1.jpg"}, "[]"},
		{[]string{"a/a_rotten.jpg", "a/a.jpg", "a/flip.jpg", "a/1_1.jpg", "a/1.jpg", "a/-15.jpg", "a/_.jpg"}, "[]"},
		{nil, "[]"},
	} {
		tab := &Table{}
		for _, n := range c.names {
			tab.rows = append(tab.rows, Row{Filename: n, Label: "x"})
		}
		if got := fmt.Sprint(tab.Versions()); got != c.want {
			t.Errorf("%s: %s, want %s", strings.Join(c.names, " "), got, c.want)
		}
	}
	if got, want := fmt.Sprint(Joined(10, [][]int{{0, 2}, {1, 4}, {5, 6}, {4, 6}, {2, 9}})), "[[0 2 9] [1 4 5 6]]"; got != want {
		t.Errorf("joined: %s, want %s", got, want)
	}
	train, test, moved := KeepTogether([]int{7, 0, 4, 3}, []int{1, 2, 6, 5}, [][]int{{0, 2}, {1, 4, 6}})
	if got, want := fmt.Sprint(train, test, moved), "[7 0 3 2] [4 1 6 5] 2"; got != want {
		t.Errorf("split: %s, want %s", got, want)
	}
}
