package data

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/lince-ml/lince/data/picture"
)

// embeddedImages are the images in the files of a set, by row. They cannot be read in place, so they are unpacked once, one after the other. A row needs little memory: 12
// bytes, and its name.
type embeddedImages struct {
	source string       // the name of the set
	names  texts        // of the images
	nulls  map[int]bool // the rows without an image
	at     []int64      // of each row, where its image begins in r
	size   []uint32
	r      io.ReaderAt // once all are unpacked

	out    *spoolStream
	given  []uint64 // the hashes of the names
	seed   maphash.Seed
	recent []recentImage // the last images of dictionaries, by their hashes
}

// recentImage is where an image was unpacked to.
type recentImage struct {
	hash uint64
	at   int64
	size uint32
}

func newEmbeddedImages(source string, s *spool) *embeddedImages {
	return &embeddedImages{source: source, nulls: map[int]bool{}, out: &spoolStream{s: s}, seed: maphash.MakeSeed()}
}

func (e *embeddedImages) len() int { return len(e.at) }

// file returns the file of a row.
func (e *embeddedImages) file(row int, name string) file {
	return tarFile{e.r, e.at[row], int64(e.size[row]), e.source, name}
}

// workRatio is how many times the bytes of a file the images of its rows may have, if the rows share images: a dictionary has each image once.
const workRatio = 256

// unpack takes the images of a column.
func (e *embeddedImages) unpack(p *parquetRecords, c parquetColumn, rep *reading) error {
	most := p.most()
	left, work := most, workRatio*p.size+256<<20
	if c.values = p.values(c.leaf); c.path != nil {
		c.paths = p.values(c.path)
	}
	for at := range int(min(p.rows, 1<<30)) {
		row := e.len()
		if err := rep.next(0); err != nil {
			return err
		}
		v, err := c.values.next()
		if err != nil {
			return fmt.Errorf("row %d: the column %q: %w", at, c.name, err)
		}
		given := ""
		if c.paths != nil {
			v, err := c.paths.next()
			if err != nil {
				return fmt.Errorf("row %d: the column %q: %w", at, c.name, err)
			}
			if !v.IsNull() && v.Kind() == parquet.ByteArray {
				given = string(v.ByteArray())
			}
		}
		if v.IsNull() {
			if e.nulls[row] = true; len(given) > maxText {
				given = ""
			}
			if err := e.add(cmp.Or(given, fmt.Sprintf("row-%d", row)), recentImage{}); err != nil {
				return err
			}
			continue
		}
		b := v.ByteArray()
		if work -= int64(len(b)); work < 0 {
			return fmt.Errorf("row %d: the rows have images of more than %d times the bytes of the file", at, workRatio)
		}
		image, known := e.find(b, c.values.repeats)
		if !known {
			if left -= int64(len(b)); left < 0 {
				return fmt.Errorf("row %d: the images unpack to more than %d bytes, far more than the file has", at, most)
			}
			if image.at, err = e.out.add(b); err != nil {
				return err
			}
			e.keep(image, c.values.repeats)
		}
		if err := e.add(embeddedName(given, row, b), image); err != nil {
			return err
		}
	}
	return nil
}

// find returns where an image that may repeat an earlier one was unpacked to, if it is known.
func (e *embeddedImages) find(b []byte, repeats bool) (image recentImage, known bool) {
	image.size = uint32(len(b))
	if !repeats {
		return image, false
	}
	if e.recent == nil {
		e.recent = make([]recentImage, 1<<16)
	}
	image.hash = maphash.Bytes(e.seed, b)
	if r := e.recent[image.hash%uint64(len(e.recent))]; r.hash == image.hash && r.size == image.size && r.size > 0 {
		return r, true
	}
	return image, false
}

// keep notes where an image that may be repeated was unpacked to.
func (e *embeddedImages) keep(image recentImage, repeats bool) {
	if repeats {
		e.recent[image.hash%uint64(len(e.recent))] = image
	}
}

// add adds a row.
func (e *embeddedImages) add(name string, image recentImage) error {
	if !e.names.fits(name) {
		return errors.New("the names of the images have more than 4 GiB")
	}
	e.names.add(name)
	e.given = append(e.given, maphash.String(e.seed, name))
	e.at, e.size = append(e.at, image.at), append(e.size, image.size)
	return nil
}

// finish ends the unpacking. A row with the name of an earlier one gets a name by its number.
func (e *embeddedImages) finish() error {
	var err error
	if e.r, err = e.out.end(); err != nil {
		return err
	}
	e.names.flush()
	slices.Sort(e.given)
	several := map[uint64]bool{} // true once a row has been seen
	for i := 1; i < len(e.given); i++ {
		if e.given[i] == e.given[i-1] {
			several[e.given[i]] = false
		}
	}
	n := e.len()
	for row := 0; row < n && len(several) > 0; row++ {
		hash := maphash.String(e.seed, e.names.at(row))
		seen, twice := several[hash]
		if !twice || e.nulls[row] {
			continue
		}
		if seen {
			head, err := e.file(row, "").head(16)
			if err != nil {
				return err
			}
			name := embeddedName("", row, head)
			if name == e.names.at(row) { // an earlier row has a path of that form
				name = fmt.Sprintf("row-%d-2%s", row, path.Ext(name))
			}
			if !e.names.fits(name) {
				return errors.New("the names of the images have more than 4 GiB")
			}
			e.names.add(name)
			e.names.move(row, n)
			e.names.cut(n)
		}
		several[hash] = true
	}
	e.names.flush()
	e.at, e.size = slices.Clip(e.at), slices.Clip(e.size)
	e.out, e.given, e.recent = nil, nil, nil
	return nil
}

// entries returns the images as those of a listing.
func (e *embeddedImages) entries() []entry {
	var list []entry
	for row := range e.len() {
		if !e.nulls[row] {
			name := e.names.at(row)
			list = append(list, entry{name, e.file(row, name)})
		}
	}
	return list
}

// embeddedName returns the name of an image in a file: the path that the file gives it, or one by its row, from 0.
func embeddedName(given string, row int, content []byte) string {
	if given = path.Clean(slashed(given)); isImage(given) && !strings.ContainsRune(given, 0) && len(given) < 1<<10 && !path.IsAbs(given) && !strings.HasPrefix(given, "..") {
		return given
	}
	name := fmt.Sprintf("row-%d", row)
	switch f := picture.Format(content); f {
	case "":
	case "JPEG":
		name += ".jpg"
	default:
		name += "." + strings.ToLower(f)
	}
	return name
}
