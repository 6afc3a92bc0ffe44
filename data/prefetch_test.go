package data

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/offheap"
)

// TestPrepare checks that prepared batches equal the others, are taken once, and leave no goroutine behind, which
// synctest would report.
func TestPrepare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := open(t, "testdata/images", OpenOptions{})
		o := ImageOptions{TargetSize: [2]int{8, 8}, BatchSize: 2, Workers: 3, Augment: augment.Tutorial(), Seed: 5}
		f, g := images(t, tab, o), images(t, tab, o)
		steps := f.Steps()
		if steps < 4 {
			t.Fatalf("%d steps", steps)
		}
		for _, at := range [][2]int{{0, 0}, {1, 0}, {1, 2}, {2, steps - 1}, {3, steps}} {
			discard := f.Prepare(t.Context(), at[0], at[1])
			synctest.Wait()
			p := f.prepared
			if want := min(Ahead, steps-at[1]); int(p.made.Load()) != want {
				t.Errorf("%d batches were prepared, want %d", p.made.Load(), want)
			}
			if err := sameBatches(copies(t, f, at[0], at[1]), copies(t, g, at[0], at[1])); err != nil {
				t.Errorf("epoch %d, step %d: %v", at[0], at[1], err)
			}
			if f.prepared != nil {
				t.Error("the prepared batches were not used")
			}
			discard() // does nothing
		}

		discard := f.Prepare(t.Context(), 7, 0)
		if err := sameBatches(copies(t, f, 1, 0), copies(t, g, 1, 0)); err != nil {
			t.Errorf("an epoch that was not prepared: %v", err)
		}
		if f.prepared == nil {
			t.Error("another epoch used the prepared batches")
		}
		other := f.Prepare(t.Context(), 8, 0) // replaces the first
		discard()
		if f.prepared == nil || f.prepared.epoch != 8 {
			t.Error("discarding the replaced batches discarded the new ones")
		}
		other()
		if f.prepared != nil {
			t.Error("the discarded batches are still there")
		}

		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the reason")
		f.Prepare(ctx, 0, 0)
		cancel(reason)
		n := 0
		for _, err := range f.Batches(t.Context(), 0, 0) {
			if n++; !errors.Is(err, reason) {
				t.Errorf("after a cancelled Prepare: %v", err)
			}
		}
		if n != 1 {
			t.Errorf("%d batches after a cancelled Prepare", n)
		}
	})
}

// TestSlots checks that an epoch reuses the memory of the epoch before.
func TestSlots(t *testing.T) {
	f := images(t, open(t, "testdata/images", OpenOptions{}), ImageOptions{TargetSize: [2]int{8, 8}, BatchSize: 2})
	seen := map[*byte]bool{}
	for epoch := range 3 {
		for b, err := range f.Batches(t.Context(), epoch, 0) {
			if err != nil {
				t.Fatal(err)
			}
			seen[&b.X.Raw()[0]] = true
		}
	}
	if len(seen) > Ahead {
		t.Errorf("three epochs took the memory of %d batches, want %d at most", len(seen), Ahead)
	}
}

func TestCache(t *testing.T) {
	tab := open(t, "testdata/images", OpenOptions{})
	o := ImageOptions{TargetSize: [2]int{8, 8}}
	if f := images(t, tab, o); f.KeepsDecoded() {
		t.Error("images are kept without a cache")
	}
	size := int64(tab.Len()) * 8 * 8 * 3
	o.Cache = NewCache(2*size - 1)
	first, second := images(t, tab, o), images(t, tab, o)
	if !first.KeepsDecoded() || second.KeepsDecoded() || first.DecodedBytes() != size {
		t.Errorf("a cache for one dataset: the first is kept: %v, the second: %v; of %d bytes", first.KeepsDecoded(), second.KeepsDecoded(), first.DecodedBytes())
	}
	for epoch := range 2 {
		if err := sameBatches(copies(t, first, epoch, 0), copies(t, second, epoch, 0)); err != nil {
			t.Errorf("epoch %d: %v", epoch, err)
		}
	}
	for row := range tab.Len() {
		if s := first.decoded.state[row].Load(); s != present {
			t.Errorf("image %d was not kept", row)
		}
	}
}

// TestBatchesCheckMemory: batches that need more memory than the process can have are refused before the first one is made. Go's runtime would end the
// program.
func TestBatchesCheckMemory(t *testing.T) {
	has := offheap.Available()
	if has == 0 {
		t.Skip("this system does not say how much memory there is")
	}
	const size = 8192
	names := make([]string, has/(12*size*size)+1)
	for i := range names {
		names[i] = "a.png"
	}
	_, err := Images(rows(names...), ImageOptions{TargetSize: [2]int{size, size}, BatchSize: len(names), ClassMode: NoTargets})
	if err == nil || !strings.Contains(err.Error(), "1 batches at once, each of shape") || !strings.Contains(err.Error(), "but this process can have") {
		t.Errorf("error is %v", err)
	}
}
