package picture

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lince-ml/lince/internal/testenv"
)

// TestPhotosAsPillow compares real photos with Pillow: every pixel, and Keras' result at 128x128. LINCE_PHOTOS names another ZIP file to
// compare.
func TestPhotosAsPillow(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("set LINCE_PYTHON to a Python that has Pillow")
	}
	photos := os.Getenv("LINCE_PHOTOS")
	if photos == "" {
		photos = testenv.Data(t, "photos-original-size.zip")
	}
	z, err := zip.OpenReader(photos)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	cmd := exec.Command(python, filepath.Join(testenv.Root(t), "internal", "golden", "picture_photos.py"), photos)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var d Decoder
	var sum, values, files int
	var ours time.Duration
	var theirs float64
	r := bufio.NewReaderSize(pipe, 1<<20)
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		var name, nearest, bilinear string
		var w, h int
		var ms float64
		if _, err := fmt.Sscan(line, &name, &w, &h, &ms, &nearest, &bilinear); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		want := make([]byte, w*h*3)
		if _, err := io.ReadFull(r, want); err != nil {
			t.Fatal(err)
		}
		data := member(t, &z.Reader, name)
		start := time.Now()
		img, err := d.Decode(data, RGB)
		ours += time.Since(start)
		if (err != nil) != (w == 0) {
			t.Errorf("%s: %v, Pillow reads %dx%d", name, err, w, h)
		}
		if err != nil {
			continue
		}
		if img.W != w || img.H != h {
			t.Errorf("%s: %dx%d, Pillow has %dx%d", name, img.W, img.H, w, h)
			continue
		}
		files++
		theirs += ms
		values += len(want)
		for i, v := range want {
			sum += max(int(v)-int(img.Pix[i]), int(img.Pix[i])-int(v))
		}
		for how, want := range map[Interpolation]string{Nearest: nearest, Bilinear: bilinear} {
			img, err := d.Load(data, Options{Height: 128, Width: 128, Interpolation: how})
			if err != nil {
				t.Error(err)
			} else if hash(img.Pix) != want {
				t.Errorf("%s: %v to 128x128 differs from Pillow's", name, how)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no photos")
	}
	mean := float64(sum) / float64(values)
	t.Logf("%d photos, mean absolute difference %g of 255; %.3f ms a photo, Pillow %.3f ms",
		files, mean, ours.Seconds()*1000/float64(files), theirs/float64(files))
	if mean != 0 {
		t.Errorf("mean difference to Pillow %g, want 0", mean)
	}
}

func member(t testing.TB, z *zip.Reader, name string) []byte {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// BenchmarkDecode decodes 64 photos of about 400x360 pixels one after the other in one goroutine.
func BenchmarkDecode(b *testing.B) {
	z, err := zip.OpenReader(testenv.Data(b, "photos-original-size.zip"))
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	var files [][]byte
	for _, f := range z.File {
		if f.UncompressedSize64 > 0 && len(files) < 64 {
			files = append(files, member(b, &z.Reader, f.Name))
		}
	}
	for _, o := range []struct {
		name string
		Options
	}{
		{"full", Options{}}, {"nearest128", Options{Height: 128, Width: 128}},
		{"bilinear128", Options{Height: 128, Width: 128, Interpolation: Bilinear}},
	} {
		b.Run(o.name, func(b *testing.B) {
			b.ReportAllocs()
			var d Decoder
			i := 0
			for b.Loop() {
				if _, err := d.Load(files[i%len(files)], o.Options); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
