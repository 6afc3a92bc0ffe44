package cli

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/remote"
)

// TestAddresses reads archives, shards and a model from a server.
func TestAddresses(t *testing.T) {
	dir := workIn(t)
	t.Setenv("LINCE_CACHE", filepath.Join(dir, "cache"))
	put(t, dir, map[string][]byte{"www/set.zip": zipped(t, "", pngs(t, 20)), "www/train-0.tar": shard(t, pngs(t, 6)), "www/train-1.tar": shard(t, pngs(t, 4))})
	server := httptest.NewServer(http.FileServer(http.Dir("www")))
	defer server.Close()
	set := server.URL + "/set.zip?key=secret"
	o := succeed(t, "train", set, "--model", network("two.json"), "--epochs", "1", "--out", "www/run")
	if text := o.stdout + o.stderr; !strings.Contains(text, "/set.zip?... is in "+filepath.Join(dir, "cache")) || strings.Contains(text, "secret") {
		t.Errorf("train says %s", text)
	}
	for _, args := range [][]string{
		{"data", server.URL + "/train-{0..1}.tar"},
		{"evaluate", server.URL + "/run/best.keras", set},
	} {
		succeed(t, args...)
	}
	for address, want := range map[string]string{
		server.URL + "/none.zip":            "the server answers 404 Not Found",
		server.URL + "/train-{0..2}.tar":    "/train-2.tar: the server answers 404",
		server.URL + "/train-{2..1}.tar":    "must be ascending",
		"gs://flowers/set?key=secret":       "gcloud storage rsync -r gs://flowers/set FOLDER",
		"https:///set.zip":                  "is not a valid address",
		server.URL + "/":                    "is a web page, not a file",
		"file://" + filepath.Join(dir, "x"): "no such file or folder",
	} {
		if o := run(t, "data", address); o.code == exitOK || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "secret") {
			t.Errorf("%s: exit code %d, %s", address, o.code, o.stderr)
		}
	}
}

// TestAdditions reads from a bucket, which another program adds to the commands.
func TestAdditions(t *testing.T) {
	t.Setenv("LINCE_CACHE", t.TempDir())
	asked := ""
	var out strings.Builder
	code := Main([]string{"data", "s3://flowers/set?region=us"}, &out, &out, Buckets(func(_ context.Context, u *url.URL) (remote.Bucket, error) {
		asked = u.String()
		return nil, context.DeadlineExceeded
	}))
	if code != exitFailure || asked != "s3://flowers/set?region=us" || !strings.Contains(out.String(), "s3://flowers/set?...: context deadline exceeded") {
		t.Errorf("%d, %q, %s", code, asked, out.String())
	}
}

// TestIndexFolder keeps the indexes of archives beside the copies.
func TestIndexFolder(t *testing.T) {
	t.Setenv("LINCE_CACHE", "caches")
	if got := indexFolder(); got != filepath.Join("caches", "indexes") {
		t.Error(got)
	}
}
