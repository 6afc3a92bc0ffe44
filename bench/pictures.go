package main

import (
	"archive/zip"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/data/picture"
)

// photograph is the path of a file of real photographs, which compare has seen there.
func photograph(name string) string { return filepath.Join(os.Getenv("LINCE_SHARED"), "data", name) }

// What peers/keras_augment.py and peers/jpeg.py take of the photographs, too.
const (
	augmentedPictures = 1500
	decodedPictures   = 300
)

// augmented measures the making of the tutorial's batches of photographs on one core: a
// picture that is decoded, and one whose pixels were kept from an epoch before. Keras keeps
// none.
func augmented([]string, int) (values, error) {
	runtime.GOMAXPROCS(1)
	ctx := context.Background()
	table, err := data.Open(ctx, photograph(photographs), data.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = table.Close() }() // only read
	table, _, err = table.TrainTestSplit(data.SplitOptions{TrainSize: augmentedPictures, RandomState: 42})
	if err != nil {
		return nil, err
	}
	flow, err := data.Images(table, data.ImageOptions{TargetSize: [2]int{128, 128}, BatchSize: 15, Seed: 42, Augment: augment.Tutorial(), Workers: 1, Cache: data.NewCache(1 << 30)})
	if err != nil {
		return nil, err
	}
	v := values{}
	for epoch, name := range []string{"decoded", "kept"} {
		start := time.Now()
		for _, err := range flow.Batches(ctx, epoch, 0) {
			if err != nil {
				return nil, err
			}
		}
		v[name] = time.Since(start).Seconds() * 1e3 / augmentedPictures
	}
	return v, nil
}

// decoding measures a JPEG decoder on one core.
func decoding([]string, int) (values, error) {
	runtime.GOMAXPROCS(1)
	v := values{}
	for name, archive := range map[string]string{"200x200": photographs, "about 400x360": largePhotos} {
		files, err := jpegs(photograph(archive))
		if err != nil {
			return nil, err
		}
		var d picture.Decoder
		ms, err := milliseconds(func() error {
			for _, f := range files {
				if _, err := d.Decode(f, picture.RGB); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		v[name] = ms / float64(len(files))
	}
	return v, nil
}

// jpegs reads the first pictures of an archive, in its order, or of train.zip inside it.
func jpegs(path string) (files [][]byte, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }() // only read
	archive := &z.Reader
	for _, f := range archive.File {
		if f.Name != "train.zip" {
			continue
		}
		inner, err := f.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(inner)
		if err != nil {
			return nil, err
		}
		if archive, err = zip.NewReader(strings.NewReader(string(text)), int64(len(text))); err != nil {
			return nil, err
		}
		break
	}
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, ".jpg") || len(files) == decodedPictures {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files = append(files, text)
	}
	return files, nil
}
