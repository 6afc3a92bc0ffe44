package remote

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/patherr"
)

const (
	attempts = 4                // for a file
	silence  = 60 * time.Second // after which a server has failed
)

// pause is the time before the second attempt. It doubles for each further one.
var pause = time.Second

// record is what is known of a download. It is stored beside the copy.
type record struct {
	URL      string
	File     string // the name of the copy
	ETag     string
	Modified string // Last-Modified
	Size     int64  // -1 if it is not known
}

// validator returns what tells one version of the file from another, "" if the server does not say.
func (r *record) validator() string {
	if strings.HasPrefix(r.ETag, "W/") { // two versions with equal meaning have the same one
		return r.Modified
	}
	return cmp.Or(r.ETag, r.Modified)
}

// unversioned reports whether the server does not tell versions of the file apart.
func (r *record) unversioned() bool { return r.ETag == "" && r.Modified == "" }

// transport does not unpack files: a copy has the bytes that the server has.
var transport = func() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	t.ResponseHeaderTimeout = silence
	return t
}()

var client = http.Client{
	Transport: transport,
	CheckRedirect: func(q *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= 10:
			return errors.New("more than 10 redirects")
		case q.URL.Scheme != "https" && via[0].URL.Scheme == "https":
			return errors.New("is redirected from https to " + q.URL.Scheme)
		}
		return nil
	},
}

// passing is an error after which a further attempt may succeed.
type passing struct{ error }

func (p passing) Unwrap() error { return p.error }

// unreachable is the error of a connection that could not be made.
type unreachable struct{ error }

func (u unreachable) Error() string { return "cannot be reached: " + u.error.Error() }
func (u unreachable) Unwrap() error { return u.error }

// download returns the path of a copy of a file of the web.
func (c *Cache) download(ctx context.Context, address, dir string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("%s: is not a valid address", Redacted(address))
	}
	d := download{cache: c, address: address, dir: dir, name: fileName(path.Base("/" + u.Path))}
	if err := d.read(); err != nil {
		return "", err
	}
	for attempt := 1; ; attempt++ {
		err = d.attempt(ctx)
		if !errors.As(err, new(passing)) || ctx.Err() != nil || attempt == attempts || attempt == 1 && errors.As(err, new(unreachable)) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause << (attempt - 1)):
		}
	}
	switch {
	case err == nil:
		return filepath.Join(dir, d.known.File), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, new(passing)) && d.complete():
		c.notice("%s: %v; the copy in %s is used.", Redacted(address), err, filepath.Join(dir, d.known.File))
		return filepath.Join(dir, d.known.File), nil
	}
	return "", fmt.Errorf("%s: %w", Redacted(address), err)
}

// download is a file that is copied to a folder.
type download struct {
	cache   *Cache
	address string
	dir     string
	name    string // the last part of the address
	known   record
}

func (d *download) recordFile() string { return filepath.Join(d.dir, "."+d.name+".json") }
func (d *download) partFile() string   { return filepath.Join(d.dir, "."+d.name+".part") }

// read reads the record of an earlier download.
func (d *download) read() error {
	raw, err := os.ReadFile(d.recordFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", d.recordFile(), patherr.Bare(err))
	}
	if json.Unmarshal(raw, &d.known) != nil || d.known.File != fileName(d.known.File) {
		d.known = record{} // it is downloaded again
	}
	return nil
}

// complete reports whether there is a whole copy.
func (d *download) complete() bool {
	if d.known.File == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(d.dir, d.known.File))
	return err == nil && info.Mode().IsRegular() && (d.known.Size < 0 || info.Size() == d.known.Size)
}

// attempt asks for the file once, from where an earlier attempt has ended.
func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return err
	}
	q.Header.Set("User-Agent", "lince")
	whole := d.complete()
	var start int64
	if info, err := os.Stat(d.partFile()); err == nil && !whole && d.known.validator() != "" {
		start = info.Size()
	}
	switch {
	case whole:
		for name, value := range map[string]string{"If-None-Match": d.known.ETag, "If-Modified-Since": d.known.Modified} {
			if value != "" {
				q.Header.Set(name, value)
			}
		}
	case start > 0:
		q.Header.Set("Range", fmt.Sprintf("bytes=%d-", start))
		q.Header.Set("If-Range", d.known.validator())
	}
	p, err := client.Do(q)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address may have a password
		}
		return passing{unreachable{err}}
	}
	defer func() { _ = p.Body.Close() }() // it was only read
	switch {
	case p.StatusCode == http.StatusNotModified && whole:
		return nil
	case p.StatusCode == http.StatusRequestedRangeNotSatisfiable && start > 0:
		if err := os.Remove(d.partFile()); err != nil {
			return patherr.Bare(err)
		}
		return passing{errors.New("the server cannot continue an earlier download")}
	case p.StatusCode == http.StatusPartialContent && start > 0 && strings.HasPrefix(p.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", start)):
	case p.StatusCode == http.StatusOK:
		start = 0
		had := d.known
		d.known = d.recordOf(p)
		if whole && d.known.unversioned() && had.unversioned() && d.known.Size == had.Size && d.known.Size >= 0 {
			d.cache.notice("%s: the server does not say whether the file has changed; its size has not, so the copy is used. To download it again, remove %s.",
				Redacted(d.address), filepath.Join(d.dir, had.File))
			d.known = had
			return nil
		}
		if err := d.webPage(p); err != nil {
			d.known = had
			return err
		}
		if err := d.write(); err != nil {
			return err
		}
	default:
		return refused(p)
	}
	return d.body(p, start, cancel)
}

// refused returns the error of an answer without the file.
func refused(p *http.Response) error {
	err := fmt.Errorf("the server answers %d %s", p.StatusCode, http.StatusText(p.StatusCode))
	switch {
	case p.StatusCode == http.StatusUnauthorized || p.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w; if the file needs a login, download it with a browser or write https://USER:PASSWORD@HOST/", err)
	case p.StatusCode == http.StatusTooManyRequests || p.StatusCode >= 500:
		return passing{err}
	}
	return err
}

// webPage returns an error if the answer is a page instead of the file, as for a page with a button for the download, or a form to log in.
func (d *download) webPage(p *http.Response) error {
	kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err == nil && kind == "text/html" {
		return errors.New("is a web page, not a file; give the address of the file itself, which the page's button for the download has, or download it with a browser")
	}
	return nil
}

// recordOf returns the record of an answer. The name of the copy is the last part of the address, or what the server calls the file if that has no extension.
func (d *download) recordOf(p *http.Response) record {
	name := d.name
	if path.Ext(name) == "" {
		if _, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
			name = fileName(path.Base(params["filename"]))
		} else if other := path.Base(p.Request.URL.Path); path.Ext(other) != "" { // after redirects
			name = fileName(other)
		}
	}
	return record{URL: Redacted(d.address), File: name, ETag: p.Header.Get("ETag"), Modified: p.Header.Get("Last-Modified"), Size: p.ContentLength}
}

// write stores the record.
func (d *download) write() error {
	return d.disk(atomicfile.Write(d.recordFile(), func(w io.Writer) error { return json.NewEncoder(w).Encode(d.known) }))
}

// disk says where a file cannot be written.
func (d *download) disk(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the copy in %s cannot be written: %w; LINCE_CACHE names another folder for copies", d.dir, patherr.Bare(err))
}

// body appends the body of the answer to the part that is there, start bytes, and makes it the copy.
func (d *download) body(p *http.Response, start int64, cancel context.CancelCauseFunc) (err error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if start == 0 {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(d.partFile(), flags, 0o666)
	if err != nil {
		return d.disk(err)
	}
	add, end := d.cache.progress(d.known.File, d.known.Size)
	defer end()
	add(start)
	n, err := copyAlive(f, p.Body, add, cancel)
	if closed := f.Close(); err == nil {
		err = closed
	}
	var reading passing
	switch {
	case errors.As(err, &reading):
		return err
	case err != nil:
		return d.disk(err)
	case d.known.Size >= 0 && start+n != d.known.Size:
		return passing{fmt.Errorf("the connection has ended after %d of %d bytes", start+n, d.known.Size)}
	}
	d.known.Size = start + n
	if err := d.write(); err != nil {
		return err
	}
	return d.disk(os.Rename(d.partFile(), filepath.Join(d.dir, d.known.File)))
}

// copyAlive copies until the end, and ends when no byte arrives for a while. An error of the reader is passing.
func copyAlive(w io.Writer, r io.Reader, add func(int64), cancel context.CancelCauseFunc) (total int64, err error) {
	timer := time.AfterFunc(silence, func() { cancel(fmt.Errorf("no byte has arrived for %v", silence)) })
	defer timer.Stop()
	buf := make([]byte, 1<<18)
	for {
		n, err := r.Read(buf)
		timer.Reset(silence)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return total, err
			}
			total += int64(n)
			add(int64(n))
		}
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return total, nil
		case err != nil:
			return total, passing{fmt.Errorf("the connection has ended: %w", err)}
		}
	}
}
