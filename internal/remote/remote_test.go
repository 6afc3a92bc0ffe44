package remote

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	pause = 0
	os.Exit(m.Run())
}

// site is a server with one file, and what it was asked.
type site struct {
	content []byte
	etag    string
	asked   []string // "range if-range if-none-match" of each request
	cut     int      // if > 0, the number of bytes after which the first answer ends
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, strings.TrimSpace(fmt.Sprint(r.Header.Get("Range"), " ", r.Header.Get("If-Range"), " ", r.Header.Get("If-None-Match"))))
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if n := s.cut; n > 0 {
		s.cut = 0
		w.Header().Set("Content-Length", fmt.Sprint(len(s.content)))
		_, _ = w.Write(s.content[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

// fetch returns the content of the copy, its name and the notices.
func fetch(t *testing.T, dir, address string) (content, name string, notices []string) {
	t.Helper()
	c := Cache{Dir: dir, Notice: func(text string) { notices = append(notices, text) }}
	file, err := c.Fetch(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), filepath.Base(file), notices
}

// TestWeb downloads a file once, again when it has changed, and from where a connection ended.
func TestWeb(t *testing.T) {
	s := &site{content: bytes.Repeat([]byte("0123456789"), 1000), etag: `"1"`, cut: 4000}
	server := httptest.NewServer(s)
	dir, address := t.TempDir(), server.URL+"/a/my%20set.zip?key=secret"
	for i, step := range []struct {
		prepare func()
		asked   []string
	}{
		{func() {}, []string{"", `bytes=4000- "1"`}},
		{func() {}, []string{`"1"`}},
		{func() { s.content, s.etag = []byte("another"), `"2"` }, []string{`"1"`}},
		{func() { s.etag = "" }, []string{`"2"`}},
		{func() { s.content = []byte("changed without a tag") }, []string{""}},
	} {
		s.asked = nil
		step.prepare()
		content, name, _ := fetch(t, dir, address)
		if content != string(s.content) || name != "my set.zip" {
			t.Errorf("step %d: %s with %d bytes, want %d", i, name, len(content), len(s.content))
		}
		if fmt.Sprint(s.asked) != fmt.Sprint(step.asked) {
			t.Errorf("step %d: requests %q, want %q", i, s.asked, step.asked)
		}
	}
	if _, _, notices := fetch(t, dir, address); len(notices) != 1 || !strings.Contains(notices[0], "does not say whether the file has changed") || strings.Contains(notices[0], "secret") {
		t.Errorf("without a tag: %q", notices)
	}
	server.Close()
	if content, _, notices := fetch(t, dir, address); content != string(s.content) || len(notices) != 1 || !strings.Contains(notices[0], "cannot be reached") {
		t.Errorf("without the server: %q, %q", content, notices)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*", "*", ".*.part")); len(files) > 0 {
		t.Errorf("%q are left", files)
	}
}

// TestWebRefused holds the errors of what is no file.
func TestWebRefused(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><p>Log in") })
	mux.HandleFunc("/private.zip", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.Handle("/away.zip", http.RedirectHandler(plain.URL+"/away.zip", http.StatusFound))
	server := httptest.NewTLSServer(mux)
	defer server.Close()
	old := client.Transport
	client.Transport = server.Client().Transport
	defer func() { client.Transport = old }()
	dir := t.TempDir()
	for path, want := range map[string]string{
		"/page":        "is a web page, not a file",
		"/none.zip":    "the server answers 404 Not Found",
		"/private.zip": "the server answers 403 Forbidden; if the file needs a login",
		"/away.zip":    "is redirected from https to http",
	} {
		address := strings.Replace(server.URL, "https://", "https://user:word@", 1) + path
		if _, err := (&Cache{Dir: dir}).Fetch(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "word") {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if entries, _ := filepath.Glob(filepath.Join(dir, "*", "*")); len(entries) > 0 {
		t.Errorf("%q are left", entries)
	}
	if _, err := (&Cache{Dir: dir}).Fetch(t.Context(), "https:///set.zip"); err == nil {
		t.Error("an address without a host is accepted")
	}
}

// TestWebNames names copies by the address, or as the server does if the address has no extension, and never outside the folder.
func TestWebNames(t *testing.T) {
	given := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/zip")
		if given != "" {
			w.Header().Set("Content-Disposition", given)
		}
		fmt.Fprint(w, "PK")
	}))
	defer server.Close()
	for _, c := range []struct{ path, given, want string }{
		{"/set.zip", `attachment; filename="other.zip"`, "set.zip"},
		{"/download/42", `attachment; filename="set.zip"`, "set.zip"},
		{"/download/43", `attachment; filename="../../set.zip"`, "set.zip"},
		{"/%2e%2e", "", "file" + hashed("")},
		{"/a%00b%2Fc%5Cd.zip", "", "c_d.zip"},
		{"/", "", "_"},
	} {
		given = c.given
		dir := t.TempDir()
		file, err := (&Cache{Dir: dir}).Fetch(t.Context(), server.URL+c.path)
		if err != nil || filepath.Base(file) != c.want || !strings.HasPrefix(file, dir+string(filepath.Separator)) {
			t.Errorf("%s: %s, %v, want %s", c.path, file, err, c.want)
		}
	}
}

// TestWebShards downloads several files to one folder.
func TestWebShards(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-tar")
		fmt.Fprint(w, r.URL.Path)
	}))
	defer server.Close()
	file, err := (&Cache{Dir: t.TempDir()}).Fetch(t.Context(), server.URL+"/a/train-{0..1}.tar", server.URL+"/a/train-0.tar", server.URL+"/a/train-1.tar")
	if err != nil || filepath.Base(file) != "train-{0..1}.tar" {
		t.Fatal(file, err)
	}
	for i := range 2 {
		name := fmt.Sprintf("train-%d.tar", i)
		if raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), name)); string(raw) != "/a/"+name {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
}

// TestCanceled ends a download, and keeps what has arrived.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write(make([]byte, 500))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	dir := t.TempDir()
	c := Cache{Dir: dir, Progress: func(string, int64) (func(int64), func()) {
		return func(n int64) {
			if n == 500 {
				cancel()
			}
		}, func() {}
	}}
	if _, err := c.Fetch(ctx, server.URL+"/set.zip"); err != context.Canceled { //nolint:errorlint // the error itself, without other text
		t.Errorf("%v", err)
	}
	parts, _ := filepath.Glob(filepath.Join(dir, "*", "*", ".*.part"))
	if len(parts) != 1 {
		t.Fatalf("%q are left, want one part", parts)
	}
	if info, err := os.Stat(parts[0]); err != nil || info.Size() != 500 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestBucketsMissing says what to do if the binary has no buckets.
func TestBucketsMissing(t *testing.T) {
	_, err := (&Cache{Dir: t.TempDir()}).Fetch(t.Context(), "s3://flowers/set?region=us-east-1")
	if err == nil || !strings.Contains(err.Error(), BuildWithBuckets) || !strings.Contains(err.Error(), "aws s3 sync s3://flowers/set FOLDER") {
		t.Error(err)
	}
}
