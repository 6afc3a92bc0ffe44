package lince

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// usage is the memory of the process after a garbage collection, in bytes.
type usage struct {
	written  float64 // resident memory, without the pages of the executable
	resident float64
	heap     float64 // live objects of Go's heap
}

// memoryUse measures the process. A page of the executable becomes resident when code on it first runs, so these pages (two thirds of this test's memory) grow for as long
// as rare paths of the code and of the runtime are new to the process. They are the file's, the kernel drops them when it needs memory, and they end at the size of the file.
// They would hide a leak as easily as they look like one, so the test judges the rest.
func memoryUse(t *testing.T) usage {
	t.Helper()
	// Finalizers and weak references need more than one collection.
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	u := usage{heap: float64(stats.HeapAlloc)}
	own := false
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		switch {
		case !strings.HasSuffix(fields[0], ":"): // The first line of a mapping: its addresses, and its file if it has one.
			own = strings.HasSuffix(strings.TrimSpace(line), executable)
		case fields[0] == "Rss:":
			kib, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			u.resident += float64(kib << 10)
			if !own {
				u.written += float64(kib << 10)
			}
		}
	}
	if u.written == 0 || u.written == u.resident {
		t.Fatalf("/proc/self/smaps: %.0f bytes resident, %.0f of them not of %s", u.resident, u.written, executable)
	}
	return u
}

// medianUse returns the medians of the fields.
func medianUse(all []usage) usage {
	of := func(field func(usage) float64) float64 {
		values := make([]float64, len(all))
		for i, u := range all {
			values[i] = field(u)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return usage{
		written:  of(func(u usage) float64 { return u.written }),
		resident: of(func(u usage) float64 { return u.resident }),
		heap:     of(func(u usage) float64 { return u.heap }),
	}
}

// fillCaches lets many goroutines wait at once. Go's runtime keeps up to 128 of its records of waiting goroutines on each processor, and it takes thousands of trainings to
// fill that: it is the one growth of the live heap that a heap profile shows.
func fillCaches() {
	var waiting, done sync.WaitGroup
	gate := make(chan bool)
	for range 256 * runtime.GOMAXPROCS(0) {
		waiting.Add(1)
		done.Go(func() {
			waiting.Done()
			<-gate
		})
	}
	waiting.Wait()
	close(gate)
	done.Wait()
}

// TestSoak trains, saves, opens and predicts with new models for the time LINCE_SOAK, such as 1h, and measures the memory 20 times. The first three measurements are the warm-up:
// the runtime's own caches fill. Between the median of the next three and that of the last three, memory and live heap may grow by 2%, and goroutines and open files not at all.
// .ci/soak runs it.
func TestSoak(t *testing.T) {
	text := os.Getenv("LINCE_SOAK")
	if text == "" {
		t.Skip("set LINCE_SOAK to a duration")
	}
	limit, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	// The heap profile keeps each stack that it ever sampled, which is memory of the measurement.
	defer func(rate int) { runtime.MemProfileRate = rate }(runtime.MemProfileRate)
	runtime.MemProfileRate = 0
	path := filepath.Join(t.TempDir(), "model.keras")
	x, _ := bars(12)
	round := func(seed uint64) {
		m := smallModel(t, seed)
		fit(t, m, barsData(12, 4, 2), FitOptions{Epochs: 2, Validation: barsData(6, 4, 0)})
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		opened, err := on(1).Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opened.PredictBatch(x); err != nil {
			t.Fatal(err)
		}
	}
	fillCaches()
	const windows, warm, few = 20, 3, 3
	var uses []usage
	var goroutines, files int
	began, rounds := time.Now(), 0
	for i := range windows {
		for time.Since(began) < limit*time.Duration(i+1)/windows {
			round(uint64(rounds))
			rounds++
		}
		u := memoryUse(t)
		uses = append(uses, u)
		t.Logf("after %d rounds: %.2f MiB, with the executable's pages %.2f MiB; live heap %.3f MiB", rounds, u.written/(1<<20), u.resident/(1<<20), u.heap/(1<<20))
		if i == warm-1 {
			goroutines, files = runtime.NumGoroutine(), descriptors(t)
		}
	}
	first, last := medianUse(uses[warm:warm+few]), medianUse(uses[windows-few:])
	for _, c := range []struct {
		what string
		of   func(usage) float64
	}{
		{"memory", func(u usage) float64 { return u.written }},
		{"live heap", func(u usage) float64 { return u.heap }},
	} {
		a, b := c.of(first), c.of(last)
		t.Logf("%v, %d rounds: %s %.3f MiB after the warm-up, %.3f MiB at the end (%+.2f%%)", limit, rounds, c.what, a/(1<<20), b/(1<<20), 100*(b/a-1))
		if b > 1.02*a {
			t.Errorf("%s grew from %.0f to %.0f bytes", c.what, a, b)
		}
	}
	t.Logf("with the executable's pages: %.2f MiB, then %.2f; goroutines %d, then %d; open files %d, then %d", first.resident/(1<<20), last.resident/(1<<20),
		goroutines, runtime.NumGoroutine(), files, descriptors(t))
	if is := runtime.NumGoroutine(); is > goroutines {
		t.Errorf("%d goroutines, %d at first", is, goroutines)
	}
	if is := descriptors(t); is > files {
		t.Errorf("%d open files, %d at first", is, files)
	}
}
