package mutate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Runs is a test of a reader with many mutants.
type Runs struct {
	// Seeds are valid files.
	Seeds [][]byte
	// Fuzz is the name of the package's fuzz target that runs the same reader. With LINCE_MUTANTS, the inputs that fuzzing has found on
	// this machine are seeds, too.
	Fuzz string
	// Mutant returns a changed copy of a seed. The default is Bytes.
	Mutant func(*rand.Rand, []byte) []byte
	// Read runs the reader. A panic is a failure.
	Read func(*testing.T, []byte)
	// Memory is how much may be allocated for one input, in bytes. The default is 256 MiB.
	Memory uint64
}

// usual is the number of mutants without LINCE_MUTANTS.
const usual = 300

// Test runs the reader on mutants of the seeds: some hundred, or as many as the environment variable LINCE_MUTANTS says, with a line about
// each million. LINCE_MUTANT=N runs mutant N alone. Then time counts as well: what takes longer than a second three times in a row is a failure.
func (s Runs) Test(t *testing.T) {
	seeds, n, first := s.Seeds, usual, 0
	if s.Mutant == nil {
		s.Mutant = Bytes
	}
	if s.Memory == 0 {
		s.Memory = 256 << 20
	}
	long := os.Getenv("LINCE_MUTANTS")
	if long != "" {
		n = must(strconv.Atoi(long))
		seeds = append(slices.Clone(seeds), corpus(t, s.Fuzz)...)
	}
	if only := os.Getenv("LINCE_MUTANT"); only != "" {
		first = must(strconv.Atoi(only))
		n = first + 1
	}
	if len(seeds) == 0 {
		t.Fatal("there are no seeds")
	}
	var i int
	var b []byte
	defer func() {
		if t.Failed() {
			t.Logf("the last was mutant %d, %s", i, s.keep(t, b))
		}
	}()
	hang := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("mutant %d took more than a minute: %s", i, s.keep(t, b))) })
	defer hang.Stop()
	start, largest, slowest := time.Now(), uint64(0), time.Duration(0)
	for i = first; i < n && !t.Failed(); i++ {
		r := rand.New(rand.NewPCG(uint64(i), 0))
		b = s.Mutant(r, seeds[r.IntN(len(seeds))])
		hang.Reset(time.Minute)
		before, at := allocated(), time.Now()
		if err := s.run(t, b); err != nil {
			t.Fatal(err)
		}
		memory := allocated() - before
		largest = max(largest, memory)
		if memory > s.Memory {
			t.Fatalf("%d MiB were allocated for %d bytes", memory>>20, len(b))
		}
		if long == "" {
			continue
		}
		took := time.Since(at)
		for range 2 { // others may use the machine, too
			if took > time.Second {
				at = time.Now()
				_ = s.run(t, b)
				took = min(took, time.Since(at))
			}
		}
		slowest = max(slowest, took)
		if took > time.Second {
			t.Fatalf("reading takes %v", took)
		}
		if (i+1)%1_000_000 == 0 || i+1 == n {
			t.Logf("%d mutants of %d seeds, %.0f a second; at most %d MiB and %v for one", i+1, len(seeds), float64(i+1-first)/time.Since(start).Seconds(), largest>>20, slowest)
		}
	}
}

func (s Runs) run(t *testing.T, b []byte) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("panic: %v\n%s", x, debug.Stack())
		}
	}()
	s.Read(t, b)
	return nil
}

// keep saves an input that fails and returns the name of the file.
func (s Runs) keep(t *testing.T, b []byte) string {
	path := filepath.Join(os.TempDir(), "mutant-"+strings.ReplaceAll(t.Name(), "/", "-"))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err.Error()
	}
	return path
}

var sample = []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}

// allocated returns the number of bytes that the process has allocated so far.
func allocated() uint64 {
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// corpus returns the first argument of the inputs in Go's cache of a fuzz target, if it is a list of bytes.
func corpus(t *testing.T, target string) [][]byte {
	if target == "" {
		return nil
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := exec.Command("go", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(cache)), "fuzz", strings.TrimSpace(string(pkg)), target, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		if len(lines) < 2 {
			continue
		}
		quoted, ok := strings.CutPrefix(lines[1], "[]byte(")
		if b, err := strconv.Unquote(strings.TrimSuffix(quoted, ")")); ok && err == nil {
			all = append(all, []byte(b))
		}
	}
	return all
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
