package lince

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// file is a file in an archive.
type file struct{ name, content string }

func zipOf(t *testing.T, files ...file) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w := must(z.Create(f.name))
		if _, err := io.WriteString(w, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarOf(t *testing.T, files ...file) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.content)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipOf(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// membersOf unpacks a .keras file.
func membersOf(t *testing.T, keras []byte) (list []file) {
	t.Helper()
	z := must(zip.NewReader(bytes.NewReader(keras), int64(len(keras))))
	for _, m := range z.File {
		list = append(list, file{m.Name, string(must(io.ReadAll(must(m.Open()))))})
	}
	return list
}

func inside(folder string, files []file) (list []file) {
	for _, f := range files {
		list = append(list, file{path.Join(folder, f.name), f.content})
	}
	return list
}

// TestUnpackedKeras opens .keras files that were unpacked, and packed again in other ways. Keras opens the folder, too.
func TestUnpackedKeras(t *testing.T) {
	m := smallModel(t, 1)
	members := membersOf(t, bytesOf(t, m))
	mac := file{"__MACOSX/model/._config.json", "\x00\x05\x16\x07"}
	for what, content := range map[string]string{
		"as it was":              zipOf(t, members...),
		"with files of macOS":    zipOf(t, append([]file{mac, {".DS_Store", "x"}}, members...)...),
		"in a folder":            zipOf(t, inside("model", members)...),
		"in a folder, macOS":     zipOf(t, append([]file{{"model/", ""}, {"model/.DS_Store", "x"}, mac}, inside("model", members)...)...),
		"in two folders":         zipOf(t, inside("backup/model.keras", members)...),
		"beside another network": zipOf(t, append(inside("model", members), file{"tokenizer/config.json", "{}"})...),
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "model.keras.zip")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := on(1).Open(path)
			if err != nil {
				t.Fatal(err)
			}
			sameWeights(t, m, got)
			other := smallModel(t, 2)
			if _, err := other.LoadWeights(path, WeightsOptions{}); err != nil {
				t.Fatal(err)
			}
			sameWeights(t, m, other)
		})
	}

	folder := filepath.Join(t.TempDir(), "model.keras")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range members {
		if err := os.WriteFile(filepath.Join(folder, f.name), []byte(f.content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := on(1).Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	sameWeights(t, m, got)
	other := smallModel(t, 2)
	if _, err := other.LoadWeights(folder, WeightsOptions{}); err != nil {
		t.Fatal(err)
	}
	sameWeights(t, m, other)
	if k, err := FileKindOf(folder); err != nil || k.Name != "keras" {
		t.Errorf("the folder is %+v, %v", k, err)
	}
	weights := filepath.Join(folder, "model.weights.h5")
	outside := filepath.Join(t.TempDir(), "elsewhere.h5")
	if err := os.Rename(weights, outside); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"model.weights.h5", "is not a regular file"} { // missing, then a link that leads out of the folder
		if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
		if err := os.Symlink(outside, weights); err != nil && !os.IsExist(err) {
			t.Skip("no symbolic links here:", err)
		}
	}
}

// TestPacked: the error for an archive or a compressed file names the model in it, and the command that unpacks it.
func TestPacked(t *testing.T) {
	members := membersOf(t, bytesOf(t, smallModel(t, 1)))
	h5 := hdf5File(t, "model_config", "model_weights")
	saved := []file{{"flowers/variables/variables.index", "x"}, {"flowers/saved_model.pb", "x"}}
	photos := []file{{"photos/cat.jpg", "x"}, {"__MACOSX/._best.keras", "x"}}
	for _, c := range []struct{ name, content, want string }{
		{"m.zip", zipOf(t, file{"__MACOSX/._best.keras", "x"}, file{"runs/best.keras", "x"}), "use that file:\nunzip FILE runs/best.keras"},
		{"m.zip", zipOf(t, file{"my run/net.onnx", "x"}), "unzip FILE 'my run/net.onnx'"},
		{"m.zip", zipOf(t, saved...), "it has a TensorFlow SavedModel; unpack it:\nunzip FILE\nThen save the model"},
		{"m.zip", zipOf(t, append(saved, file{"flowers/keras_metadata.pb", ""})...), "unzip FILE\nThen convert it with Python (pip install tf_keras):\nimport tf_keras\ntf_keras.models.load_model(\"flowers\")"},
		{"flowers.zip", zipOf(t, file{"saved_model.pb", "x"}), "unzip FILE -d flowers\n"},
		{"m.zip", zipOf(t, photos...), "if this archive contains a model file"},
		{"m.zip", zipOf(t, append(inside("a", members), inside("b", members)...)...), "members of 2 .keras files, in the folders a/, b/"},
		{"flowers.tar", tarOf(t, saved...), "unpack it:\ntar xf FILE\nThen save"},
		{"flowers.tar.gz", gzipOf(t, tarOf(t, saved...)), "unpack it:\ntar xzf FILE\nThen save"},
		{"flowers.tar.gz", gzipOf(t, tarOf(t, file{"./saved_model.pb", "x"})), "mkdir flowers && tar xzf FILE -C flowers\n"},
		{"m.tgz", gzipOf(t, tarOf(t, inside("m", members)...)), "it has a Keras model, which was unpacked to a folder; unpack it, and use the folder m:\ntar xzf FILE"},
		{"m.tgz", gzipOf(t, tarOf(t, file{"m.h5", h5})), "it has the file m.h5; unpack it, and use that file:\ntar xzf FILE m.h5"},
		{"m.h5.gz", gzipOf(t, h5), "it has a Keras model in HDF5; unpack it:\ngzip -dc FILE > STEM"},
		{"m.gz", gzipOf(t, h5), "gzip -dc FILE > STEM.h5"},
		{"m.gz", gzipOf(t, strings.Repeat("text ", 2000)), "unpack it and open the model inside"},
		{"m.gz", gzipOf(t, h5)[:12], "unpack it and open the model inside"},
	} {
		file := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer("FILE", file, "STEM", strings.TrimSuffix(file, ".gz")).Replace(c.want)
		if _, err := Open(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", c.name, err, want)
		}
	}
}

// Names in an archive that go through thousands of folders take no time, and a model beside them is found.
func TestDeepArchive(t *testing.T) {
	var files []file
	for i := range 20 {
		files = append(files, file{strconv.Itoa(i) + "/" + strings.Repeat("a/", 30_000) + "x", ""})
	}
	files = append(files, file{"b/model.h5", ""})
	path := filepath.Join(t.TempDir(), "models.zip")
	if err := os.WriteFile(path, []byte(zipOf(t, files...)), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "it has the file b/model.h5") {
		t.Errorf("%.300v", err)
	}
	if took := time.Since(start); took > 10*time.Second { // tenths of a second, instead of a minute
		t.Errorf("it took %v", took)
	}
}
