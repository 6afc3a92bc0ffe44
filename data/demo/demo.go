// Package demo draws cartoon cats and dogs: a dataset that needs no download. Colors,
// poses, sizes, backgrounds, clutter and noise vary; what tells a cat from a dog is its
// shape, as in life. All of it is integer arithmetic, so a seed gives the same pixels on
// every machine.
package demo

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Size is the width and height of the images in pixels.
const Size = 128

// Scheme begins the names that Parse reads.
const Scheme = "demo:"

// Version counts the changes of how the images look.
const Version = 1

// maxPictures bounds n; the images are drawn when they are asked for, but their
// names are listed.
const maxPictures = 1_000_000

// Set is a dataset of drawn images: half cats, half dogs. Image k of a class
// depends on the seed, the class and k only, so a larger set begins as a smaller one.
type Set struct {
	n    int
	seed uint64
}

// New makes a set of n images.
func New(n int, seed uint64) *Set { return &Set{n, seed} }

// Parse reads a name such as demo:cats-and-dogs?n=2000&seed=1, whose values are the
// defaults.
func Parse(name string) (*Set, error) {
	rest, ok := strings.CutPrefix(name, Scheme)
	if !ok {
		return nil, fmt.Errorf("%s: does not begin with %s", name, Scheme)
	}
	kind, query, _ := strings.Cut(rest, "?")
	if kind != "cats-and-dogs" {
		return nil, fmt.Errorf("%s: there is no demo %q; there is demo:cats-and-dogs", name, kind)
	}
	s := &Set{n: 2000, seed: 1}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for k, v := range values {
		switch k {
		case "n":
			s.n, err = strconv.Atoi(v[0])
			if err != nil || s.n < 2 || s.n > maxPictures {
				return nil, fmt.Errorf("%s: n=%s: want a number of pictures from 2 to %d", name, v[0], maxPictures)
			}
		case "seed":
			if s.seed, err = strconv.ParseUint(v[0], 10, 64); err != nil {
				return nil, fmt.Errorf("%s: seed=%s: want a whole number from 0", name, v[0])
			}
		default:
			return nil, fmt.Errorf("%s: there is no setting %q; there are n and seed, as in demo:cats-and-dogs?n=2000&seed=1", name, k)
		}
	}
	return s, nil
}

// Name is the name that Parse reads.
func (s *Set) Name() string {
	return fmt.Sprintf("%scats-and-dogs?n=%d&seed=%d", Scheme, s.n, s.seed)
}

// Len is the number of images.
func (s *Set) Len() int { return s.n }

// at is the class and the number in it of image i. The cats come first.
func (s *Set) at(i int) (dog bool, k int) {
	if cats := (s.n + 1) / 2; i >= cats {
		return true, i - cats
	}
	return false, i
}

// Label is "cat" or "dog".
func (s *Set) Label(i int) string {
	if dog, _ := s.at(i); dog {
		return "dog"
	}
	return "cat"
}

// Filename is as in Kaggle's dataset: cat.0.png .. dog.0.png ..
func (s *Set) Filename(i int) string {
	_, k := s.at(i)
	return fmt.Sprintf("%s.%d.png", s.Label(i), k)
}

// Image draws image i, an opaque image of Size x Size.
func (s *Set) Picture(i int) *image.RGBA {
	dog, k := s.at(i)
	r := newRand(s.seed, uint64(k)<<1|uint64(b2i(dog)))
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	drawScene(c, r, dog)
	return c.image()
}

// canvases are used again: a scene covers all of its canvas.
var canvases = sync.Pool{New: func() any { return newCanvas(Size, Size) }}

// Identity names image i's content: two images of one identity have the same pixels.
func (s *Set) Identity(i int) string {
	return fmt.Sprintf("%scats-and-dogs version %d seed %d %s", Scheme, Version, s.seed, s.Filename(i))
}

// WritePNG writes image i as a PNG file.
func (s *Set) WritePNG(w io.Writer, i int) error {
	// Uncompressed: these files are read once, and not from a disk.
	e := png.Encoder{CompressionLevel: png.NoCompression}
	return e.Encode(w, s.Picture(i))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
