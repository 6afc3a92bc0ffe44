package check

import (
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data/picture"
)

func mirror(m picture.Image) picture.Image {
	out := picture.Image{H: m.H, W: m.W, C: 3, Pix: make([]uint8, len(m.Pix))}
	for y := range m.H {
		for x := range m.W {
			copy(out.Pix[3*(y*m.W+x):][:3], m.Pix[3*(y*m.W+m.W-1-x):][:3])
		}
	}
	return out
}

// TestMirrored expects that a mirrored copy is found, also if it is smaller, and said to be mirrored, and that a plain copy is not.
func TestMirrored(t *testing.T) {
	original := scene(1, 90, 120)
	for what, c := range map[string]struct {
		img      picture.Image
		mirrored bool
	}{
		"mirrored":              {mirror(original), true},
		"mirrored and reduced":  {mirror(resized(t, original, 60, 80)), true},
		"reduced":               {resized(t, original, 60, 80), false},
		"mirrored and mirrored": {leveled(mirror(mirror(original)), .9, 10), false},
	} {
		files := sound(t)
		files["train/dog/a.png"] = encoded(t, original)
		files["train/dog/x.png"] = encoded(t, c.img)
		r, err := Run(t.Context(), folder(t, files), Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := r.Of("near-duplicate")
		if len(found) != 1 || len(r.Findings) != 1 || strings.HasSuffix(found[0].Detail, ", mirrored") != c.mirrored {
			t.Errorf("%s: found %+v", what, r.Findings)
		}
	}
}

// TestMirroredHash compares the hash of a mirrored thumbnail with that of the pixels.
func TestMirroredHash(t *testing.T) {
	var m meter
	for seed := range 20 {
		var f facts
		m.measure(&f, scene(seed, 64, 64))
		want := f.thumb.mirrored().hash()
		for i, h := range mirroredHash(f.hash) {
			if bits.OnesCount64(h^want[i]) > 1 { // a coefficient may be nearly zero
				t.Errorf("scene %d: hash %d is %064b, want %064b", seed, i, h, want[i])
			}
		}
	}
}

// TestHashIndex compares the index with a search of all pairs: it finds every hash that differs in at most 11 bits, and no image twice.
func TestHashIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([][hashes]uint64, 2000)
	for i := range list {
		for m := range list[i] {
			list[i][m] = r.Uint64()
		}
		if i%2 == 1 { // a relative of the one before
			near := list[i-1][0]
			for range i % 16 {
				near ^= 1 << r.IntN(64)
			}
			list[i][i%hashes] = near
		}
	}
	x, seen := newHashIndex(list), newStamps(len(list))
	relatives := 0
	for i := range list {
		found := map[int]bool{}
		x.near(&list[i], seen, func(j int) {
			if found[j] {
				t.Fatalf("%d finds %d twice", i, j)
			}
			found[j] = true
		})
		for j := range list {
			least := 64
			for _, h := range list[j] {
				least = min(least, bits.OnesCount64(list[i][0]^h))
			}
			if least <= 11 && !found[j] {
				t.Errorf("%d does not find %d, whose hash differs in %d bits", i, j, least)
			}
			if least <= 11 && i != j {
				relatives++
			}
		}
		if len(found) > len(list)/4 {
			t.Errorf("%d finds %d of %d images", i, len(found), len(list))
		}
	}
	if relatives < 500 {
		t.Errorf("only %d pairs are alike", relatives)
	}
	seen.now = 1<<32 - 1 // the stamps begin again
	seen.clear()
	if !seen.add(3) || seen.add(3) || !seen.add(4) {
		t.Error("after the last stamp, the set is not empty")
	}
}
