package lince_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// hostile is an entry of testdata/hostile/models.json.
type hostile struct {
	Name, Rule string
	Weights    bool              // the file has weights alone
	Error      string            // a regular expression; without it, the file may also open
	Links      map[string]string // symbolic links beside the file
}

// TestHostileModels opens the files of internal/golden/hostile_models.py, each in a process, which also loads it as weights. Each must
// give an error that says what is wrong with it, within the bounds of memory for its size, without a character that controls a
// terminal, and without opening or making another file.
func TestHostileModels(t *testing.T) {
	var list []hostile
	readJSON(t, &list, "testdata", "hostile", "models.json")
	if len(list) < 200 {
		t.Fatalf("%d files", len(list))
	}
	outside := t.TempDir()
	folder := filepath.Join(outside, "models")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	unzip(t, filepath.Join("testdata", "hostile", "models.zip"), folder)
	// A reader that leaves the folder finds the bytes of four numbers here.
	const secret = "four secret nums"
	if err := os.WriteFile(filepath.Join(outside, "hostname"), []byte(secret), 0o666); err != nil {
		t.Fatal(err)
	}
	open, base := openHostile, int64(0)
	if !raceDetector { // it makes a process slow and large
		open = inProcess
		base = inProcess(t, "").Peak
	}
	t.Run("files", func(t *testing.T) { // ends when its parallel tests have ended
		for _, h := range list {
			t.Run(h.Name, func(t *testing.T) {
				for name, target := range h.Links {
					if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
						t.Skip(err)
					}
				}
				t.Parallel()
				path := filepath.Join(folder, h.Name)
				got := open(t, path)
				checkHostile(t, h, path, got, secret)
				checkPeak(t, path, got.Peak, base)
			})
		}
	})
	for _, name := range []string{filepath.Join(folder, "owned"), filepath.Join(outside, "owned"), "owned"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// checkPeak checks the peak memory of a process that opened a file; base is that of a process that opened none, 0 if it is not known.
func checkPeak(t *testing.T, path string, peak, base int64) {
	t.Helper()
	if base == 0 {
		t.Log("the memory is not measured")
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if most := base + 16*info.Size() + 64<<20; peak > most {
		t.Errorf("the process takes %d MiB for a file of %d bytes, want at most %d MiB", peak>>20, info.Size(), most>>20)
	}
}

func checkHostile(t *testing.T, h hostile, path string, got hostileReport, secret string) {
	t.Helper()
	if got.Refusal != "" && !h.Weights {
		t.Skip(got.Refusal)
	}
	opened := got.Model == ""
	if h.Weights {
		opened = got.Weights == ""
	}
	if opened && h.Error != "" {
		t.Errorf("opened, although %s; want an error that matches %q", h.Rule, h.Error)
	}
	want := regexp.MustCompile(h.Error)
	for i, text := range []string{got.Model, got.Weights} {
		text = strings.ReplaceAll(text, path, "") // it may match by chance
		if text != "" && (i == 1) == h.Weights && !want.MatchString(text) {
			t.Errorf("%s: the error is %s; want one that matches %q", h.Rule, text, h.Error)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("the error controls the terminal: %q", text[i:])
		}
		if len(text) > 10_000 {
			t.Errorf("the error has %d bytes: %s", len(text), text[:1000])
		}
		if strings.Contains(text, secret) {
			t.Errorf("the error has what another file contains: %s", text)
		}
	}
}

// hostileReport is what a process did with a file.
type hostileReport struct {
	Refusal string // why Open does not read files of its kind
	Model   string // the error of Open
	Weights string // the error of LoadWeights
	Peak    int64  // the most memory that the process took; 0 if the system does not say
}

// hostileFile is the environment variable with the path of the file that TestHostileProcess opens.
const hostileFile = "LINCE_TEST_HOSTILE_FILE"

// inProcess opens a file in a process. If the path is "", the process opens nothing.
func inProcess(t *testing.T, path string) (r hostileReport) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // for a reader that hangs
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestHostileProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), hostileFile+"="+path)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%.5000s%.5000s", err, &stdout, &stderr)
	}
	line, _, _ := strings.Cut(stdout.String(), "\n")
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%v\n%.5000s%.5000s", err, &stdout, &stderr)
	}
	return r
}

// TestHostileProcess is the process of inProcess.
func TestHostileProcess(t *testing.T) {
	path, ok := os.LookupEnv(hostileFile)
	if !ok {
		t.Skip("TestHostileModels runs it")
	}
	r := hostileReport{Peak: peakMemory(t)}
	if path != "" {
		r = openHostile(t, path)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		t.Fatal(err)
	}
}

func openHostile(t *testing.T, path string) (r hostileReport) {
	t.Helper()
	kind, err := lince.FileKindOf(path)
	if err == nil && !kind.Opens && !slices.Contains([]string{"hdf5", "zip"}, kind.Name) { // damaged files of kinds that open
		r.Refusal = kind.Refusal
	}
	m, err := lince.Open(path)
	if err != nil {
		r.Model = err.Error()
	} else if err := m.Summary(io.Discard, lince.SummaryOptions{}); err != nil {
		t.Error(err)
	}
	r.Peak = peakMemory(t)
	if m != nil {
		if err := m.Save(filepath.Join(t.TempDir(), "again.keras")); err != nil {
			t.Log(err)
		}
	}
	m = nil
	forgetPeak()
	small, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.LoadWeights(path, lince.WeightsOptions{}); err != nil {
		r.Weights = err.Error()
	}
	r.Peak = max(r.Peak, peakMemory(t))
	return r
}

// forgetPeak makes peakMemory begin again, on systems that can.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // another peak counts too
}

// peakMemory returns the most memory that this process took so far, 0 if the system does not say. The resource usage of a process has
// that of the process that started it, so it cannot be used here.
func peakMemory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no peak in\n%s", status)
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
