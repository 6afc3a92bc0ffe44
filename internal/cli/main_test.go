package cli

import (
	"archive/zip"
	"bytes"
	bigendian "encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lince-ml/lince/data/demo"
)

var (
	buildDir   string // where the run of trained goes; TestMain removes it
	packageDir string // tests change the working folder
)

// The environment of the processes that tests start.
const (
	asLince   = "LINCE_TEST_AS_LINCE" // the binary of the tests is lince
	withPlots = "LINCE_TEST_PLOTS"    // plots are drawn
)

func TestMain(m *testing.M) {
	testPlot = plotOrEmpty
	if os.Getenv(asLince) != "" {
		os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	debug.SetGCPercent(400) // the tests make much garbage, and keep little
	if err := os.Setenv(asLince, "1"); err != nil {
		panic(err)
	}
	// The environment of the user must not change results.
	for _, name := range []string{"COMP_LINE", "COMP_POINT", "NO_COLOR", "COLORTERM"} {
		_ = os.Unsetenv(name)
	}
	// A shell lets its background jobs ignore SIGINT, and nohup lets its command ignore SIGHUP. A
	// child process ignores what its parent ignores, so the tests that interrupt one would wait
	// forever. Child processes get the default handling of a signal that this process catches.
	for _, s := range endSignals {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	var err error
	if packageDir, err = os.Getwd(); err != nil {
		panic(err)
	}
	if buildDir, err = os.MkdirTemp("", "lince-cli"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDir)
	os.Exit(code)
}

// binary is the path of a lince for tests that need a process: the binary of the tests, see TestMain. That saves building the command, and what its
// processes draw is what plots says.
func binary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// outcome is the exit code and the output of a command.
type outcome struct {
	code   int
	stdout string
	stderr string
}

// run runs a command line.
func run(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(args, &stdout, &stderr)
	if slices.Contains(args, "--json") {
		checkKeys(t, args, stdout.Bytes())
	}
	return outcome{code, stdout.String(), stderr.String()}
}

// jsonKey matches the keys of the JSON that commands print. Keys with other characters are those of scikit-learn's classification_report.
var jsonKey = regexp.MustCompile(`^([a-z0-9_]+|f1-score|(macro|micro|samples|weighted) avg)$`)

// checkKeys checks the keys of all objects in the output of a command with --json. Below byData, the keys are names from the data.
func checkKeys(t *testing.T, args []string, text []byte) {
	t.Helper()
	byData := []string{"environment", "kinds"}
	var visit func(at string, v any)
	visit = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				if !slices.Contains(byData, at) && !jsonKey.MatchString(key) {
					t.Errorf("lince %s: key %q in %s, want one of small letters, digits and _", strings.Join(args, " "), key, at)
				}
				visit(key, inner)
			}
		case []any:
			for _, inner := range v {
				visit(at, inner)
			}
		}
	}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var v any
		if d.Decode(&v) != nil { // the end, or what tests of the command look at
			return
		}
		visit("the result", v)
	}
}

// succeed runs a command line that must succeed.
func succeed(t *testing.T, args ...string) outcome {
	t.Helper()
	o := run(t, args...)
	if o.code != exitOK {
		t.Fatalf("lince %s: exit code %d\n%s", strings.Join(args, " "), o.code, o.stderr)
	}
	return o
}

// long skips a test in short runs. The run with the race detector is short: it makes plots slow, and
// it cannot watch child processes.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short runs")
	}
}

// everything is set by the checks that take longer than go test should: then tests of many combinations take all of them, and otherwise
// some of each kind.
var everything = os.Getenv("LINCE_EVERYTHING") != ""

// slow skips a test unless everything is set.
func slow(t *testing.T) {
	t.Helper()
	if !everything {
		t.Skip("takes long: set LINCE_EVERYTHING to run it")
	}
}

// plots makes the commands of a test draw their plots. In other tests, an empty image takes the place of each plot, unless everything is set: half of the time would be theirs.
func plots(t *testing.T) {
	t.Helper()
	t.Setenv(withPlots, "1")
}

// plotOrEmpty is testPlot.
func plotOrEmpty(draw func(io.Writer) error) func(io.Writer) error {
	if everything || os.Getenv(withPlots) != "" {
		return draw
	}
	return func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 1, 1))) }
}

// workIn makes an empty folder the working folder.
func workIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	return dir
}

// network returns the path of a small network in testdata, written by Keras' to_json().
func network(name string) string { return filepath.Join(packageDir, "testdata", name) }

// pngs returns n small images by file name, half of them cats, half dogs.
func pngs(t *testing.T, n int) map[string][]byte {
	t.Helper()
	set := demo.New(n, 1)
	out := map[string][]byte{}
	for i := range n {
		var b bytes.Buffer
		if err := set.WritePNG(&b, i); err != nil {
			t.Fatal(err)
		}
		out[set.Filename(i)] = b.Bytes()
	}
	return out
}

// jpg returns a small JPEG file.
func jpg(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, demo.New(2, 1).Image(0), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forgedJPEG returns a JPEG file whose header claims 65500x65500 pixels.
func forgedJPEG(t *testing.T) []byte {
	t.Helper()
	b := jpg(t)
	at := bytes.Index(b, []byte{0xff, 0xc0})
	if at < 0 {
		t.Fatal("no frame header")
	}
	bigendian.BigEndian.PutUint16(b[at+5:], 65500)
	bigendian.BigEndian.PutUint16(b[at+7:], 65500)
	return b
}

// put writes files below dir.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// zipped returns an archive of files. prefix is added to their names.
func zipped(t *testing.T, prefix string, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range sorted(files) {
		f, err := w.Create(prefix + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// kaggle returns an archive like Kaggle's, which contains train.zip and test1.zip.
func kaggle(t *testing.T, n int) []byte {
	t.Helper()
	p := pngs(t, n)
	more := pngs(t, n+2) // other images
	test := map[string][]byte{"1.png": more[fmt.Sprintf("cat.%d.png", n/2)], "2.png": more[fmt.Sprintf("dog.%d.png", n/2)]}
	return zipped(t, "", map[string][]byte{
		"train.zip": zipped(t, "train/", p), "test1.zip": zipped(t, "test1/", test), "sampleSubmission.csv": []byte("id,label\n"),
	})
}

func sorted(files map[string][]byte) []string {
	var names []string
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// snapshot lists the files and folders below dir, with the files' contents.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			m[name+"/"] = ""
			return nil
		}
		content, err := os.ReadFile(path)
		m[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sameTree fails if files were added, removed or changed.
func sameTree(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name, content := range before {
		got, ok := after[name]
		if !ok {
			t.Errorf("%s is gone", name)
		} else if got != content {
			t.Errorf("%s was changed", name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s was left behind", name)
		}
	}
}

// trained returns the run folder of a small model of cats and dogs, for commands that need one.
func trained(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(buildDir, "run")
	trainOnce.Do(func() {
		succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "1", "--out", dir, "-q")
	})
	return dir
}

var trainOnce sync.Once

// ended returns the record in the last of the JSON lines of a training.
func ended(t *testing.T, stdout string) record {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	return decode[record](t, lines[len(lines)-1])
}

// decode parses a text that is one JSON document.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if d.More() {
		t.Fatalf("there is more than one JSON document:\n%s", text)
	}
	return v
}

// always reports whether every training writes a file.
func always(f outFile) bool {
	return !slices.Contains([]string{checkpointName, boardName, lrPlot, "unreadable.csv", "profile.txt", "trace.json"}, f.name)
}

// contains fails for each part that is not in a text.
func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s does not have %q:\n%s", what, p, text)
		}
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
