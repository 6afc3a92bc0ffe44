package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// joiner finds the files that a table's file names.
type joiner struct {
	images string
	rep    *reading
	zip    *listing // nil for a folder of images
	disk   bool     // names may also be those of files on disk: the archives of zip are beside the table, perhaps for something else
	folder *listing // the folder, once its names are needed
	by     map[string]int32
	lost   map[string]error // images of zip that cannot be read, by their names with and without leading folders
	broken []BadFile        // archives that cannot be read
	others *spellings       // made when it is needed
	used   map[spelling]*example
	extra  []string // further sentences for notes
	places places

	embedded *embeddedImages // the images that are in the table's file; nil for others
}

// example counts the names that were found by a spelling, and has the first.
type example struct {
	n          int
	name, file string
}

// add counts a name.
func (e *example) add(name, file string) {
	if e.n == 0 {
		e.name, e.file = name, file
	}
	e.n++
}

// newJoiner returns a joiner for the images of a table's file, and a Closer to close after the files have been read.
func newJoiner(name string, o OpenOptions, rep *reading) (j *joiner, closer io.Closer, err error) {
	images := cmp.Or(o.Images, filepath.Dir(name))
	if info, err := os.Stat(name); err == nil && info.IsDir() && o.Images == "" { // a folder of Parquet files
		images = name
	}
	j = &joiner{images: images, disk: o.Images == "", rep: rep, used: map[spelling]*example{}}
	l, err := imagesOf(j.images, o.Images != "", rep)
	if err != nil || l == nil {
		return j, j, err
	}
	j.leaveOut(l.ignored)
	if j.disk && len(l.entries) == 0 { // the archives have no images
		return j, j, l.Close()
	}
	j.zip = l
	j.by = make(map[string]int32, len(j.zip.entries))
	for i, e := range j.zip.entries {
		j.by[e.name] = int32(i) // of several entries with a name, the last one counts
	}
	return j, j, nil
}

// leaveOut notes what a listing has left out: images, and whole archives.
func (j *joiner) leaveOut(ignored []BadFile) {
	j.lost, j.broken = map[string]error{}, nil
	for _, b := range ignored {
		if !isImage(b.Filename) {
			j.broken = append(j.broken, b)
			continue
		}
		for name, more := b.Filename, true; more; _, name, more = strings.Cut(name, "/") { // a table may leave out the folders around it
			j.lost[name] = b.Err
		}
	}
}

// imagesOf lists the images of a source other than a folder of images, for which it returns nil: an archive, a folder of archives, shards, or, if it was chosen for its
// images, Parquet files with images. Archives in a folder that was not chosen may be unreadable.
func imagesOf(name string, chosen bool, rep *reading) (*listing, error) {
	if IsShards(name) {
		folder, names, err := shardsOf(name)
		if err != nil {
			return nil, err
		}
		l := &listing{name: name}
		if err := l.openArchives(folder, names, rep); err != nil {
			l.Close()
			return nil, err
		}
		return l, nil
	}
	k, err := sniff(name)
	if err != nil {
		return nil, err
	}
	switch {
	case k == kindArchive:
		return listArchive(name, rep)
	case k == kindCSV && isParquet(name):
		return listEmbedded(newParquetFile(name), rep)
	case k == kindFolder && !mayHold(name, func(n string) bool { return isArchive(n) || chosen && isParquet(n) }):
		return nil, nil
	case k == kindFolder:
		l, err := listFolder(name, !chosen, rep)
		if err != nil {
			return nil, err
		}
		if len(l.entries) == 0 && len(l.tables) > 0 && chosen {
			l.Close()
			set, err := newParquetFolder(name, l.tables)
			if err != nil {
				return nil, err
			}
			return listEmbedded(set, rep)
		}
		if len(l.closers) > 0 {
			return l, nil
		}
		return nil, nil // images on disk, or none
	}
	return nil, fmt.Errorf("%s: is not a folder, an archive, shards or a Parquet file, so it cannot hold the images of a table", name)
}

// mayHold reports whether a folder, or its first folder, begins with files other than images whose names fit. It reads a few names only.
func mayHold(folder string, fits func(name string) bool) bool {
	f, err := os.Open(folder)
	if err != nil {
		return false
	}
	defer f.Close()
	entries, err := f.ReadDir(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && isImage(e.Name()) }) {
		return false
	}
	for _, e := range entries {
		if e.IsDir() && !isJunk(e.Name()) {
			if mayHold(filepath.Join(folder, e.Name()), fits) {
				return true
			}
			break
		}
	}
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() && fits(e.Name()) })
}

// Close closes what the joiner has opened.
func (j *joiner) Close() error {
	var err error
	for _, l := range []*listing{j.zip, j.folder} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// exact finds a file by its name as it stands. It returns -1 for a file on disk. If the images are in the table's file, the names are theirs, and their rows say which
// is which.
func (j *joiner) exact(name string) (at int32, err error) {
	if j.embedded != nil {
		return -1, nil
	}
	clean := path.Clean(name)
	if j.zip != nil {
		if at, ok := j.by[clean]; ok {
			return at, nil
		}
	}
	if j.zip == nil || j.disk {
		if err := j.onDisk(name); err == nil || j.zip == nil {
			return -1, err
		}
	}
	switch {
	case j.lost[clean] != nil:
		return 0, j.lost[clean]
	case j.disk:
		return 0, fmt.Errorf("the archives in %s have no entry of that name, and there is no such file", j.images)
	}
	return 0, fmt.Errorf("%s has no entry of that name", j.images)
}

// onDisk returns an error if there is no regular file of a name on disk.
func (j *joiner) onDisk(name string) error {
	p := onDisk(j.images, name)
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", p)
	case err != nil:
		return patherr.Bare(err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", p)
	}
	return nil
}

// beginsImage reports whether a file on disk whose extension is not that of an image begins like one, and is not hidden.
func (j *joiner) beginsImage(name string) bool {
	head, err := diskFile(onDisk(j.images, name)).head(imageHeadSize)
	return err == nil && imageFormat(head) != "" && !isJunk(path.Base(name))
}

// load lists the files.
func (j *joiner) load() error {
	if j.others != nil {
		return nil
	}
	l := j.zip
	if l == nil {
		var err error
		if l, err = listFolder(j.images, j.disk, &reading{ctx: j.rep.ctx, indexes: j.rep.indexes}); err != nil { // the progress counts rows
			return err
		}
		j.folder = l
		j.leaveOut(l.ignored)
	}
	j.others = &spellings{entries: l.entries}
	return nil
}

var errNoSpelling = errors.New("no file has this name in another spelling")

// respell finds the only file whose name is another spelling of a name, up to the last one that is allowed. If cut is set, leading folders of the name may be left out, as
// in C:\Users\x\img\cats\1.jpg for cats/1.jpg.
func (j *joiner) respell(name string, cut bool, last spelling) (int32, spelling, error) {
	for s := sameLetters; s <= last; s++ {
		if !s.applies(name) {
			continue
		}
		table := j.others.table(s)
		for k := s.key(name, false); ; {
			at, ok := table[k]
			if ok && at == several && j.leaveOutTwins() {
				return j.respell(name, cut, last)
			}
			if ok && at == several {
				return 0, s, &severalError{j.images, k, s}
			}
			if ok {
				return at, s, nil
			}
			_, rest, more := strings.Cut(k, "/")
			if !cut || !more {
				break
			}
			k = rest
		}
	}
	return 0, 0, errNoSpelling
}

// leaveOutTwins searches folders with the same images, so that a name in both means one file. It reports whether it has found one, and is true only once.
func (j *joiner) leaveOutTwins() bool {
	if j.others.twins != nil {
		return false
	}
	j.others.twins = (&listing{entries: j.others.entries}).twinFolders()
	for _, folder := range sortedKeys(j.others.twins) {
		j.extra = append(j.extra, fmt.Sprintf("The folder %s has the same images as %s, which is used.", folder, j.others.twins[folder]))
	}
	clear(j.others.by[:])
	return len(j.others.twins) > 0
}

// note counts a name that was found by another spelling.
func (j *joiner) note(s spelling, name string, at int32) {
	e := j.used[s]
	if e == nil {
		e = &example{}
		j.used[s] = e
	}
	e.add(name, j.others.entries[at].name)
}

// notes describes the spellings that were used, a sentence each.
func (j *joiner) notes(rows int) []string {
	var list []string
	for s := range endSpellings {
		if e := j.used[s]; e != nil {
			list = append(list, fmt.Sprintf("Found %d of the %d file names %s: %s is %s.", e.n, rows, spellingNames[s], e.name, e.file))
		}
	}
	return append(list, j.extra...)
}

// unnamed counts the images of an archive that no row has. at has the index of the image of each row.
func (j *joiner) unnamed(at []int32) []Passed {
	if j.zip == nil || j.embedded != nil {
		return nil
	}
	named := make([]bool, len(j.zip.entries))
	for _, k := range at {
		if k >= 0 {
			named[k] = true
		}
	}
	var passed tally
	root := len(commonFolder(j.zip.names()))
	for i, e := range j.zip.entries {
		if !named[i] {
			folder := folderOf(e.name)
			folder, _, _ = strings.Cut(folder[min(root, len(folder)):], "/")
			passed.add(passedUnnamed, e.name, folder)
		}
	}
	return passed.list()
}

// brokenHint names the first archive that cannot be read, for an error of a table without images; "" if all can.
func (j *joiner) brokenHint() string {
	if len(j.broken) == 0 {
		return ""
	}
	return fmt.Sprintf("; besides, %d archives in %s cannot be read, the first: %v", len(j.broken), j.images, j.broken[0].Err)
}

// files returns the files that the indexes of exact and respell refer to.
func (j *joiner) files() []file {
	var entries []entry
	switch {
	case j.embedded != nil: // packedRows.embedded has them
	case j.zip != nil:
		entries = j.zip.entries
	case j.others != nil:
		entries = j.others.entries
	}
	list := make([]file, len(entries))
	for i, e := range entries {
		list[i] = e.file
	}
	return slices.Clip(list)
}
