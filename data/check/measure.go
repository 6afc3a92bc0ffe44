package check

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/lince-ml/lince/data/picture"
)

// facts are what was measured of a file.
type facts struct {
	err         error // why the file cannot be decoded
	size        int64 // in bytes
	content     [16]byte
	format      string
	orientation uint8 // of EXIF, 1 to 8
	h, w        int32 // 0 if the file was not decoded

	color     [3]float32 // mean of R, G and B, 0 to 255
	mean, std float32    // of the luma, 0 to 255
	low, high uint8      // the luma that 1 % of the pixels are below, or above
	blur      float32    // see blurEffect
	hash      [hashes]uint64
	thumb     thumb
}

// decoded reports whether the file has been decoded.
func (f *facts) decoded() bool { return f.h > 0 }

// sumOf identifies a content: a part of its SHA-256 hash.
func sumOf(content []byte) (sum [16]byte) {
	h := sha256.Sum256(content)
	copy(sum[:], h[:])
	return sum
}

// contentOf identifies a content by its CRC-32 and length.
func contentOf(crc uint32, size int64) (sum [16]byte) {
	binary.LittleEndian.PutUint32(sum[:], crc)
	binary.LittleEndian.PutUint64(sum[4:], uint64(size))
	return sum
}

// workSide is the largest height and width of the images that are measured. Larger images are reduced to it: a blur that cannot be seen at
// this size does not matter to a classifier.
const workSide = 256

// meter measures images. It reuses its memory.
type meter struct {
	decoder picture.Decoder
	luma    []float32
	smooth  []float32
	line    []float64
}

// measure measures a decoded RGB image.
func (m *meter) measure(f *facts, img picture.Image) {
	f.h, f.w = int32(img.H), int32(img.W)
	if most := max(img.H, img.W); most > workSide {
		h, w := max(1, img.H*workSide/most), max(1, img.W*workSide/most)
		small, err := picture.Resize(img, h, w, picture.Box)
		if err != nil {
			f.err = err
			return
		}
		img = small
	}
	m.levels(f, img)
	f.blur = m.blurEffect(img.H, img.W)
	f.thumb = m.reduce(img.H, img.W)
	f.hash = f.thumb.hash()
}

// levels computes the luma of an image (ITU-R BT.601) and its statistics.
func (m *meter) levels(f *facts, img picture.Image) {
	n := img.H * img.W
	if cap(m.luma) < n {
		m.luma = make([]float32, workSide*workSide)
		m.smooth = make([]float32, workSide*workSide)
	}
	m.luma = m.luma[:n]
	var color [3]int
	var count [256]int
	for i := range m.luma {
		p := img.Pix[3*i:][:3]
		color[0] += int(p[0])
		color[1] += int(p[1])
		color[2] += int(p[2])
		y := (299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000
		count[y]++
		m.luma[i] = float32(y)
	}
	for c, sum := range color {
		f.color[c] = float32(sum) / float32(n)
	}
	sum, squares := 0, 0
	for y, c := range count {
		sum += y * c
		squares += y * y * c
	}
	mean := float64(sum) / float64(n)
	f.mean, f.std = float32(mean), float32(math.Sqrt(max(0, float64(squares)/float64(n)-mean*mean)))
	f.low, f.high = percentile(&count, n/100), percentile(&count, n-1-n/100)
}

// percentile returns the level of the pixel of this rank.
func percentile(count *[256]int, rank int) uint8 {
	for y, c := range count {
		if rank -= c; rank < 0 {
			return uint8(y)
		}
	}
	return 255
}

// blurEffect measures the blur of the luma, from 0 to 1: by how much a strong blur lessens the differences between neighbors. A sharp image
// loses most of them, a blurred one few. (Crete, Dolmiere, Ladret, Nicolas: The blur effect, 2007; as skimage.measure.blur_effect with h_size 11, but of the
// larger axis.) Images without differences have 0.
func (m *meter) blurEffect(h, w int) float32 {
	return float32(max(m.blurOf(h, w, w, 1), m.blurOf(w, h, 1, w)))
}

// blurTaps is the width of the blur of blurEffect.
const blurTaps = 9

// blurOf measures the blur along one axis: n lines of length pixels, which are step apart; lines are stride apart.
func (m *meter) blurOf(n, length, stride, step int) float64 {
	if length < 2*blurTaps {
		return 0
	}
	if cap(m.line) < workSide+blurTaps {
		m.line = make([]float64, workSide+blurTaps)
	}
	smooth := m.line[:length]
	var sharp, lost float64
	for l := range n {
		line := m.luma[l*stride:]
		at := func(i int) float64 { return float64(line[min(max(i, 0), length-1)*step]) }
		sum := 0.
		for i := -blurTaps / 2; i <= blurTaps/2; i++ {
			sum += at(i)
		}
		for i := range smooth {
			smooth[i] = sum / blurTaps
			sum += at(i+blurTaps/2+1) - at(i-blurTaps/2)
		}
		for i := 1; i < length; i++ {
			d := math.Abs(at(i) - at(i-1))
			sharp += d
			lost += max(0, d-math.Abs(smooth[i]-smooth[i-1]))
		}
	}
	if sharp == 0 {
		return 0
	}
	return (sharp - lost) / sharp
}
