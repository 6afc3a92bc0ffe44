package demo

import (
	"image"
	"image/draw"
	"image/png"
	"os"
	"testing"
)

func TestSheet(t *testing.T) {
	out := os.Getenv("DEMO_SHEET")
	if out == "" {
		t.Skip()
	}
	s := New(2000, 1)
	sheet := image.NewRGBA(image.Rect(0, 0, 10*130, 6*130))
	for i := range 60 {
		k := i / 2
		if i%2 == 1 {
			k += 1000
		}
		draw.Draw(sheet, image.Rect(i%10*130, i/10*130, i%10*130+128, i/10*130+128), s.Picture(k), image.Point{}, draw.Src)
	}
	f, _ := os.Create(out)
	png.Encode(f, sheet)
	f.Close()
}

func BenchmarkPicture(b *testing.B) {
	s := New(2000, 1)
	for i := range b.N {
		s.Picture(i % 2000)
	}
}
