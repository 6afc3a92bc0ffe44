package check

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// groups are images of the same content, and of nearly the same. Each list has two images or more, sorted.
type groups struct {
	same   [][]int
	copies map[int][]int // the lists of same, by their first image
	near   []nearGroup
}

// findGroups compares all files.
func (s *set) findGroups() groups {
	g := groups{copies: map[int][]int{}}
	type content struct {
		sum  [16]byte
		size int64
	}
	at := map[content]int{}
	var lists [][]int
	for i := range s.file {
		f := s.of(i)
		if f.size == 0 || f.err != nil || f.content == [16]byte{} { // empty, corrupt or unknown
			continue
		}
		c := content{f.content, f.size}
		j, known := at[c]
		if !known {
			j = len(lists)
			at[c] = j
			lists = append(lists, nil)
		}
		lists[j] = append(lists[j], i)
	}
	var firsts []int // an image of each content
	for _, l := range lists {
		if len(l) > 1 {
			g.same = append(g.same, l)
			g.copies[l[0]] = l
		}
		if f := s.of(l[0]); f.decoded() && !f.flat() {
			firsts = append(firsts, l[0])
		}
	}
	g.near = s.findNearGroups(firsts)
	return g
}

// parallel calls functions with 0 to n-1, by several goroutines. Each has a separate function.
func parallel(n int, worker func() func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			f := worker()
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				f(i)
			}
		})
	}
	workers.Wait()
}

// all returns the groups of both kinds, with a description.
func (s *set) all() []described {
	var out []described
	for _, l := range s.groups().same {
		out = append(out, described{l, "the same content"})
	}
	for _, g := range s.groups().near {
		out = append(out, described{s.withCopies(g.images), "nearly the same (" + g.describe() + ")"})
	}
	return out
}

type described struct {
	images []int
	how    string
}

// withCopies adds the images that have the same content as one of a group.
func (s *set) withCopies(images []int) []int {
	out := slices.Clone(images)
	for _, i := range images {
		if l := s.groups().copies[i]; l != nil {
			out = append(out, l[1:]...)
		}
	}
	slices.Sort(out)
	return out
}

// labels returns the different labels of images, and their parts. The spellings of a class are one label.
func (s *set) labels(images []int) (labels, parts []string) {
	for _, i := range images {
		img := s.image(i)
		if label := s.spelling(img.Label); label != "" && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
		if !slices.Contains(parts, img.Part) {
			parts = append(parts, img.Part)
		}
	}
	return labels, parts
}

// findConflicts finds images with two labels.
func findConflicts(s *set) []Finding {
	var out []Finding
	seen := make([]bool, s.len())
	for _, g := range s.all() {
		if labels, _ := s.labels(g.images); len(labels) > 1 && slices.ContainsFunc(g.images, func(i int) bool { return !seen[i] }) {
			f := s.finding(g.how, g.images...)
			f.Classes = labels
			out = append(out, f)
		}
		for _, i := range g.images {
			seen[i] = true
		}
	}
	return sorted(out)
}

// findLeaks finds images that are in several parts. The ones of the table are dropped.
func findLeaks(s *set) []Finding {
	var out []Finding
	for _, g := range s.all() {
		if _, parts := s.labels(g.images); len(parts) > 1 {
			out = append(out, s.finding(g.how, g.images...))
		}
	}
	return sorted(out)
}

// findDuplicates finds files with the same content, of one class and part.
func findDuplicates(s *set) []Finding {
	var out []Finding
	for _, l := range s.groups().same {
		if s.plain(l) {
			out = append(out, s.keepFirst("the same content", l))
		}
	}
	return sorted(out)
}

// findNear finds images that are nearly the same, of one class and part.
func findNear(s *set) []Finding {
	var out []Finding
	for _, g := range s.groups().near {
		if s.plain(s.withCopies(g.images)) {
			out = append(out, s.keepFirst(g.describe(), g.images))
		}
	}
	return sorted(out)
}

// plain reports whether images have one label and are in one part.
func (s *set) plain(images []int) bool {
	labels, parts := s.labels(images)
	return len(labels) < 2 && len(parts) < 2
}

// keepFirst returns a finding that drops all images but the largest, which comes first.
func (s *set) keepFirst(detail string, images []int) Finding {
	best := slices.MaxFunc(images, func(a, b int) int {
		f, g := s.of(a), s.of(b)
		return cmp.Or(cmp.Compare(int64(f.h)*int64(f.w), int64(g.h)*int64(g.w)), cmp.Compare(f.size, g.size), b-a)
	})
	order := []int{best}
	for _, i := range images {
		if i != best {
			order = append(order, i)
		}
	}
	f := s.finding(detail, order...)
	if len(f.Drop) > 0 {
		f.Drop = f.Drop[1:]
	}
	return f
}

// sorted sorts findings by their first image in the table.
func sorted(f []Finding) []Finding {
	slices.SortStableFunc(f, func(a, b Finding) int { return cmp.Compare(lowest(a.Images), lowest(b.Images)) })
	return f
}

func lowest(images []Image) int {
	low := -1
	for _, i := range images {
		if i.Index >= 0 && (low < 0 || i.Index < low) {
			low = i.Index
		}
	}
	return low
}
