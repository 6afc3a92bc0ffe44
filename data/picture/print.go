package picture

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// NumPy's defaults: of an array with more than printThreshold elements, only printEdge items are printed at each end of an axis.
const (
	printThreshold = 1000
	printEdge      = 3
)

// Print writes a summary of an image: its shape and type, its values as NumPy's str(array) prints them, and the minimum, mean and
// maximum of each channel. It fails if img is invalid or w fails.
//
//	(374, 500, 3) uint8
//	[[[203 164  87]
//	...
//	channel  min    mean  max
//	red        0  124.52  255
func Print(w io.Writer, img Image) error {
	if err := img.check(); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "(%d, %d, %d) uint8\n", img.H, img.W, img.C)
	printArray(b, img)
	fmt.Fprintf(b, "\n\n%-7s  %3s  %6s  %3s\n", "channel", "min", "mean", "max")
	for c, s := range Stats(img) {
		fmt.Fprintf(b, "%-7s  %3d  %6.2f  %3d\n", channelNames[img.C][c], s.Min, s.Mean, s.Max)
	}
	return b.Flush()
}

var channelNames = map[int][]string{1: {"gray"}, 3: {"red", "green", "blue"}, 4: {"red", "green", "blue", "alpha"}}

// ChannelStats holds the minimum, maximum and mean of a channel's values, 0 to 255.
type ChannelStats struct {
	Min  uint8   `json:"min"`
	Max  uint8   `json:"max"`
	Mean float64 `json:"mean"`
}

// Stats computes the statistics of each channel of an image.
func Stats(img Image) []ChannelStats {
	stats := make([]ChannelStats, img.C)
	for c := range stats {
		least, most, sum := byte(255), byte(0), uint64(0)
		for i := c; i < len(img.Pix); i += img.C {
			v := img.Pix[i]
			least, most, sum = min(least, v), max(most, v), sum+uint64(v)
		}
		stats[c] = ChannelStats{Min: least, Max: most}
		if n := img.H * img.W; n > 0 {
			stats[c].Mean = float64(sum) / float64(n)
		}
	}
	return stats
}

// printArray writes str(numpy.array(img)) without a final newline.
func printArray(b *bufio.Writer, img Image) {
	cut := len(img.Pix) > printThreshold
	rows, columns := shown(img.H, cut), shown(img.W, cut)
	width := 1 // of the longest printed number
	for _, y := range rows {
		for _, x := range columns {
			if y < 0 || x < 0 {
				continue
			}
			for _, v := range img.Pix[(y*img.W+x)*img.C:][:img.C] {
				width = max(width, len(strconv.Itoa(int(v))))
			}
		}
	}
	fmt.Fprint(b, "[")
	for i, y := range rows {
		if i > 0 {
			fmt.Fprint(b, "\n\n ")
		}
		if y < 0 {
			fmt.Fprint(b, "...")
			continue
		}
		fmt.Fprint(b, "[")
		for j, x := range columns {
			if j > 0 {
				fmt.Fprint(b, "\n  ")
			}
			if x < 0 {
				fmt.Fprint(b, "...")
				continue
			}
			fmt.Fprint(b, "[")
			for c, v := range img.Pix[(y*img.W+x)*img.C:][:img.C] {
				if c > 0 {
					fmt.Fprint(b, " ")
				}
				fmt.Fprintf(b, "%*d", width, v)
			}
			fmt.Fprint(b, "]")
		}
		fmt.Fprint(b, "]")
	}
	fmt.Fprint(b, "]")
}

// shown returns the indexes of an axis of length n that are printed. -1 stands for "...".
func shown(n int, cut bool) []int {
	var at []int
	for i := range n {
		if !cut || n <= 2*printEdge || i < printEdge || i >= n-printEdge {
			at = append(at, i)
		} else if i == printEdge {
			at = append(at, -1)
		}
	}
	return at
}
