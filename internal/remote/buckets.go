package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/patherr"
)

// together is the number of objects that are read at the same time.
const together = 16

// A Bucket has objects with keys, such as a/b.jpg. The libraries of the services are large, so a program that has them implements it.
type Bucket interface {
	// Stat returns an object. ok is false if there is none.
	Stat(ctx context.Context, key string) (o Object, ok bool, err error)
	// List calls each for all objects whose keys start with prefix.
	List(ctx context.Context, prefix string, each func(key string, o Object)) error
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Close() error
}

// Object is what is known of an object in a bucket. Another version of it has another one.
type Object struct {
	Size     int64
	Modified time.Time
	MD5      []byte // nil if it is not known
}

func (o Object) equal(p Object) bool {
	return o.Size == p.Size && o.Modified.Equal(p.Modified) && string(o.MD5) == string(p.MD5)
}

// objects is a folder with copies of objects.
type objects struct {
	cache  *Cache
	bucket Bucket
	folder string
	prefix string // of the keys
	label  string // of the progress
	record string // the file with what has been copied

	mu     sync.Mutex
	copied map[string]Object // by key, without the prefix: what has been copied
}

// bucket returns the path of a copy of one object, or of all objects of a folder.
func (c *Cache) bucket(ctx context.Context, u *url.URL, dir string) (string, error) {
	b, err := c.Buckets(ctx, u)
	if err != nil {
		return "", err
	}
	defer func() { _ = b.Close() }() // it was only read
	key := strings.Trim(u.Path, "/")
	base := path.Base("/" + u.Host + "/" + key)
	o := objects{cache: c, bucket: b, label: base, record: filepath.Join(dir, ".objects.json"), copied: map[string]Object{}}
	if key != "" {
		one, ok, err := b.Stat(ctx, key)
		switch {
		case err != nil:
			return "", err
		case ok && !usable(base):
			return "", fmt.Errorf("the name %q cannot be that of a file", base)
		case ok:
			o.folder, o.prefix = dir, strings.TrimSuffix(key, base)
			return filepath.Join(dir, base), o.update(ctx, map[string]Object{base: one})
		}
		o.prefix = key + "/"
	}
	o.folder = filepath.Join(dir, fileName(base))
	found, err := o.list(ctx)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", errors.New("the bucket has no such object, and no folder of this name with objects")
	}
	return o.folder, o.update(ctx, found)
}

// list returns the objects of a folder by their names in it.
func (o *objects) list(ctx context.Context) (map[string]Object, error) {
	found := map[string]Object{}
	unusable, example := 0, ""
	err := o.bucket.List(ctx, o.prefix, func(key string, one Object) {
		key = strings.TrimPrefix(key, o.prefix)
		switch {
		case key == "" || strings.HasSuffix(key, "/"): // the mark of an empty folder
		case !usable(key):
			unusable, example = unusable+1, key
		default:
			found[key] = one
		}
	})
	if unusable > 0 {
		o.cache.notice("Objects whose names cannot be those of files are left out: %d, such as %q.", unusable, example)
	}
	return found, err
}

// usable reports whether the name of an object can be that of a file below a folder.
func usable(key string) bool {
	for e := range strings.SplitSeq(key, "/") {
		if e == "" || len(e) > 255 || strings.ContainsRune(e, 0) || runtime.GOOS == "windows" && e != fileName(e) {
			return false
		}
	}
	return filepath.IsLocal(key)
}

// update makes the folder a copy of the objects: it copies those that are missing or have changed, and removes the others.
func (o *objects) update(ctx context.Context, found map[string]Object) (err error) {
	before := map[string]Object{}
	if raw, err := os.ReadFile(o.record); err == nil {
		_ = json.Unmarshal(raw, &before) // without it all are copied
	}
	var missing []string
	var bytes int64
	for key, now := range found {
		info, err := os.Stat(filepath.Join(o.folder, key))
		if had, ok := before[key]; ok && had.equal(now) && err == nil && info.Size() == now.Size {
			o.copied[key] = now
			continue
		}
		missing = append(missing, key)
		bytes += now.Size
	}
	for key := range before {
		if _, ok := found[key]; ok || !usable(key) {
			continue
		}
		if err := os.Remove(filepath.Join(o.folder, key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("a copy of a removed object: %w", err)
		}
	}
	defer func() { // what has arrived is not copied again
		stored := atomicfile.Write(o.record, func(w io.Writer) error { return json.NewEncoder(w).Encode(o.copied) })
		if err == nil {
			err = stored
		}
	}()
	if len(missing) == 0 {
		return nil
	}
	add, end := o.cache.progress(o.label, bytes)
	defer end()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(together)
	for _, key := range missing {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			if err := o.copy(ctx, key, found[key], add); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// copy copies one object.
func (o *objects) copy(ctx context.Context, key string, want Object, add func(int64)) error {
	r, err := o.bucket.Open(ctx, o.prefix+key)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	file := filepath.Join(o.folder, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return patherr.Bare(err)
	}
	part := filepath.Join(filepath.Dir(file), ".part-"+hashed(key))
	f, err := os.Create(part)
	if err != nil {
		return patherr.Bare(err)
	}
	n, err := io.Copy(f, r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil && n != want.Size {
		err = fmt.Errorf("has %d bytes, and had %d when the bucket was listed; try again", n, want.Size)
	}
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		_ = os.Remove(part) // the error says more
		return patherr.Bare(err)
	}
	add(n)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.copied[key] = want
	return nil
}
