package keras

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzReadShards changes the map and the one file that it may name.
func FuzzReadShards(f *testing.F) {
	var b bytes.Buffer
	if err := WriteWeights(&b, Weights{{Path: "layers/dense"}, {Path: "layers/dense_1"}}); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"weight_map": {"/layers/dense/vars": ["a.weights.h5"]}}`), b.Bytes())
	f.Fuzz(func(t *testing.T, text, file []byte) {
		_, err := ReadShards(text, func(name string) (io.ReaderAt, int64, error) {
			if bytes.ContainsAny([]byte(name), "/\\") {
				t.Errorf("the file %q is opened", name)
			}
			if len(name) > 20 {
				return nil, 0, errors.New("no such file")
			}
			return bytes.NewReader(file), int64(len(file)), nil
		})
		_ = err
	})
}
