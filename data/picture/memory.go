package picture

import (
	"cmp"
	"fmt"
	"math"
)

// Limits on the memory that a file may claim.
const (
	// MaxPixels is the largest number of pixels of an image. Pillow raises DecompressionBombError beyond it.
	MaxPixels = 178956970
	// A file may use memoryFactor times its size plus memoryBase bytes, but at least memoryFloor bytes, for its pixels, and as much again
	// for decoding. (A scan of a white page at 600 dpi has 35 megapixels and 50 KB. A plain photo of a camera of 45 megapixels needs
	// 134 MB for its pixels.)
	memoryFactor = 16
	memoryBase   = 64 << 20
	memoryFloor  = 256 << 20
	// With a LargeDecoder, a file may use largeFactor times its size, but at most largeMost bytes. (A white JPEG, PNG or lossy WebP file with MaxPixels pixels has 300 KB or more, so it
	// may use 1.2 GB. A corrupt file of 1 KB may not.)
	largeFactor = 4096
	largeMost   = 2 << 30
)

// limits are what a file may claim. The zero value stands for the limits of untrusted files.
type limits struct {
	pixels int
	memory int64 // in bytes
}

// LargeDecoder returns a decoder for large images in files of your own. A Decoder also reads untrusted files, so it refuses images that need much more memory than the size of their
// file suggests. A LargeDecoder allows 4096 times size, which is the size of the file in bytes, up to 2 GiB.
//
// maxPixels, if positive, is the largest number of pixels instead of MaxPixels, up to math.MaxInt32. The size of the file does not matter then.
func LargeDecoder(size, maxPixels int) *Decoder {
	d := new(Decoder)
	d.Enlarge(size, maxPixels)
	return d
}

// Enlarge gives a decoder the limits of LargeDecoder.
func (d *Decoder) Enlarge(size, maxPixels int) {
	d.large = limits{MaxPixels, max(budget(size), min(int64(size)*largeFactor, largeMost))}
	if maxPixels > 0 {
		d.large = limits{min(maxPixels, math.MaxInt32), math.MaxInt64}
	}
}

// budget returns the memory in bytes that a file of this size may use.
func budget(file int) int64 { return max(int64(file)*memoryFactor+memoryBase, memoryFloor) }

// limits returns the limits of a file of so many bytes.
func (d *Decoder) limits(file int) limits {
	l := d.large
	if l == (limits{}) {
		l = limits{MaxPixels, budget(file)}
	}
	if d.MaxPixels > 0 {
		l.pixels = min(l.pixels, d.MaxPixels)
	}
	if d.MaxMemory > 0 {
		l.memory = min(l.memory, d.MaxMemory)
	}
	return l
}

// MostMillions is the largest limit of a LargeDecoder, in millions of pixels: their number fits into 32 bits.
const MostMillions = math.MaxInt32 / 1_000_000

// PixelsError is the error of an image with more pixels than are supported, or than Decoder.MaxPixels or the size of its file allow.
type PixelsError struct {
	Format        string // of the file, such as "JPEG"
	Width, Height int
	Limit         int // the largest number of pixels; 0 if the memory is the reason
	// Memory is the number of bytes that the image needs, and Allowed the number that a file of Size bytes may use. They are 0 if the number of pixels is the reason.
	Memory, Allowed int64
	Size            int

	from string // the start of the text for an image that becomes so large when it is resized or padded
}

// Error returns the reason and a remedy.
func (e *PixelsError) Error() string {
	millions := math.Ceil(float64(e.Width) * float64(e.Height) / 1e6)
	if millions > MostMillions {
		return fmt.Sprintf("%s, and at most %d million with --max-pixels; if the file is right, make the image smaller or cut it into pieces with another program", e.Reason(), MostMillions)
	}
	return fmt.Sprintf("%s; if the file is right, use --max-pixels %.0f (in millions; in Go, picture.LargeDecoder)", e.Reason(), millions)
}

// Reason returns the error without a remedy.
func (e *PixelsError) Reason() string {
	what := cmp.Or(e.from, e.Format+" of") + fmt.Sprintf(" %dx%d pixels", e.Width, e.Height)
	if e.Memory > 0 {
		return fmt.Sprintf("%s: this needs %d MiB of memory, and a file of %d bytes may use only %d MiB", what, e.Memory>>20, e.Size, e.Allowed>>20)
	}
	return fmt.Sprintf("%s: at most %d pixels are supported", what, e.Limit)
}

// checkSize returns an error if an image is too large. It is called before memory is allocated. decoder is the number of bytes
// that the decoder allocates, result the bytes of a converted pixel, and file the size of the file.
func (d *Decoder) checkSize(format string, w, h int, decoder int64, result, file int) error {
	if w <= 0 || h <= 0 {
		return fmt.Errorf("corrupt %s: its size is %dx%d", format, w, h)
	}
	limit := d.limits(file)
	if w > limit.pixels/h { // the product may not fit into 64 bits
		return &PixelsError{Format: format, Width: w, Height: h, Limit: limit.pixels}
	}
	if need := max(decoder, int64(w)*int64(h)*int64(result)); need > limit.memory {
		return &PixelsError{Format: format, Width: w, Height: h, Memory: need, Allowed: limit.memory, Size: file}
	}
	return nil
}

// checkResult returns an error if an image would become too large when it is resized or padded. file is the size of its file.
func (d *Decoder) checkResult(how string, img Image, h, w, channels, file int) error {
	limit := d.limits(file)
	e := &PixelsError{Width: w, Height: h, from: fmt.Sprintf("an image of %dx%d pixels would become, %s,", img.W, img.H, how)}
	if most := max(limit.pixels, MaxPixels); h > most/w {
		e.Limit = most
		return e
	}
	if need := int64(h) * int64(w) * int64(channels); need > limit.memory {
		e.Memory, e.Allowed, e.Size = need, limit.memory, file
		return e
	}
	return nil
}
