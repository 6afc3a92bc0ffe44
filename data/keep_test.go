package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	encoding "image/png"
	"sync/atomic"
	"testing"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// countedFile is an image file in memory that counts how often it is read.
type countedFile struct {
	name    string
	content []byte
	reads   *atomic.Int32
}

func (f countedFile) where() string               { return f.name }
func (f countedFile) crc() (uint32, int64, bool)  { return 0, 0, false }
func (f countedFile) head(n int) ([]byte, error)  { return f.content[:min(n, len(f.content))], nil }
func (f countedFile) read([]byte) ([]byte, error) { f.reads.Add(1); return f.content, nil }

// countedTable returns a table of images with different pixels, of which those at the bad indexes cannot be decoded, and the number of reads of each.
func countedTable(t *testing.T, n int, bad ...int) (*Table, []atomic.Int32) {
	t.Helper()
	reads := make([]atomic.Int32, n)
	tab := &Table{src: &source{name: "test"}}
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 9+i, 7))
		for p := range img.Pix {
			img.Pix[p] = byte(p * (i + 3) / 5)
		}
		img.Set(0, 0, color.White)
		var b bytes.Buffer
		if err := encoding.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		content := b.Bytes()
		for _, k := range bad {
			if k == i {
				content = content[:len(content)/2]
			}
		}
		name := fmt.Sprintf("%s.%d.png", []string{"cat", "dog"}[i%2], i)
		tab.rows = append(tab.rows, Row{name, Prefix.label(name), countedFile{name, content, &reads[i]}})
	}
	return tab, reads
}

// TestCheckKeeps checks that images which Check keeps are read once in a whole training, that the batches are the same as without it, and that the
// errors are too.
func TestCheckKeeps(t *testing.T) {
	const n, bad = 12, 5
	train, val := []int{0, 2, 4, 6, 8, 10, 1}, []int{3, 5, 7, 9}
	for _, c := range []struct {
		name   string
		o      ImageOptions
		room   int  // images for which the cache has room
		cached bool // the datasets have the cache too
		reads  int32
	}{
		{"all images", ImageOptions{TargetSize: [2]int{8, 6}, Interpolation: picture.Bilinear}, n, true, 1},
		{"all images, datasets without a cache", ImageOptions{TargetSize: [2]int{8, 6}}, n, false, 1},
		{"steps", ImageOptions{Preprocessing: preprocess.Steps{preprocess.Decode{Orient: true}, preprocess.Resize{Height: 9, Width: 9, Interpolation: picture.Lanczos},
			preprocess.CenterCrop{Height: 8, Width: 6}, preprocess.Rescale{Scale: .5}}}, n, false, 1},
		{"one image too many", ImageOptions{TargetSize: [2]int{8, 6}}, n - 1, false, 4},
		{"no room", ImageOptions{TargetSize: [2]int{8, 6}}, 0, false, 4},
		{"bilinear-tf", ImageOptions{TargetSize: [2]int{8, 6}, Interpolation: picture.BilinearTF}, n, false, 4},
		{"gray", ImageOptions{TargetSize: [2]int{8, 6}, ColorMode: picture.Grayscale}, n, false, 4},
	} {
		c.o.BatchSize, c.o.Seed = 3, 7
		plain, _ := countedTable(t, n, bad)
		want, wantBad, err := plain.Check(t.Context(), CheckOptions{})
		if err != nil {
			t.Fatal(err)
		}
		tab, reads := countedTable(t, n, bad)
		size := int64(8 * 6 * 3)
		keep := c.o
		keep.Cache = NewCache(int64(c.room) * size)
		good, gotBad, err := tab.Check(t.Context(), CheckOptions{Keep: &keep, Workers: 3})
		if err != nil {
			t.Fatal(err)
		}
		if len(gotBad) != 1 || len(wantBad) != 1 || gotBad[0].Filename != wantBad[0].Filename || gotBad[0].Err.Error() != wantBad[0].Err.Error() {
			t.Errorf("%s: unreadable images %v, want %v", c.name, gotBad, wantBad)
		}
		if good.Fingerprint() != want.Fingerprint() {
			t.Errorf("%s: the fingerprint differs", c.name)
		}
		if used := keep.Cache.used; used > keep.Cache.Budget() || (used > 0) != (c.reads == 1) {
			t.Errorf("%s: %d of %d bytes are used", c.name, used, keep.Cache.Budget())
		}
		for _, side := range [][]int{train, val} {
			o := c.o
			if len(o.Preprocessing) == 0 {
				o.Augment = augment.Tutorial()
			}
			if c.cached {
				o.Cache = keep.Cache
			}
			kept := images(t, good.Take(side), o)
			o.Cache = nil
			other := images(t, want.Take(side), o)
			if kept.KeepsDecoded() != (c.reads == 1) {
				t.Errorf("%s: the dataset keeps images: %v", c.name, kept.KeepsDecoded())
			}
			for epoch := range 3 {
				if err := sameBatches(copies(t, kept, epoch, 0), copies(t, other, epoch, 0)); err != nil {
					t.Errorf("%s, epoch %d: %v", c.name, epoch, err)
				}
			}
		}
		for _, side := range [][]int{train, val} {
			for _, i := range side {
				if i >= bad {
					i++ // the rows of good
				}
				if got := reads[i].Load(); got != c.reads {
					t.Errorf("%s: image %d was read %d times, want %d", c.name, i, got, c.reads)
				}
			}
		}
	}
}

// TestCheckKeepsOthers checks that a dataset that loads images differently does not use images that Check has kept.
func TestCheckKeepsOthers(t *testing.T) {
	tab, reads := countedTable(t, 4)
	cache := NewCache(1 << 20)
	good, _, err := tab.Check(t.Context(), CheckOptions{Keep: &ImageOptions{TargetSize: [2]int{8, 8}, Cache: cache}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []ImageOptions{{TargetSize: [2]int{8, 9}}, {TargetSize: [2]int{8, 8}, Interpolation: picture.Box}, {TargetSize: [2]int{8, 8}, ColorMode: picture.RGBA}} {
		f := images(t, good, o)
		other := images(t, tab, o)
		if f.KeepsDecoded() {
			t.Errorf("%v uses images that were loaded differently", o)
		}
		if err := sameBatches(copies(t, f, 0, 0), copies(t, other, 0, 0)); err != nil {
			t.Error(err)
		}
	}
	if got := reads[0].Load(); got != 7 {
		t.Errorf("the file was read %d times, want 7", got)
	}
	if _, _, err := tab.Check(t.Context(), CheckOptions{Keep: &ImageOptions{TargetSize: [2]int{8, 8}, ColorMode: 9, Cache: cache}}); err == nil {
		t.Error("an unknown color mode is accepted")
	}
}
