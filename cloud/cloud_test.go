package cloud

import (
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/lince-ml/lince/internal/remote"
)

// TestBucket copies a folder and an object of a bucket.
func TestBucket(t *testing.T) {
	b := memblob.OpenBucket(nil)
	for key, text := range map[string]string{"set/cats/1.jpg": "a cat", "set/dogs/1.jpg": "a dog", "settings.txt": ""} {
		if err := b.WriteAll(t.Context(), key, []byte(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	again := bucket{b}
	if o, ok, err := again.Stat(t.Context(), "set/cats/1.jpg"); err != nil || !ok || o.Size != 5 || o.Modified.IsZero() {
		t.Errorf("%v, %v, %v", o, ok, err)
	}
	if _, ok, err := again.Stat(t.Context(), "set"); err != nil || ok {
		t.Errorf("a folder: %v, %v", ok, err)
	}
	if _, err := again.Open(t.Context(), "none"); err == nil {
		t.Error("an object that does not exist can be opened")
	}
	c := remote.Cache{Dir: t.TempDir(), Buckets: func(context.Context, *url.URL) (remote.Bucket, error) { return open{again}, nil }}
	for address, want := range map[string]string{"s3://flowers/set": "dogs/1.jpg", "s3://flowers/set/dogs/1.jpg": ""} {
		path, err := c.Fetch(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if raw, err := os.ReadFile(filepath.Join(path, want)); err != nil || string(raw) != "a dog" {
			t.Errorf("%s: %q, %v", address, raw, err)
		}
	}
}

// open is a bucket that stays open.
type open struct{ remote.Bucket }

func (open) Close() error { return nil }

// TestOpen opens buckets of each service, without a request, and holds the errors of addresses.
func TestOpen(t *testing.T) {
	for address, want := range map[string]string{
		"s3://flowers/set?region=us-east-1&anonymous=true": "",
		"S3://flowers/set?region=us-east-1&anonymous=true": "",
		"gs://flowers/set?access_id=-":                     "",
		"azblob://flowers/set?storage_account=garden":      "",
		"s3://flowers?regio=us-east-1":                     "regio",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		var c io.Closer
		if c, err = Open(t.Context(), u); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}
