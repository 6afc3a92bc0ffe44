package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
)

// TestSecondOpinion: of two images whose label a classifier calls wrong, the one that lies among images of the other class is confirmed, and the one between the classes
// is not.
func TestSecondOpinion(t *testing.T) {
	x := &featureTable{dimension: 2}
	add := func(label string, a, b float32) {
		x.rows, x.matrix = append(x.rows, data.Row{Filename: fmt.Sprint(len(x.rows)), Label: label}), append(x.matrix, a, b)
	}
	for i := range 30 {
		add("cat", 1, .01*float32(i)) // by their angle: 0 to 17 degrees
		add("dog", .01*float32(i), 1) // 73 to 90 degrees
	}
	add("cat", .05, 1) // row 60, among the dogs
	add("cat", 1, 1.1) // row 61, a little nearer to the dogs: 10 of its neighbors are cats
	row := map[int]int{}
	for i := range x.rows {
		row[100+i] = i // as if the table had 100 rows before
	}
	var found []check.Finding
	for _, i := range []int{60, 61} {
		found = append(found, check.Finding{Kind: labelKind, Images: []check.Image{{Row: x.rows[i], Index: 100 + i}}, Classes: []string{"cat", "dog"}, Detail: "labeled cat"})
	}
	e := &env{ctx: t.Context()}
	confirmed, err := e.secondOpinion(x, row, found, 1)
	if err != nil || len(confirmed) != 1 || confirmed[0].Images[0].Index != 160 || !strings.HasSuffix(confirmed[0].Detail, "labeled cat; none of the 15 most similar images is labeled cat") {
		t.Errorf("got %+v, %v", confirmed, err)
	}
	if none, err := e.secondOpinion(x, row, nil, 1); err != nil || none != nil {
		t.Errorf("of no finding: %v, %v", none, err)
	}
}
