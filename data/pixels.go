package data

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// Limits for a table with pixels.
const (
	leastPixels  = 64      // of an image in a table
	mostPixelRow = 1 << 17 // columns
)

// noLabelList are the labels of a table without labels, in Python.
const noLabelList = `[""] * len(t)`

// pixelAdvice is the error of a table that has the pixels of images as numbers, in a column for each or in one column of lists. It reads the first row, and returns "" for other
// tables.
func pixelAdvice(name string, rec records) string {
	header := rec.columns()
	if len(header) > mostPixelRow {
		return ""
	}
	want, cells := make([]int, len(header)), make([]value, len(header))
	for i := range want {
		want[i] = i
	}
	if _, err := rec.next(want, cells); err != nil {
		return ""
	}
	h := newHeader(header)
	label := h.find(labelColumns...)
	is := make([]bool, len(header))
	n := 0
	for i := range cells {
		if list := strings.Fields(string(cells[i].text)); len(list) >= leastPixels && !slices.ContainsFunc(list, func(s string) bool { return !isPixel(s) }) {
			return fmt.Sprintf(`has the pixels of images in the column %q, %d numbers in a row, and no names of files; %s`, header[i], len(list), pixelCommand(name, listedPixels(h, i, label), len(list)))
		}
		if is[i] = i != label && isPixel(string(cells[i].text)); is[i] {
			n++
		}
	}
	if n < leastPixels {
		return ""
	}
	read, bare := "pandas.read_csv(sys.argv[1], skipinitialspace=True)", !slices.ContainsFunc(header, func(s string) bool { return !isPixel(s) })
	if bare { // the header is a row
		read = "pandas.read_csv(sys.argv[1], skipinitialspace=True, header=None)"
	}
	side, _ := sides(n)
	if label < 0 && side == 0 { // one column more may be the label
		if s, _ := sides(n - 1); s > 0 {
			label = slices.Index(is, true)
			n--
		}
	}
	var set strings.Builder
	fmt.Fprintf(&set, "t = %s; ", read)
	switch {
	case label >= 0 && bare:
		fmt.Fprintf(&set, "y = t.pop(%d)", label)
	case label >= 0:
		fmt.Fprintf(&set, "y = t.pop(%s)", strconv.Quote(header[label]))
	default:
		set.WriteString("y = " + noLabelList)
	}
	for i, ok := range is {
		if !ok && i != label {
			fmt.Fprintf(&set, "; t.pop(%s)", strconv.Quote(header[i]))
		}
	}
	return fmt.Sprintf("has the pixels of images, %d numbers in a row, and no names of files; %s", n, pixelCommand(name, set.String()+`; x = t.to_numpy("uint8").reshape(`+pixelShape(n, "-1, ")+")", n))
}

// listedPixels reads the pixels in a column of lists. A column of parts gives outer folders.
func listedPixels(h *header, pixels, label int) string {
	rest := slices.DeleteFunc(slices.Clone(h.names), func(s string) bool { return s == h.names[pixels] })
	part := slices.IndexFunc(h.names, func(s string) bool { return isSplitName(s) || slices.Contains(splitNames, plainName(s)) })
	if part >= 0 {
		rest = slices.DeleteFunc(rest, func(s string) bool { return s == h.names[part] })
	}
	y := noLabelList
	if label >= 0 {
		rest = h.names[label : label+1]
	}
	if len(rest) > 0 {
		if y = "t[" + strconv.Quote(rest[0]) + "].astype(str)"; part >= 0 {
			y = "t[" + strconv.Quote(h.names[part]) + `].replace({"PublicTest": "val", "PrivateTest": "test"}) + "/" + ` + y // those of FER-2013
		}
	}
	return fmt.Sprintf(`t = pandas.read_csv(sys.argv[1], skipinitialspace=True); y = %s; x = [numpy.array(p.split(), "uint8").reshape(%%s) for p in t[%s]]`, y, strconv.Quote(h.names[pixels]))
}

// pixelCommand returns the commands that write the images as files. script sets x and y.
func pixelCommand(name, script string, n int) string {
	script = strings.Replace(script, "%s", pixelShape(n, ""), 1)
	next := "lince data images"
	if strings.Contains(script, noLabelList) {
		next = "lince predict MODEL images"
	}
	script = "import numpy, pandas, pathlib, sys; from PIL import Image; " + script + writeImages
	return toFiles("") + "python3 -c " + shell.Quote(script) + " " + shell.Quote(filepath.Base(name)) + "\n" + next
}

// pixelShape returns the shape of an image with n numbers for a script.
func pixelShape(n int, before string) string {
	switch side, channels := sides(n); {
	case side == 0:
		return before + "HEIGHT, WIDTH"
	case channels == 1:
		return fmt.Sprintf("%s%d, %d", before, side, side)
	default:
		return fmt.Sprintf("%s%d, %d, %d", before, side, side, channels)
	}
}

// sides returns the side and the channels of a square image with n numbers; 0 if there is none.
func sides(n int) (side, channels int) {
	for _, c := range []int{1, 3} {
		if s := int(math.Round(math.Sqrt(float64(n / c)))); n > 0 && s*s*c == n {
			return s, c
		}
	}
	return 0, 0
}

// isPixel reports whether a text is a number from 0 to 255.
func isPixel(s string) bool {
	v, ok := number(strings.TrimSpace(s))
	return ok && v >= 0 && v <= 255
}
