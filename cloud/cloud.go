// Package cloud opens buckets of S3, of Google Cloud Storage and of Azure Blob Storage for the command line.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
	"gocloud.dev/gcerrors"

	"github.com/lince-ml/lince/internal/remote"
)

// Open opens the bucket of an address, such as s3://bucket/folder?region=us-east-1. The parameters are those of gocloud.dev. Credentials are found as by the
// programs of the service.
func Open(ctx context.Context, address *url.URL) (remote.Bucket, error) {
	b, err := blob.OpenBucket(ctx, (&url.URL{Scheme: strings.ToLower(address.Scheme), Host: address.Host, RawQuery: address.RawQuery}).String())
	if err != nil {
		return nil, err
	}
	return bucket{b}, nil
}

type bucket struct{ *blob.Bucket }

func (b bucket) Stat(ctx context.Context, key string) (o remote.Object, ok bool, err error) {
	a, err := b.Attributes(ctx, key)
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return o, false, nil
	case err != nil:
		return o, false, explained(err)
	}
	return remote.Object{Size: a.Size, Modified: a.ModTime, MD5: a.MD5}, true, nil
}

func (b bucket) List(ctx context.Context, prefix string, each func(key string, o remote.Object)) error {
	for it := b.Bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		o, err := it.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return explained(err)
		}
		each(o.Key, remote.Object{Size: o.Size, Modified: o.ModTime, MD5: o.MD5})
	}
}

func (b bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := b.NewReader(ctx, key, nil)
	if err != nil {
		return nil, explained(err)
	}
	return r, nil
}

// explained says what to do about errors that users meet.
func explained(err error) error {
	text := err.Error()
	switch code := gcerrors.Code(err); {
	case code == gcerrors.NotFound:
		return fmt.Errorf("there is no such bucket: %w", err)
	case code == gcerrors.PermissionDenied, strings.Contains(text, "credentials"), strings.Contains(text, "private key"):
		return fmt.Errorf("%w\nthe bucket needs credentials, which are found as by the programs of the service; "+
			"a public bucket is read with ?anonymous=true (s3) or ?access_id=- (gs) at the end of the address", err)
	}
	return err
}
