package data

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lince-ml/lince/data/picture"
)

// blackPNG returns a PNG file of gray pixels with 8 bits, which are all black. It has only the first rows of the data.
func blackPNG(t *testing.T, w, h, rows int) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, content []byte) {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(content))))
		b.WriteString(kind)
		b.Write(content)
		b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(append([]byte(kind), content...))))
	}
	chunk("IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h)), 8, 0, 0, 0, 0))
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	for row := make([]byte, w+1); rows > 0; rows-- {
		_, _ = z.Write(row) // to memory
	}
	_ = z.Close()
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

// largeTable returns a table of one class with the files.
func largeTable(t *testing.T, maxPixels int, files map[string][]byte) *Table {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, "a", name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	table, err := Open(t.Context(), dir, OpenOptions{LabelRule: Folder, MaxPixels: maxPixels})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	return table
}

// TestLargeImages checks and loads an image that needs more than 256 MiB, and refuses a small file that only claims to have one.
func TestLargeImages(t *testing.T) {
	table := largeTable(t, 0, map[string][]byte{"large.png": blackPNG(t, 9500, 9500, 9500), "forged.png": blackPNG(t, 13000, 13000, 1)})
	good, bad, err := table.Check(t.Context(), CheckOptions{})
	if err != nil || good.Len() != 1 || len(bad) != 1 || bad[0].Filename != "a/forged.png" || !strings.Contains(bad[0].Err.Error(), "a file of 96 bytes may use only 256 MiB; if the file is right, use --max-pixels 169 ") {
		t.Fatalf("%v, %v", bad, err)
	}
	f, err := Images(good, ImageOptions{TargetSize: [2]int{4, 4}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range f.Batches(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(b.Index)
	}
	if n != 1 || !large().budget.TryAcquire(large().limit) {
		t.Fatalf("%d images, or a large one is still being decoded", n)
	}
	large().budget.Release(large().limit)
}

// TestLargeCanceled checks that reading ends while it waits for another large image, and that the image does not count as corrupt.
func TestLargeCanceled(t *testing.T) {
	table := largeTable(t, 200_000_000, map[string][]byte{"forged.png": blackPNG(t, 13000, 13000, 1)})
	if err := large().budget.Acquire(t.Context(), large().limit); err != nil {
		t.Fatal(err)
	}
	defer large().budget.Release(large().limit)
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		<-started
		cancel()
	}()
	content, err := table.Row(0).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var d picture.Decoder
	err = table.Decode(ctx, content, &d, func(d *picture.Decoder) error {
		_, err := d.Decode(content, picture.RGB)
		close(started)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Decode: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, bad, err := table.Check(ctx, CheckOptions{}); !errors.Is(err, context.DeadlineExceeded) || bad != nil {
		t.Errorf("Check: %v, %v", bad, err)
	}
	f, err := Images(table, ImageOptions{TargetSize: [2]int{4, 4}})
	if err != nil {
		t.Fatal(err)
	}
	w := f.worker()
	if err := f.load(ctx, w, 0); !errors.Is(err, context.DeadlineExceeded) || len(f.Corrupt()) != 0 {
		t.Errorf("load: %v, corrupt are %v", err, f.Corrupt())
	}
}

// TestLargeInTurn checks that goroutines decode large images one after the other, and that small ones do not wait for them.
func TestLargeInTurn(t *testing.T) {
	var table Table
	var inside atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			var own picture.Decoder
			calls := 0
			err := table.Decode(t.Context(), nil, &own, func(d *picture.Decoder) error {
				if calls++; d == &own {
					return &picture.PixelsError{}
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d images at once", n)
				}
				return table.Decode(t.Context(), nil, &own, func(d *picture.Decoder) error { // a small image
					inside.Add(-1)
					return nil
				})
			})
			if err != nil || calls != 2 {
				t.Errorf("%d calls, %v", calls, err)
			}
		})
	}
	all.Wait()
}

// TestDecodingBudget checks that images wait until the process has the memory for them, for any number of them, and that decoders are kept up to the limit.
func TestDecodingBudget(t *testing.T) {
	const limit = 1000
	l := newDecoders(limit)
	var used atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		bytes := int64(1 + i*37%1500)
		all.Go(func() {
			err := l.use(t.Context(), bytes, func(*picture.Decoder) error {
				defer used.Add(-min(bytes, limit))
				if n := used.Add(min(bytes, limit)); n > limit {
					t.Errorf("%d bytes at once", n)
				}
				runtime.Gosched()
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if l.kept > limit || len(l.free) == 0 {
		t.Errorf("%d decoders with %d bytes are kept", len(l.free), l.kept)
	}
}

// TestDecodingThreads checks that 16 goroutines decode images that are too large for their own decoders.
func TestDecodingThreads(t *testing.T) {
	files := map[string][]byte{}
	for i := range 8 {
		files[fmt.Sprintf("%d.png", i)] = blackPNG(t, 6000, 1000, 1000)
	}
	table := largeTable(t, 0, files)
	for _, workers := range []int{1, 16} {
		var found Findings
		good, bad, err := table.Check(t.Context(), CheckOptions{Workers: workers, Findings: &found})
		if err != nil || len(bad) > 0 || good.Len() != 8 {
			t.Errorf("%d workers: %v, %v", workers, bad, err)
		}
	}
	if l := large(); len(l.free) == 0 || l.kept > l.limit {
		t.Errorf("%d decoders with %d bytes are kept", len(l.free), l.kept)
	}
}
