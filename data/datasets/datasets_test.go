package datasets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// golden describes an array that keras.datasets read.
type golden struct {
	Type  string
	Shape []int
	CRC   uint32
}

func readGolden(t *testing.T) (g map[string][4]golden) {
	t.Helper()
	b, err := os.ReadFile("testdata/datasets.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// unpack unpacks an archive of testdata and returns the folder.
func unpack(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, h.Name), b)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// copyTo copies files of testdata to a folder, and unpacks the compressed ones if plain is set.
func copyTo(t *testing.T, dir, pattern string, plain bool) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatal(pattern, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		name := filepath.Base(f)
		if err == nil && plain {
			name = strings.Replace(strings.TrimSuffix(name, ".gz"), "-idx", ".idx", 1)
			b, err = gunzip(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), b)
	}
	return dir
}

func (a *Arrays) compare(t *testing.T, name string, want [4]golden) {
	t.Helper()
	for i, x := range []*tensor.Tensor{a.XTrain, a.YTrain, a.XTest, a.YTest} {
		if w := want[i]; x.DType().String() != w.Type || !slices.Equal(x.Shape(), w.Shape) || crc32.ChecksumIEEE(x.Raw()) != w.CRC {
			t.Errorf("%s: array %d is %v with the CRC-32 %d, Keras has %v", name, i, x, crc32.ChecksumIEEE(x.Raw()), w)
		}
	}
}

// The golden values are those of the real keras.datasets, from the same files.
func TestLoadIsKeras(t *testing.T) {
	want := readGolden(t)
	plain := copyTo(t, filepath.Join(t.TempDir(), "raw"), "fashion-mnist/*", true)
	python10, python100 := unpack(t, "cifar-10-python.tar.gz"), unpack(t, "cifar-100-python.tar.gz")
	binary10, binary100 := unpack(t, "cifar-10-binary.tar.gz"), unpack(t, "cifar-100-binary.tar.gz")
	coarse := func(path string) (*Arrays, error) { return LoadCIFAR100(path, Coarse) }
	fine := func(path string) (*Arrays, error) { return LoadCIFAR100(path, Fine) }
	for _, c := range []struct {
		golden  string
		load    func(string) (*Arrays, error)
		paths   []string
		classes int
		first   string // of the classes
	}{
		{"mnist", LoadMNIST, []string{"testdata/mnist.npz"}, 10, "0"},
		{"fashion_mnist", LoadFashionMNIST, []string{"testdata/fashion-mnist", plain, filepath.Dir(plain)}, 10, "T-shirt/top"},
		{"fashion_mnist", LoadMNIST, []string{plain}, 10, "0"},
		{"cifar10", LoadCIFAR10, []string{
			"testdata/cifar-10-python.tar.gz", "testdata/cifar-10-binary.tar.gz", python10, filepath.Join(python10, "cifar-10-batches-py"),
			binary10, filepath.Join(binary10, "cifar-10-batches-bin"),
		}, 10, "airplane"},
		{"cifar100 fine", fine, []string{"testdata/cifar-100-python.tar.gz", "testdata/cifar-100-binary.tar.gz", python100, binary100}, 100, "fine_00"},
		{"cifar100 coarse", coarse, []string{"testdata/cifar-100-python.tar.gz", "testdata/cifar-100-binary.tar.gz", python100, binary100}, 20, "coarse_00"},
		{"mnist", Load, []string{"testdata/mnist.npz"}, 0, ""},
		{"fashion_mnist", Load, []string{plain, "testdata/fashion-mnist"}, 0, ""},
		{"cifar10", Load, []string{"testdata/cifar-10-python.tar.gz", binary10}, 10, "airplane"},
		{"cifar100 fine", Load, []string{"testdata/cifar-100-binary.tar.gz", python100}, 100, "fine_00"},
	} {
		for _, path := range c.paths {
			a, err := c.load(path)
			if err != nil {
				t.Error(err)
				continue
			}
			a.compare(t, path, want[c.golden])
			if len(a.Classes) != c.classes || c.classes > 0 && a.Classes[0] != c.first {
				t.Errorf("%s: the classes are %q", path, a.Classes)
			}
			if !Recognize(path) {
				t.Errorf("%s is not recognized", path)
			}
		}
	}
}

// TestLoadFromKeras checks the places where Keras stores its files.
func TestLoadFromKeras(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("KERAS_HOME", "")
	coarse := func(path string) (*Arrays, error) { return LoadCIFAR100(path, Coarse) }
	for name, load := range map[string]func(string) (*Arrays, error){"MNIST": LoadMNIST, "Fashion-MNIST": LoadFashionMNIST, "CIFAR-10": LoadCIFAR10, "CIFAR-100": coarse} {
		if _, err := load(""); err == nil || !strings.Contains(err.Error(), name+": there is no "+home) || !strings.Contains(err.Error(), "https://") {
			t.Errorf("%s: %v", name, err)
		}
	}
	datasets := filepath.Join(home, ".keras", "datasets")
	copyTo(t, datasets, "mnist.npz", false)
	copyTo(t, filepath.Join(datasets, "fashion-mnist"), "fashion-mnist/*", false)
	for archive, name := range map[string]string{"cifar-10-python.tar.gz": "cifar-10-batches-py-target", "cifar-100-python.tar.gz": "cifar-100-python-target"} {
		if err := os.Rename(unpack(t, archive), filepath.Join(datasets, name)); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		want := readGolden(t)
		for name, load := range map[string]func(string) (*Arrays, error){"mnist": LoadMNIST, "fashion_mnist": LoadFashionMNIST, "cifar10": LoadCIFAR10, "cifar100 coarse": coarse} {
			a, err := load("")
			if err != nil {
				t.Error(err)
				continue
			}
			a.compare(t, name, want[name])
		}
	}
	check()
	t.Setenv("KERAS_HOME", filepath.Join(home, ".keras"))
	t.Setenv("HOME", t.TempDir())
	check()
}

// TestLoadErrors checks that errors name the file and what is wanted.
func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	idx := func(name string, change func(content map[string][]byte)) string {
		folder := copyTo(t, filepath.Join(dir, name), "fashion-mnist/*", true)
		content := map[string][]byte{}
		for _, f := range []string{"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"} {
			b, err := os.ReadFile(filepath.Join(folder, f))
			if err != nil {
				t.Fatal(err)
			}
			content[f] = b
		}
		change(content)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		for f, b := range content {
			write(t, filepath.Join(folder, f), b)
		}
		return folder
	}
	cifar := func(name string, change func(folder string)) string {
		folder := filepath.Join(unpack(t, name), strings.TrimSuffix(name, ".tar.gz"))
		if inner, err := filepath.Glob(filepath.Join(filepath.Dir(folder), "*")); err == nil && len(inner) == 1 {
			folder = inner[0]
		}
		change(folder)
		return folder
	}
	truncated, err := os.ReadFile("testdata/cifar-10-python.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cut.tar.gz"), truncated[:len(truncated)/2])
	write(t, filepath.Join(dir, "text.npz"), []byte("hello"))
	write(t, filepath.Join(dir, "cat.png"), []byte("hello"))
	images := "train-images.idx3-ubyte"
	for _, c := range []struct {
		load  func(string) (*Arrays, error)
		path  string
		wants []string
	}{
		{Load, idx("missing", func(m map[string][]byte) { delete(m, "t10k-labels.idx1-ubyte") }), []string{"has no t10k-labels-idx1-ubyte", "want all files"}},
		{Load, idx("more", func(m map[string][]byte) { m[images][7]++ }), []string{images, "too few"}},
		{Load, idx("huge", func(m map[string][]byte) { copy(m[images][4:], bytes.Repeat([]byte{255}, 12)) }), []string{images, "too few"}},
		{Load, idx("less", func(m map[string][]byte) { m[images] = append(m[images], 0) }), []string{images, "bytes of elements, want"}},
		{Load, idx("floats", func(m map[string][]byte) { m[images][2] = 0xd }), []string{images, "type 0xd"}},
		{Load, idx("dimensions", func(m map[string][]byte) { m[images][3] = 1 }), []string{images, "has 1 dimensions, want 3"}},
		{Load, idx("short", func(m map[string][]byte) { m[images] = m[images][:9] }), []string{images, "truncated"}},
		{Load, idx("text", func(m map[string][]byte) { m[images] = []byte("hello, world") }), []string{images, "is not an IDX file"}},
		{Load, idx("gzip", func(m map[string][]byte) { m[images] = []byte{0x1f, 0x8b, 8, 0} }), []string{images, "truncated"}},
		{LoadMNIST, idx("label", func(m map[string][]byte) { m["train-labels.idx1-ubyte"][8] = 77 }), []string{"y_train", "class index of image 0 is 77, want 0 to 9"}},
		{LoadCIFAR10, idx("other", func(map[string][]byte) {}), []string{"is not CIFAR-10", "cifar-10-python.tar.gz"}},
		{LoadCIFAR10, cifar("cifar-10-binary.tar.gz", func(f string) { write(t, filepath.Join(f, "test_batch.bin"), []byte("abc")) }), []string{"test_batch.bin has 3 bytes, want a multiple of 3073"}},
		{LoadCIFAR10, cifar("cifar-10-python.tar.gz", func(f string) { write(t, filepath.Join(f, "data_batch_3"), []byte("}.")) }), []string{"data_batch_3 has no data"}},
		{LoadCIFAR10, cifar("cifar-10-python.tar.gz", func(f string) { write(t, filepath.Join(f, "data_batch_3"), []byte("cos\nsystem\n.")) }), []string{"data_batch_3", "os.system, which is refused"}},
		{LoadCIFAR10, cifar("cifar-10-python.tar.gz", func(f string) { write(t, filepath.Join(f, "data_batch_3"), []byte("].")) }), []string{"data_batch_3", "want a dict"}},
		{Load, cifar("cifar-100-python.tar.gz", func(f string) { write(t, filepath.Join(f, "meta"), []byte("}.")) }), []string{"meta has no list fine_label_names"}},
		{Load, cifar("cifar-100-binary.tar.gz", func(f string) { write(t, filepath.Join(f, "fine_label_names.txt"), []byte("a ../b")) }), []string{`class name "../b"`}},
		{Load, filepath.Join(dir, "cut.tar.gz"), []string{"cut.tar.gz", "truncated"}},
		{Load, filepath.Join(dir, "text.npz"), []string{"is not a NumPy archive"}},
		{LoadMNIST, filepath.Join(dir, "cat.png"), []string{"is not MNIST", "mnist.npz"}},
		{LoadMNIST, filepath.Join(dir, "none"), []string{"no such file"}},
		{LoadMNIST, dir, []string{"is not MNIST"}},
	} {
		_, err := c.load(c.path)
		if err == nil {
			t.Errorf("%s: no error", c.path)
			continue
		}
		for _, want := range append(c.wants, dir[:1]) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", c.path, err, want)
			}
		}
	}
	if _, err := LoadCIFAR100("", 7); err == nil || !strings.Contains(err.Error(), "label mode 7") {
		t.Error(err)
	}
	if Recognize(dir) || Recognize(filepath.Join(dir, "none")) || Recognize(filepath.Join(dir, "cat.png")) {
		t.Error("files that are not a dataset are recognized")
	}
}

func TestCheckRefusesOtherArrays(t *testing.T) {
	image := tensor.New
	good, labels := image(tensor.Uint8, 2, 3, 3), tensor.New(tensor.Int32, 2)
	for _, c := range []struct {
		x, y *tensor.Tensor
		want string
	}{
		{image(tensor.Float32, 2, 3, 3), labels, "want images: uint8"},
		{image(tensor.Uint8, 2, 3), labels, "want images"},
		{image(tensor.Uint8, 2, 3, 3, 2), labels, "2 channels"},
		{image(tensor.Uint8, 0, 3, 3), tensor.New(tensor.Int32, 0), "no images"},
		{good, tensor.New(tensor.Int32, 3), "want (2,)"},
		{good, tensor.New(tensor.Float32, 2), "want integers"},
		{good, tensor.Of([]int64{0, -1}, 2), "class index of image 1 is -1"},
		{good, tensor.Of([]int64{0, 1 << 40}, 2), "class index of image 1"},
	} {
		a := &Arrays{XTrain: good, YTrain: labels, XTest: c.x, YTest: c.y}
		if err := a.check("a %s.npz"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "a %s.npz: ") || strings.Contains(err.Error(), "%!") {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
	if err := (&Arrays{XTrain: good, YTrain: labels, XTest: image(tensor.Uint8, 2, 1, 1, 1), YTest: tensor.New(tensor.Int8, 2, 1)}).check("a.npz"); err != nil {
		t.Error(err)
	}
}

// TestGunzipBounded reads compressed files in memory of the size that their headers say, if that is plausible.
func TestGunzipBounded(t *testing.T) {
	idx := func(n int, shape ...uint32) []byte {
		b := []byte{0, 0, 8, byte(len(shape))}
		for _, d := range shape {
			b = binary.BigEndian.AppendUint32(b, d)
		}
		return append(b, make([]byte, n)...)
	}
	for _, c := range []struct {
		name    string
		content []byte
		most    uint64 // bytes that may be allocated
		want    string
	}{
		{"as it says", idx(100*784, 100, 28, 28), 1 << 20, ""},
		{"labels", idx(10, 10), 1 << 20, ""},
		{"less than it says", idx(10, 100, 28, 28), 1 << 20, ""}, // npy.Wrap refuses it
		{"more than it says", idx(10<<20, 100, 28, 28), 1 << 20, "has more than the 78416 bytes that its header says"},
		{"far more than is plausible", idx(0, 1<<31, 1<<31, 1<<31), 1 << 20, "claims to have"},
		{"more than is plausible", idx(10<<20, 200_000, 28, 28), 1 << 20, "claims to have 156800016 bytes, which is not plausible"},
		{"another file", make([]byte, 90<<20), 200 << 20, "has more bytes than the limit"}, // 64 MiB, and what doubling to it leaves
		{"short", []byte{0, 0}, 1 << 20, ""},
		{"empty", nil, 1 << 20, ""},
	} {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(c.content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b, err := gunzip(packed.Bytes())
		runtime.ReadMemStats(&after)
		if c.want == "" && (err != nil || !bytes.Equal(b, c.content)) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %d bytes, %v, want %q", c.name, len(b), err, c.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > c.most {
			t.Errorf("%s: %d bytes were allocated for %d", c.name, n, packed.Len())
		}
	}
}

func FuzzReadIDX(f *testing.F) {
	files, err := filepath.Glob("testdata/fashion-mnist/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := readFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, dims := range []int{1, 3} {
			if x, err := readIDX(b, dims); err == nil && x.Len() > len(b) {
				t.Errorf("%v from %d bytes", x, len(b))
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	for _, name := range []string{"cifar-10-python.tar.gz", "cifar-100-binary.tar.gz", "cifar-100-python.tar.gz"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if b, err = gunzip(b); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "a.tar.gz")
		write(t, path, b)
		_, _ = Load(path)
	})
}
