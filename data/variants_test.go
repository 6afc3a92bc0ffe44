package data

import (
	"fmt"
	"strings"
	"testing"
)

func TestVariants(t *testing.T) {
	for _, c := range []struct{ rows, want string }{ // names with the label after =
		{"color/a/x1.png=a color/b/x1.png=b gray/a/x1.png=a gray/b/x1.png=b", "[[0 2] [1 3]]"},
		{"color/a/x1.png=a grayscale/a/X1.jpg=a segmented/a/x1_final_masked.jpg=a color/a/x2.png=a", "[[0 1 2]]"},
		{"a/original/1.png=a a/augmented/1_aug.png=a b/original/1.png=b b/augmented/1_flipped.png=b", "[[0 1] [2 3]]"},
		{"color/a/x1.png=color gray/a/x1.png=gray", "[]"},
		{"ann/a/1.png=a bob/a/1.png=a", "[]"},
		{"ann/a/0a5e9323-dbad-432d.png=a bob/a/0a5e9323-dbad-432d.png=a", "[[0 1]]"},
		{"cam1/a/0a5e9323-dbad-432d.png=a cam2/a/0a5e9323-dbad-432d.png=a", "[]"},
		{"rgb/s1/a/1.png=a rgb/s2/a/1.png=a depth/s1/a/1.png=a", "[[0 2]]"},
		{"rgb/1.png=x ir/1.png=x 3.png=y", "[[0 1]]"},
		{"rgb/1.png= ir/1.png=", "[]"},
		{"1.png=x 2.png=y", "[]"},
		{"", "[]"},
	} {
		tab := &Table{}
		for _, r := range strings.Fields(c.rows) {
			name, label, _ := strings.Cut(r, "=")
			tab.rows = append(tab.rows, Row{Filename: name, Label: label})
		}
		if got := fmt.Sprint(tab.Variants()); got != c.want {
			t.Errorf("%s: %s, want %s", c.rows, got, c.want)
		}
	}
}
