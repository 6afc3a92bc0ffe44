package check

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
)

// set has the images of a table, and of the other parts of its source, with what was measured of their files.
type set struct {
	t      *data.Table
	others []Image // of other parts
	parts  []string
	file   []int32 // the file of each image: rows of the table may share one
	first  []int32 // an image of each file
	facts  []facts // of each file
	groups func() groups
	merged func() func(label string) string // see oneClass
}

// spelling returns the name that stands for all spellings of a label.
func (s *set) spelling(label string) string { return s.merged()(label) }

// newSet lists the images of a table, the other parts of its source, and more parts. It reads nothing.
func newSet(ctx context.Context, t *data.Table, more []Part) (*set, error) {
	files, err := t.Files(ctx, 0)
	if err != nil {
		return nil, err
	}
	s := &set{t: t, file: files.Of, first: files.First}
	own := len(s.first)
	at := map[string]int32{} // the files by their places
	if len(t.Parts())+len(more) > 0 {
		for f, i := range s.first {
			at[t.Row(int(i)).Where()] = int32(f)
		}
	}
	add := func(i Image) {
		where := i.Where()
		f, known := at[where]
		if !known {
			f = int32(len(s.first))
			at[where] = f
			s.first = append(s.first, int32(len(s.file)))
		}
		s.file = append(s.file, f)
	}
	given := map[string]bool{} // the places of the images of more
	for _, p := range more {
		for _, r := range p.Table.All() {
			given[r.Where()] = true
		}
	}
	for _, name := range t.Parts() {
		p, err := t.Part(name)
		if err != nil {
			return nil, err
		}
		var rows []Image
		shared := false
		for _, r := range p.All() {
			f, known := at[r.Where()]
			shared = shared || known && int(f) < own
			if !given[r.Where()] {
				rows = append(rows, Image{Row: r, Index: -1, Part: name})
			}
		}
		// A part with images of the table is the table's own: --limit, for example, has left out its other images.
		if shared || len(rows) == 0 {
			continue
		}
		s.parts = append(s.parts, name)
		for _, r := range rows {
			s.others = append(s.others, r)
			add(r)
		}
	}
	for _, p := range more {
		s.parts = append(s.parts, p.Name)
		for _, r := range p.Table.All() {
			i := Image{Row: r, Index: -1, Part: p.Name}
			s.others = append(s.others, i)
			add(i)
		}
	}
	s.facts = make([]facts, len(s.first))
	s.groups = sync.OnceValue(s.findGroups)
	s.merged = sync.OnceValue(s.oneClass)
	return s, nil
}

// len returns the number of images.
func (s *set) len() int { return len(s.file) }

// image returns an image.
func (s *set) image(i int) Image {
	if n := s.t.Len(); i >= n {
		return s.others[i-n]
	}
	return Image{Row: s.t.Row(i), Index: i}
}

// of returns what is known of an image's file.
func (s *set) of(i int) *facts { return &s.facts[s.file[i]] }

// read measures all files.
func (s *set) read(ctx context.Context, o Options) error {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var mu sync.Mutex
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	for range o.Workers {
		g.Go(func() error {
			var m meter
			for {
				f := int(next.Add(1) - 1)
				if f >= len(s.facts) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				var err error
				if s.facts[f], err = m.file(ctx, s.t, s.image(int(s.first[f])).Row); err != nil {
					return err
				}
				if o.Progress != nil {
					mu.Lock()
					done++
					o.Progress(done, len(s.facts))
					mu.Unlock()
				}
			}
		})
	}
	return g.Wait()
}

// fromSums takes the facts from the checksums that the table knows. Other files count as unknown.
func (s *set) fromSums() {
	for f := range s.facts {
		img := s.image(int(s.first[f]))
		crc, size, known := img.Checksum()
		if !known && img.Index >= 0 {
			crc, size, known = s.t.Checksum(img.Index)
		}
		if known {
			s.facts[f] = facts{size: size, content: contentOf(crc, size)}
		}
	}
}

// file reads and measures a file of a table. It fails only if the file cannot be reached, or ctx is canceled.
func (m *meter) file(ctx context.Context, t *data.Table, r data.Row) (facts, error) {
	content, err := r.Bytes()
	var unreachable *data.AccessError
	if errors.As(err, &unreachable) {
		return facts{}, err
	}
	if err != nil {
		return facts{err: err}, nil
	}
	f := facts{size: int64(len(content)), content: sumOf(content), format: picture.Format(content), orientation: uint8(picture.Orientation(content))}
	f.err = t.Decode(ctx, content, &m.decoder, func(d *picture.Decoder) error {
		img, err := d.Decode(content, picture.RGB)
		if err != nil {
			return err
		}
		m.measure(&f, img)
		return f.err
	})
	return f, ctx.Err()
}

// each returns a finding for each file of which what returns a text. Its images are all that have the file.
func (s *set) each(what func(i int, f *facts) string) []Finding {
	var out []Finding
	at := map[int32]int{} // the findings of files
	for i, file := range s.file {
		if int(s.first[file]) == i {
			if detail := what(i, &s.facts[file]); detail != "" {
				at[file] = len(out)
				out = append(out, Finding{Detail: detail})
			}
		}
		if f, found := at[file]; found {
			out[f].add(s.image(i))
		}
	}
	return out
}

// finding returns a finding of images that drops those of the table.
func (s *set) finding(detail string, images ...int) Finding {
	f := Finding{Detail: detail}
	for _, i := range images {
		f.add(s.image(i))
	}
	return f
}

// add adds an image to a finding, and drops it if it is one of the table.
func (f *Finding) add(i Image) {
	if len(f.Images) < mostImages {
		f.Images = append(f.Images, i)
	} else {
		f.More++
	}
	if i.Index >= 0 {
		f.Drop = append(f.Drop, i.Index)
	}
}
