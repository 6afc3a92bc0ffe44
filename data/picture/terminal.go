package picture

import (
	"bufio"
	"fmt"
	"io"
)

// TerminalMode is what a terminal can show.
type TerminalMode uint8

// The terminal modes. The zero value needs the most.
const (
	TrueColor TerminalMode = iota // two pixels a character ("▀"), 24 bit colors
	Color256                      // two pixels a character, the 256 colors of xterm
	ASCII                         // no color: a ramp of characters, light on dark
)

// ramp are characters of growing brightness, for light text on a dark ground.
const ramp = " .:-=+*#%@"

// Terminal draws the image with text, at most cols characters wide (80 if cols is not positive; never wider
// than the image has pixels). The aspect ratio is kept, as characters are twice as high as
// wide. Alpha is ignored.
func Terminal(w io.Writer, img Image, cols int, mode TerminalMode) error {
	if err := img.check(); err != nil {
		return err
	}
	if mode > ASCII {
		return fmt.Errorf("no terminal mode %d", mode)
	}
	if cols <= 0 {
		cols = 80
	}
	cols = min(cols, img.W)
	height := max(1, (img.H*cols+img.W/2)/img.W)
	if mode == ASCII {
		height = max(1, (height+1)/2)
	}
	if img.C == 4 {
		img = dropAlpha(img)
	}
	small, err := Resize(img, height, cols, Box)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	switch mode {
	case ASCII:
		drawASCII(b, small)
	case Color256:
		drawBlocks(b, small, dither(small))
	default:
		drawBlocks(b, small, nil)
	}
	return b.Flush()
}

func dropAlpha(img Image) Image {
	out := Image{H: img.H, W: img.W, C: 3, Pix: make([]uint8, 0, img.H*img.W*3)}
	for i := 0; i < len(img.Pix); i += 4 {
		out.Pix = append(out.Pix, img.Pix[i:i+3]...)
	}
	return out
}

// at is the color of a pixel of 1 or 3 channels.
func (img Image) at(y, x int) [3]uint8 {
	p := img.Pix[(y*img.W+x)*img.C:]
	if img.C == 1 {
		return [3]uint8{p[0], p[0], p[0]}
	}
	return [3]uint8(p)
}

func drawASCII(b *bufio.Writer, img Image) {
	for y := range img.H {
		for x := range img.W {
			p := img.at(y, x)
			i := int(toGray(p[0], p[1], p[2])) * len(ramp) / 256
			fmt.Fprint(b, ramp[i:i+1])
		}
		fmt.Fprint(b, "\n")
	}
}

// drawBlocks draws in 24 bit colors, or in those of xterm that palette has for each pixel. A color is set only where it
// changes, and reset at the end of each line.
func drawBlocks(b *bufio.Writer, img Image, palette []uint8) {
	code := func(ground, y, x int) string {
		if palette != nil {
			return fmt.Sprintf("%d;5;%d", ground, palette[y*img.W+x])
		}
		p := img.at(y, x)
		return fmt.Sprintf("%d;2;%d;%d;%d", ground, p[0], p[1], p[2])
	}
	for y := 0; y < img.H; y += 2 {
		var fg, bg string
		for x := range img.W {
			up, down := code(38, y, x), "49" // below an odd last row: the terminal's own ground
			if y+1 < img.H {
				down = code(48, y+1, x)
			}
			switch {
			case up != fg && down != bg:
				fmt.Fprintf(b, "\x1b[%s;%sm", up, down)
			case up != fg:
				fmt.Fprintf(b, "\x1b[%sm", up)
			case down != bg:
				fmt.Fprintf(b, "\x1b[%sm", down)
			}
			fg, bg = up, down
			fmt.Fprint(b, "▀")
		}
		fmt.Fprint(b, "\x1b[0m\n")
	}
}

// dither gives each pixel one of xterm's 256 colors, and what that lacks to its neighbours
// (Floyd and Steinberg), because the palette alone turns most of a photo gray.
func dither(img Image) []uint8 {
	out := make([]uint8, img.H*img.W)
	// what is to be added to this row and the next, in 16ths; one pixel of margin on either side
	row, next := make([][3]int, img.W+2), make([][3]int, img.W+2)
	for y := range img.H {
		for x := range img.W {
			p := img.at(y, x)
			var want [3]int
			for c := range want {
				want[c] = min(max(int(p[c])+(row[x+1][c]+8)>>4, 0), 255)
			}
			code, got := xterm256(want)
			out[y*img.W+x] = uint8(code)
			for c := range want {
				e := want[c] - got[c]
				row[x+2][c] += 7 * e
				next[x][c] += 3 * e
				next[x+1][c] += 5 * e
				next[x+2][c] += e
			}
		}
		row, next = next, row
		clear(next)
	}
	return out
}

// xterm256 is the nearest of xterm's 6x6x6 color cube and its 24 grays, and its color.
func xterm256(p [3]int) (code int, color [3]int) {
	levels := [6]int{0, 95, 135, 175, 215, 255}
	cubeDist := 0
	for c, v := range p {
		best, d := 0, 1<<30
		for i, l := range levels {
			if e := (v - l) * (v - l); e < d {
				best, d = i, e
			}
		}
		code = 6*code + best
		color[c] = levels[best]
		cubeDist += d
	}
	index := min(max(((p[0]+p[1]+p[2])/3-3)/10, 0), 23)
	grey, greyDist := 8+10*index, 0
	for _, v := range p {
		greyDist += (v - grey) * (v - grey)
	}
	if greyDist < cubeDist {
		return 232 + index, [3]int{grey, grey, grey}
	}
	return 16 + code, color
}
