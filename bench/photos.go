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

// photo returns the path of an archive of photos. compare has checked that it exists.
func photo(name string) string { return filepath.Join(os.Getenv("LINCE_SHARED"), "data", name) }

// The numbers of images that are measured. peers/keras_augment.py and peers/jpeg.py have the same.
const (
	augmentedImages = 1500
	decodedImages   = 300
)

// augmented measures the time per image of making the tutorial's batches on one core. It measures an
// epoch that decodes the images, and one that uses pixels kept from the epoch before. Keras always
// decodes.
func augmented([]string, int) (values, error) {
	runtime.GOMAXPROCS(1)
	ctx := context.Background()
	table, err := data.Open(ctx, photo(photos), data.OpenOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = table.Close() }() // only read
	table, _, err = table.TrainTestSplit(data.SplitOptions{TrainSize: augmentedImages, RandomState: 42})
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
		v[name] = time.Since(start).Seconds() * 1e3 / augmentedImages
	}
	return v, nil
}

// decoding measures the JPEG decoder on one core.
func decoding([]string, int) (values, error) {
	runtime.GOMAXPROCS(1)
	v := values{}
	for name, archive := range map[string]string{"200x200": photos, "about 400x360": largePhotos} {
		files, err := jpegs(photo(archive))
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

// jpegs reads the first JPEG files of an archive, or of train.zip inside it.
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
		if !strings.HasSuffix(f.Name, ".jpg") || len(files) == decodedImages {
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
