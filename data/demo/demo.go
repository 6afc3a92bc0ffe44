// Package demo draws cartoon cats and dogs: a dataset that needs no download. Colors, poses, sizes,
// backgrounds, clutter and noise vary. Only the shape distinguishes a cat from a dog. All drawing is
// integer arithmetic, so that a seed gives the same pixels on every machine.
package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Size is the width and the height of the images in pixels.
const Size = 128

// Scheme is the prefix of the names that Parse accepts.
const Scheme = "demo:"

// Version is the version of the drawings. It increases when the pixels of an image change.
const Version = 1

// maxImages limits the size of a set. Images are drawn on demand, but all names are in memory.
const maxImages = 1_000_000

// Set is a set of drawn images, half cats and half dogs. Image k of a class depends only on the seed, the
// class and k, so that a larger set contains the images of a smaller one.
type Set struct {
	n    int
	seed uint64
}

// maxKept is how many bytes of drawn images are kept: some 680 images. An epoch needs each image once, the plots after a training need some again, and further
// sets may have the same images.
const maxKept = 32 << 20

// kept are the images that were drawn, as files.
var kept files

// number identifies an image: it is the only thing on which the pixels depend.
type number struct {
	seed uint64
	dog  bool
	k    int
}

type files struct {
	sync.Mutex
	list map[number][]byte
	size int
}

func (f *files) get(n number) []byte {
	f.Lock()
	defer f.Unlock()
	return f.list[n]
}

func (f *files) put(n number, b []byte) {
	f.Lock()
	defer f.Unlock()
	if f.list[n] != nil || f.size+len(b) > maxKept {
		return
	}
	if f.list == nil {
		f.list = map[number][]byte{}
	}
	f.list[n] = b
	f.size += len(b)
}

// New makes a set of n images. n must be at least 2.
func New(n int, seed uint64) *Set { return &Set{n: n, seed: seed} }

// Parse parses a name such as "demo:cats-and-dogs?n=2000&seed=1". The defaults are n=2000 and seed=1. n is
// from 2 to 1,000,000.
func Parse(name string) (*Set, error) {
	rest, ok := strings.CutPrefix(name, Scheme)
	if !ok {
		return nil, fmt.Errorf("%s: does not begin with %s", name, Scheme)
	}
	kind, query, _ := strings.Cut(rest, "?")
	if kind != "cats-and-dogs" {
		return nil, fmt.Errorf("%s: unknown demo %q; the only one is demo:cats-and-dogs", name, kind)
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
			if err != nil || s.n < 2 || s.n > maxImages {
				return nil, fmt.Errorf("%s: n=%s: want a number of images from 2 to %d", name, v[0], maxImages)
			}
		case "seed":
			if s.seed, err = strconv.ParseUint(v[0], 10, 64); err != nil {
				return nil, fmt.Errorf("%s: seed=%s: want a whole number greater than or equal to 0", name, v[0])
			}
		default:
			return nil, fmt.Errorf("%s: unknown setting %q; the settings are n and seed, as in demo:cats-and-dogs?n=2000&seed=1", name, k)
		}
	}
	return s, nil
}

// Name returns the name from which Parse makes an equal set.
func (s *Set) Name() string {
	return fmt.Sprintf("%scats-and-dogs?n=%d&seed=%d", Scheme, s.n, s.seed)
}

// Len returns the number of images.
func (s *Set) Len() int { return s.n }

// at returns the class of image i and its number within the class. The cats come first.
func (s *Set) at(i int) (dog bool, k int) {
	if cats := (s.n + 1) / 2; i >= cats {
		return true, i - cats
	}
	return false, i
}

// Label returns the label of image i, "cat" or "dog".
func (s *Set) Label(i int) string {
	if dog, _ := s.at(i); dog {
		return "dog"
	}
	return "cat"
}

// Filename returns the file name of image i, in the form of Kaggle's dataset: cat.0.png, dog.0.png.
func (s *Set) Filename(i int) string {
	_, k := s.at(i)
	return fmt.Sprintf("%s.%d.png", s.Label(i), k)
}

// Image draws image i, an opaque image of Size x Size pixels.
func (s *Set) Image(i int) *image.RGBA {
	dog, k := s.at(i)
	r := newRand(s.seed, uint64(k)<<1|uint64(b2i(dog)))
	c := canvases.Get().(*canvas)
	defer canvases.Put(c)
	drawScene(c, r, dog)
	return c.image()
}

// canvases are reused: a scene covers its whole canvas.
var canvases = sync.Pool{New: func() any { return newCanvas(Size, Size) }}

// Identity identifies the content of image i: images with the same identity have the same pixels.
func (s *Set) Identity(i int) string {
	return fmt.Sprintf("%scats-and-dogs version %d seed %d %s", Scheme, Version, s.seed, s.Filename(i))
}

// WritePNG writes image i as a PNG file.
func (s *Set) WritePNG(w io.Writer, i int) error {
	dog, k := s.at(i)
	n := number{s.seed, dog, k}
	b := kept.get(n)
	if b == nil {
		// Compression would cost time: these files are read from memory.
		e := png.Encoder{CompressionLevel: png.NoCompression}
		var file bytes.Buffer
		if err := e.Encode(&file, s.Image(i)); err != nil {
			return err
		}
		b = file.Bytes()
		kept.put(n, b)
	}
	_, err := w.Write(b)
	return err
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
