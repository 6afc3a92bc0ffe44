// Package remote keeps copies of files of the web and of buckets on the disk.
package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lince-ml/lince/internal/folderlock"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/shell"
)

// A Cache is a folder with copies of remote files.
type Cache struct {
	Dir string
	// Progress starts a display of bytes that arrive. total is 0 if it is not known. It may be nil.
	Progress func(name string, total int64) (add func(bytes int64), end func())
	// Buckets opens the bucket of an address. Without it, addresses of buckets are refused.
	Buckets func(ctx context.Context, address *url.URL) (Bucket, error)
	// Notice tells the user something in one line. It may be nil.
	Notice func(text string)
}

// BuildWithBuckets builds the command with the libraries for buckets, in a copy of the repository.
const BuildWithBuckets = "cd cloud && go build ./cmd/lince"

// scheme is a kind of address.
type scheme struct {
	name   string
	bucket bool
	copied string // the command of another program that copies a folder, with %s for the address
}

var schemes = []scheme{
	{name: "https"},
	{name: "http"},
	{"s3", true, "aws s3 sync %s FOLDER"},
	{"gs", true, "gcloud storage rsync -r %s FOLDER"},
	{"azblob", true, "azcopy copy %s FOLDER --recursive"},
}

// IsURL reports whether a name is the address of something remote, and not of a file.
func IsURL(name string) bool { return schemeOf(name) != nil }

func schemeOf(name string) *scheme {
	before, _, found := strings.Cut(name, "://")
	i := slices.IndexFunc(schemes, func(s scheme) bool { return strings.EqualFold(s.name, before) })
	if !found || i < 0 {
		return nil
	}
	return &schemes[i]
}

// DefaultDir returns the folder for copies: $LINCE_CACHE, or lince in the user's folder for caches.
func DefaultDir() (string, error) {
	if dir := os.Getenv("LINCE_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w; set LINCE_CACHE to a folder for copies of remote files", err)
	}
	return filepath.Join(dir, "lince"), nil
}

// Fetch returns the path of a copy of what is at an address: a file of the web, or an object or all objects of a folder in a bucket. It downloads only what is
// missing or has changed. If name stands for several files of the web, such as shards, their addresses are given, too, and the path is that of
// name in the folder of the copies.
func (c *Cache) Fetch(ctx context.Context, name string, addresses ...string) (string, error) {
	u, err := url.Parse(name)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%s: is not a valid address", Redacted(name))
	}
	if s := schemeOf(name); s.bucket && c.Buckets == nil {
		u.RawQuery = ""
		return "", fmt.Errorf("%s: this binary is built without buckets; build one with: "+BuildWithBuckets+"\nor copy the files: "+s.copied, u.Redacted(), shell.Quote(u.Redacted()))
	}
	dir := filepath.Join(c.Dir, fileName(u.Host), hashed(name))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("the folder for copies of remote files, %s: %w; set LINCE_CACHE to another one", dir, patherr.Bare(err))
	}
	unlock, err := c.lock(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() {
		_ = os.Remove(dir) // if it is empty
		unlock()
	}()
	if schemeOf(name).bucket {
		file, err := c.bucket(ctx, u, dir)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil:
			return "", fmt.Errorf("%s: %w", Redacted(name), err)
		}
		return file, nil
	}
	if len(addresses) == 0 {
		return c.download(ctx, name, dir)
	}
	for _, a := range addresses {
		if _, err := c.download(ctx, a, dir); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, path.Base(u.Path)), nil
}

// lock waits until no other process writes to the folder.
func (c *Cache) lock(ctx context.Context, dir string) (unlock func(), err error) {
	for told := false; ; told = true {
		unlock, free, err := folderlock.Lock(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, patherr.Bare(err))
		}
		if free {
			return unlock, nil
		}
		if !told {
			c.notice("Another process is downloading to %s; waiting for it.", dir)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *Cache) notice(format string, a ...any) {
	if c.Notice != nil {
		c.Notice(fmt.Sprintf(format, a...))
	}
}

func (c *Cache) progress(name string, total int64) (add func(bytes int64), end func()) {
	if c.Progress == nil {
		return func(int64) {}, func() {}
	}
	return c.Progress(name, max(total, 0))
}

// Redacted returns an address without the password and without the values of its query, which may be signatures.
func Redacted(name string) string {
	u, err := url.Parse(name)
	if err != nil {
		before, _, _ := strings.Cut(name, "?")
		return before
	}
	if u.RawQuery != "" {
		u.RawQuery = "..."
	}
	return u.Redacted()
}

// hashed returns a name for an address.
func hashed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:6])
}

var unsafe = regexp.MustCompile(`[\x00-\x1f\x7f<>:"/\\|?*]+`)

// fileName returns a name that is valid on all systems.
func fileName(name string) string {
	name = strings.Trim(unsafe.ReplaceAllString(strings.ToValidUTF8(name, "_"), "_"), " .")
	if len(name) > 200 { // systems allow 255
		name = strings.ToValidUTF8(name[:100], "") + hashed(name) + strings.ToValidUTF8(name[len(name)-60:], "")
	}
	if name == "" || !filepath.IsLocal(name) {
		return "file" + hashed(name)
	}
	return name
}
