package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shelf is a bucket in memory.
type shelf struct {
	objects map[string]string
	fails   string // the key of an object that cannot be read

	mu   sync.Mutex
	read []string
}

func (s *shelf) object(key string) Object {
	return Object{Size: int64(len(s.objects[key])), Modified: time.Unix(1, 0), MD5: []byte(s.objects[key])}
}

func (s *shelf) Stat(_ context.Context, key string) (o Object, ok bool, err error) {
	_, ok = s.objects[key]
	return s.object(key), ok, nil
}

func (s *shelf) List(_ context.Context, prefix string, each func(key string, o Object)) error {
	for key := range s.objects {
		if strings.HasPrefix(key, prefix) {
			each(key, s.object(key))
		}
	}
	return nil
}

func (s *shelf) Open(_ context.Context, key string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == s.fails {
		return nil, errors.New("is broken")
	}
	s.read = append(s.read, key)
	return io.NopCloser(strings.NewReader(s.objects[key])), nil
}

func (s *shelf) Close() error { return nil }

// filesBelow returns the contents of the files in a folder. Those of the cache itself are left out.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".objects") {
			return err
		}
		raw, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestBucketFolder copies all objects of a folder once, those that change again, and removes those that are gone.
func TestBucketFolder(t *testing.T) {
	s := &shelf{objects: map[string]string{"set/": "", "set/cats/1.jpg": "a", "set/cats/2.jpg": "b", "set/dogs/1.jpg": "c", "settings.txt": "no",
		"set/../up.txt": "no", "set/a\x00b": "no", "set//double": "no"}}
	var notices []string
	c := Cache{Dir: t.TempDir(), Notice: func(text string) { notices = append(notices, text) },
		Buckets: func(context.Context, *url.URL) (Bucket, error) { return s, nil }}
	for i, step := range []struct {
		prepare func()
		read    []string
		fails   bool
	}{
		{func() {}, []string{"set/cats/1.jpg", "set/cats/2.jpg", "set/dogs/1.jpg"}, false},
		{func() {}, nil, false},
		{func() { s.objects["set/cats/1.jpg"] = "A"; delete(s.objects, "set/dogs/1.jpg") }, []string{"set/cats/1.jpg"}, false},
		{func() { s.objects["set/new.jpg"], s.objects["set/bad.jpg"], s.fails = "n", "x", "set/bad.jpg" }, nil, true},
		{func() { s.fails = "" }, nil, false},
	} {
		step.prepare()
		s.read, notices = nil, nil
		folder, err := c.Fetch(t.Context(), "s3://flowers/set/")
		if step.fails {
			if err == nil || !strings.Contains(err.Error(), "s3://flowers/set/: bad.jpg: is broken") {
				t.Errorf("step %d: %v", i, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if slices.Sort(s.read); step.read != nil && !slices.Equal(s.read, step.read) {
			t.Errorf("step %d: %q are read, want %q", i, s.read, step.read)
		}
		want := map[string]string{}
		for key, content := range s.objects {
			if name, ok := strings.CutPrefix(key, "set/"); ok && usable(name) {
				want[name] = content
			}
		}
		if got := filesBelow(t, folder); !maps.Equal(got, want) || filepath.Base(folder) != "set" {
			t.Errorf("step %d: %s has %q, want %q", i, folder, got, want)
		}
		if text := fmt.Sprint(notices); !strings.Contains(text, "cannot be those of files are left out: 3") {
			t.Errorf("step %d: %s", i, text)
		}
	}
}

// TestBucketObject copies one object, and a whole bucket.
func TestBucketObject(t *testing.T) {
	s := &shelf{objects: map[string]string{"models/best.keras": "PK", "b.jpg": "b"}}
	c := Cache{Dir: t.TempDir(), Buckets: func(context.Context, *url.URL) (Bucket, error) { return s, nil }}
	file, err := c.Fetch(t.Context(), "gs://flowers/models/best.keras")
	if raw, _ := os.ReadFile(file); err != nil || filepath.Base(file) != "best.keras" || string(raw) != "PK" {
		t.Errorf("%s, %v: %q", file, err, raw)
	}
	folder, err := c.Fetch(t.Context(), "gs://flowers")
	if err != nil || !maps.Equal(filesBelow(t, folder), s.objects) {
		t.Errorf("%s, %v: %q", folder, err, filesBelow(t, folder))
	}
	if _, err := c.Fetch(t.Context(), "gs://flowers/none"); err == nil || !strings.Contains(err.Error(), "has no such object") {
		t.Error(err)
	}
}
