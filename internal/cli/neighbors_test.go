package cli

import (
	"image/color"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/report"
)

// TestNeighborPlot counts the frames of neighbors.png: red for wrong predictions and for neighbors of other classes, green for neighbors of
// the right one.
func TestNeighborPlot(t *testing.T) {
	plots(t)
	workIn(t)
	o := succeed(t, "evaluate", filepath.Join(trained(t), "model.keras"), "demo:cats-and-dogs?n=30", "--out", "out", "--json")
	wrong := 30 - int(decode[evaluation](t, o.stdout).Classification.Accuracy*30+.5)
	m, err := png.Decode(strings.NewReader(read(t, "out", "neighbors.png")))
	if err != nil {
		t.Fatal(err)
	}
	// The frames' upper edges, in the columns of the middle of each tile.
	red, green := 0, 0
	rgba := func(c color.Color) color.RGBA { return color.RGBAModel.Convert(c).(color.RGBA) }
	for column := range 1 + neighborTiles {
		x := 40 + column*280 + 128
		for y := 1; y < m.Bounds().Dy(); y++ {
			at, above := rgba(m.At(x, y)), rgba(m.At(x, y-1))
			if at == above || above != (color.RGBA{0xff, 0xff, 0xff, 0xff}) {
				continue
			}
			switch at {
			case rgba(report.Bad):
				red++
			case rgba(report.Good):
				green++
			}
		}
	}
	if rows := min(wrong, neighborMistakes); wrong == 0 || red+green < rows*(1+neighborTiles) || red < rows || green == 0 {
		t.Errorf("%d wrong predictions: %d red and %d green edges", wrong, red, green)
	}
}

func TestSampleRows(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []int
	}{{3, 5, []int{0, 1, 2}}, {5, 5, []int{0, 1, 2, 3, 4}}, {10, 4, []int{0, 2, 5, 7}}, {0, 4, []int{}}} {
		if got := sampleRows(c.n, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d rows are %v, want %v", c.most, c.n, got, c.want)
		}
	}
}
