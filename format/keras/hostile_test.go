package keras

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/tensor"
)

// member is a member of a hand-made archive.
type member struct {
	name   string
	data   []byte
	method uint16
	mode   fs.FileMode
}

func makeZip(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: m.method}
		h.SetMode(m.mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func treeBytes(t testing.TB, build func(root *hdf5.Tree)) []byte {
	t.Helper()
	var root hdf5.Tree
	build(&root)
	var b bytes.Buffer
	if _, err := root.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func good(t testing.TB) (config, weights member) {
	w := treeBytes(t, func(root *hdf5.Tree) { root.Group("layers/dense/vars").Dataset("0", tensor.Of([]float32{1, 2}, 2)) })
	return member{name: "config.json", data: []byte(`{"class_name":"Sequential","config":{}}`)}, member{name: "model.weights.h5", data: w}
}

// readError reads an archive and expects an error.
func readError(t *testing.T, name string, b []byte, want string) {
	t.Helper()
	_, err := Read(bytes.NewReader(b), int64(len(b)))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want one with %q", name, err, want)
	}
}

func TestRefused(t *testing.T) {
	config, weights := good(t)
	if f := readBytes(t, makeZip(t, config, weights)); len(f.Weights) != 1 || f.Metadata.KerasVersion != "" {
		t.Errorf("the least file: %+v", f)
	}
	deflated := weights
	deflated.method = zip.Deflate
	if f := readBytes(t, makeZip(t, config, deflated, member{name: "assets/", mode: fs.ModeDir | 0o700}, member{name: "README.md"})); len(f.Weights) != 1 || f.Assets != nil {
		t.Errorf("deflated weights, a folder, an unknown member: %+v", f)
	}

	readError(t, "no zip", []byte("no zip"), "not a .keras archive")
	readError(t, "empty", nil, "not a .keras archive")
	readError(t, "no config", makeZip(t, weights), "no config.json")
	readError(t, "no weights", makeZip(t, config), "no model.weights.h5")
	readError(t, "npz", makeZip(t, config, member{name: "model.weights.npz"}), "npz")
	readError(t, "two configs", makeZip(t, config, config, weights), "two members")
	for _, name := range []string{"../x", "assets/../../x", "/etc/x", "a//b", "./x", `a\..\x`, "c:/x", ""} {
		readError(t, "name "+name, makeZip(t, config, weights, member{name: name}), "relative path")
	}
	readError(t, "symbolic link", makeZip(t, config, weights, member{name: "assets/x", data: []byte("/etc/x"), mode: fs.ModeSymlink | 0o777}), "link")
	readError(t, "config is no JSON", makeZip(t, member{name: "config.json", data: []byte("{")}, weights), "config.json")
	readError(t, "config is no object", makeZip(t, member{name: "config.json", data: []byte("[]")}, weights), "config.json")
	readError(t, "config without class", makeZip(t, member{name: "config.json", data: []byte("{}")}, weights), "class_name")
	readError(t, "metadata is no JSON", makeZip(t, member{name: "metadata.json", data: []byte("x")}, config, weights), "metadata.json: not JSON: byte 1")
	readError(t, "metadata is a list", makeZip(t, member{name: "metadata.json", data: []byte("[]")}, config, weights), "metadata.json: want an object, got []")
	readError(t, "version is a number", makeZip(t, member{name: "metadata.json", data: []byte(`{"keras_version": 3}`)}, config, weights), "keras_version is 3, want a string")
	readError(t, "deep JSON", makeZip(t, member{name: "config.json", data: bytes.Repeat([]byte(`{"config":`), 20_000)}, weights), "config.json")
	readError(t, "weights are no HDF5", makeZip(t, config, member{name: "model.weights.h5", data: []byte("x")}), "not an HDF5 file")

	b := makeZip(t, config, weights)
	for n := range b {
		if _, err := Read(bytes.NewReader(b[:n]), int64(n)); err == nil {
			t.Fatalf("cut to %d bytes of %d: read", n, len(b))
		}
	}
	i := bytes.Index(b, []byte("\x00\x00\x80?\x00\x00\x00@")) // the numbers 1 and 2
	b[i] ^= 1
	readError(t, "a changed number", b, "checksum")
}

func TestRefusedWeights(t *testing.T) {
	config, weights := good(t)
	one := tensor.Scalar(float32(1))
	for name, test := range map[string]struct {
		build func(root *hdf5.Tree)
		want  string
	}{
		"a hole":  {func(r *hdf5.Tree) { g := r.Group("layers/x/vars"); g.Dataset("0", one); g.Dataset("2", one) }, "named 0 to 1"},
		"a name":  {func(r *hdf5.Tree) { r.Group("layers/x/vars").Dataset("kernel", one) }, "kernel"},
		"a group": {func(r *hdf5.Tree) { r.Group("layers/x/vars/0") }, "not a dataset"},
		"a number for a name": {func(r *hdf5.Tree) {
			r.Group("layers/x/vars").Attr("name", hdf5.Numbers(one))
		}, "want a string"},
		"two roots": {func(r *hdf5.Tree) {
			r.Group("layers/x/vars")
			r.Group("_layer_checkpoint_dependencies/x/vars")
		}, "appear twice"},
		"depth": {func(r *hdf5.Tree) { r.Group(strings.Repeat("layers/x/", 60) + "vars") }, "nested more than"},
	} {
		w := weights
		w.data = treeBytes(t, test.build)
		readError(t, name, makeZip(t, config, w), test.want)
	}
	for file, want := range map[string]string{"many-earliest.h5": "second link", "refused.h5": `link", which is not supported`} {
		b, err := os.ReadFile("../hdf5/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		w := weights
		w.data = b
		readError(t, file, makeZip(t, config, w), want)
	}
	for _, name := range []string{strings.Repeat(`a\`, 100) + "b/vars", strings.Repeat(strings.Repeat("a", 1000)+"/", 5) + "vars"} {
		long := weights
		long.data = treeBytes(t, func(r *hdf5.Tree) { r.Group(name).Dataset("0", one) })
		readError(t, "a long path", makeZip(t, config, long), "want at most 4096, and at most 64 parts")
	}
	twice := weights
	twice.data = treeBytes(t, func(r *hdf5.Tree) {
		r.Group("layers/x/vars").Dataset("0", one)
		r.Group("_layer_checkpoint_dependencies/x_3/vars").Dataset("0", one)
	})
	readError(t, "one path of two", makeZip(t, config, twice), `variables of "layers/x" appear twice`)
	legacy := weights
	legacy.data = treeBytes(t, func(r *hdf5.Tree) { r.Group("_layer_checkpoint_dependencies/x/vars").Dataset("0", one) })
	if _, ok := readBytes(t, makeZip(t, config, legacy)).Weights.Find("layers/x"); !ok {
		t.Error("weights of Keras 2.13 are not found")
	}
	windows := weights
	windows.data = treeBytes(t, func(r *hdf5.Tree) {
		r.Group(`_layer_checkpoint_dependencies\conv2d/vars`).Dataset("0", one)
		r.Group(`_layer_checkpoint_dependencies\sequential\_layer_checkpoint_dependencies\dense/vars`).Dataset("0", one)
		r.Group(`layers\vars\vars`).Dataset("0", one)
	})
	found := readBytes(t, makeZip(t, config, windows)).Weights.ByPath()
	for _, path := range []string{"layers/conv2d", "layers/sequential/layers/dense", "layers/vars"} {
		if len(found[path].Vars) != 1 {
			t.Errorf("no weights at %s: a path of Keras 2.14 on Windows", path)
		}
	}
}

// claims is a deflated member whose size is not what it claims.
type claims struct {
	name string
	data []byte
	size uint64
}

// addClaims adds members to a valid archive.
func addClaims(t *testing.T, members []member, all ...claims) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range all {
		var deflated bytes.Buffer
		d, err := flate.NewWriter(&deflated, flate.BestSpeed)
		if err == nil {
			_, err = d.Write(c.data)
		}
		if err = errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: c.name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(c.data),
			CompressedSize64: uint64(deflated.Len()), UncompressedSize64: c.size,
		})
		if err == nil {
			_, err = w.Write(deflated.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBombs reads archives that claim large sizes, and checks the memory.
func TestBombs(t *testing.T) {
	config, weights := good(t)
	check := func(name string, b []byte, want string) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		readError(t, name, b, want)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 300<<20 {
			t.Errorf("%s: %d MiB claimed for an archive of %d KiB", name, grown>>20, len(b)>>10)
		}
	}
	both := []member{config, weights}
	check("config", addClaims(t, both[1:], claims{"config.json", nil, 21 << 20}), "not plausible")
	check("weights", addClaims(t, both[:1], claims{"model.weights.h5", nil, 1 << 62}), "not plausible")
	zeros := make([]byte, 1<<20)
	// Each member alone is within the limit, but all together are not.
	check("assets", addClaims(t, both, claims{"assets/a", zeros, 1 << 20}, claims{"assets/b", nil, 20 << 20}), "too much memory")
	check("more than it claims", addClaims(t, both, claims{"assets/a", zeros, 10}), "assets/a")
	check("less than it claims", addClaims(t, both, claims{"assets/a", zeros[:10], 10 << 20}), "assets/a")

	// A stored member that claims a wrong size in all places.
	b := makeZip(t, config, weights)
	size := binary.LittleEndian.AppendUint32(nil, uint32(len(weights.data)))
	b = bytes.ReplaceAll(b, size, []byte{0, 0, 0, 0x70})
	check("size", b, "")

	many := []member{config, weights}
	for range maxMembers {
		many = append(many, member{name: "x"})
	}
	check("members", makeZip(t, many...), "members in the archive")
}

func FuzzRead(f *testing.F) {
	config, weights := good(f)
	f.Add(makeZip(f, config, weights))
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, name := range []string{"rmsprop.keras", "nested.keras"} {
		f.Add(readTestdata(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		// A file that was read can be written, and is the same when it is read again.
		var first, second bytes.Buffer
		if err := Write(&first, file); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(first.Bytes()), int64(first.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(&second, again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("written again, the file differs")
		}
	})
}
