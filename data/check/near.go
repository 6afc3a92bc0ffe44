package check

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"sync"
)

// nearGroup is a group of images that are nearly the same. Files with the same content are in it once.
type nearGroup struct {
	images   []int
	how      float64 // the lowest similarity of a pair that links the group
	mirrored bool    // a pair that links the group is mirrored
}

// describe describes the similarity of the group.
func (g nearGroup) describe() string {
	if g.mirrored {
		return fmt.Sprintf("similarity %.2f, mirrored", g.how)
	}
	return fmt.Sprintf("similarity %.2f", g.how)
}

// pair is two images that are nearly the same.
type pair struct {
	a, b     int
	how      float64
	mirrored bool
}

// hashBits is the number of bits in which the hashes of similar images may differ. Of random pairs, about one in a thousand has fewer; these
// are compared pixel by pixel.
const hashBits = 17

// findNearGroups compares images with each other, by their hashes, and if these are alike, by their thumbnails.
func (s *set) findNearGroups(images []int) []nearGroup {
	hash := make([][hashes]uint64, len(images))
	for i, img := range images {
		hash[i] = s.of(img).hash
	}
	x := newHashIndex(hash)
	var mu sync.Mutex
	var pairs []pair
	parallel(len(images), func() func(i int) {
		seen := newStamps(len(images))
		return func(i int) {
			f := s.of(images[i])
			for _, mirrored := range []bool{false, true} {
				h, thumb := hash[i], &f.thumb
				if mirrored {
					h, thumb = mirroredHash(h), f.thumb.mirrored()
				}
				x.near(&h, seen, func(j int) {
					if i == j || differ(&h, &hash[j]) > hashBits {
						return
					}
					if how := similarity(thumb, &s.of(images[j]).thumb); how > 0 {
						mu.Lock()
						pairs = append(pairs, pair{images[min(i, j)], images[max(i, j)], how, mirrored})
						mu.Unlock()
					}
				})
			}
		}
	})
	// A pair can be found from either image, and as mirrored and not: the most similar comes first.
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(a.a-b.a, a.b-b.b, cmp.Compare(b.how, a.how), order(a.mirrored)-order(b.mirrored))
	})
	pairs = slices.CompactFunc(pairs, func(a, b pair) bool { return a.a == b.a && a.b == b.b })
	return link(pairs)
}

// hashIndex finds hashes that differ in few bits, without a comparison of all pairs. It is multi-index hashing (Norouzi, Punjani, Fleet: Fast
// exact search in Hamming space with multi-index hashing, 2014): each of four quarters of a hash has a table from its 16 bits to the images, and
// a search looks up these bits, and all that differ from them in at most two. Of two hashes that differ in at most 11 bits, one quarter always
// does: edits other than crops change 10 bits at most. Of those that differ in 12 to 17, more than half are found.
type hashIndex [4]struct {
	start []uint32 // start[q] to start[q+1] are the images with the bits q
	image []uint32
}

// quarterBits is the number of bits of a quarter.
const quarterBits = 16

// flips are the patterns of at most two of 16 bits.
var flips = func() (list []uint16) {
	for q := range 1 << quarterBits {
		if bits.OnesCount(uint(q)) <= 2 {
			list = append(list, uint16(q))
		}
	}
	return list
}()

// newHashIndex makes an index of all hashes of images.
func newHashIndex(hash [][hashes]uint64) *hashIndex {
	x := &hashIndex{}
	for q := range x {
		t := &x[q]
		t.start = make([]uint32, 1<<quarterBits+1)
		key := func(h uint64) uint64 { return h >> (q * quarterBits) & (1<<quarterBits - 1) }
		for _, list := range hash {
			for _, h := range list {
				t.start[key(h)+1]++
			}
		}
		for i := range len(t.start) - 1 {
			t.start[i+1] += t.start[i]
		}
		next := slices.Clone(t.start)
		t.image = make([]uint32, hashes*len(hash))
		for i, list := range hash {
			for _, h := range list {
				k := key(h)
				t.image[next[k]] = uint32(i)
				next[k]++
			}
		}
	}
	return x
}

// near calls f with each image that has a hash of which a quarter is like that of h[0]. A pair of images of which one is a crop of the other is
// therefore found from the one that is whole.
func (x *hashIndex) near(h *[hashes]uint64, seen *stamps, f func(i int)) {
	seen.clear()
	for q := range x {
		t := &x[q]
		bits := uint16(h[0] >> (q * quarterBits))
		for _, flip := range flips {
			k := bits ^ flip
			for _, i := range t.image[t.start[k]:t.start[int(k)+1]] {
				if seen.add(i) {
					f(int(i))
				}
			}
		}
	}
}

// stamps is a set of small numbers that is cleared in no time.
type stamps struct {
	at  []uint32
	now uint32
}

func newStamps(n int) *stamps { return &stamps{at: make([]uint32, n)} }

func (s *stamps) clear() {
	if s.now++; s.now == 0 { // all numbers were used
		clear(s.at)
		s.now = 1
	}
}

// add adds a number, and reports whether it is new.
func (s *stamps) add(i uint32) bool {
	if s.at[i] == s.now {
		return false
	}
	s.at[i] = s.now
	return true
}

// link joins pairs that share an image.
func link(pairs []pair) []nearGroup {
	parent := map[int]int{}
	var root func(i int) int
	root = func(i int) int {
		p, ok := parent[i]
		if !ok || p == i {
			return i
		}
		p = root(p)
		parent[i] = p
		return p
	}
	for _, p := range pairs {
		a, b := root(p.a), root(p.b)
		parent[max(a, b)] = min(a, b)
		parent[min(a, b)] = min(a, b)
	}
	at := map[int]int{}
	var out []nearGroup
	member := map[int]bool{}
	for _, p := range pairs {
		r := root(p.a)
		i, known := at[r]
		if !known {
			i = len(out)
			at[r] = i
			out = append(out, nearGroup{how: p.how})
		}
		out[i].how = min(out[i].how, p.how)
		out[i].mirrored = out[i].mirrored || p.mirrored
		for _, img := range []int{p.a, p.b} {
			if !member[img] {
				member[img] = true
				out[i].images = append(out[i].images, img)
			}
		}
	}
	for _, g := range out {
		slices.Sort(g.images)
	}
	slices.SortFunc(out, func(a, b nearGroup) int { return a.images[0] - b.images[0] })
	return out
}

// order returns false before true.
func order(b bool) int {
	if b {
		return 1
	}
	return 0
}
