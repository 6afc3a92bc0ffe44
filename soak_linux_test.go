package lince

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// resident returns the memory of the process in bytes, after a garbage collection, and that of the live objects in Go's heap.
func resident(t *testing.T) (all int, heap uint64) {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		if rest, ok := strings.CutPrefix(string(line), "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10, stats.HeapAlloc
		}
	}
	t.Fatal("/proc/self/status has no VmRSS")
	return 0, 0
}

// TestSoak trains, saves, opens and predicts with new models for the time LINCE_SOAK, such as 1h. From the end of the first tenth to the end, the memory may grow by 2%,
// and the goroutines and open files not at all. .ci/soak runs it.
func TestSoak(t *testing.T) {
	text := os.Getenv("LINCE_SOAK")
	if text == "" {
		t.Skip("set LINCE_SOAK to a duration")
	}
	limit, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
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
	began, rounds := time.Now(), 0
	run := func(until time.Duration) {
		for time.Since(began) < until {
			round(uint64(rounds))
			rounds++
		}
	}
	run(limit / 10)
	first, firstHeap := resident(t)
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	early := rounds
	for i := 2; i <= 10; i++ {
		run(limit * time.Duration(i) / 10)
		all, heap := resident(t)
		t.Logf("after %d rounds: %.1f MiB, live heap %.2f MiB", rounds, float64(all)/(1<<20), float64(heap)/(1<<20))
	}
	last, lastHeap := resident(t)
	t.Logf("live heap: %d bytes, then %d", firstHeap, lastHeap)
	t.Logf("%v: %d rounds; memory %.1f MiB after %d rounds, %.1f MiB at the end (%+.2f%%); goroutines %d, then %d; open files %d, then %d", limit, rounds,
		float64(first)/(1<<20), early, float64(last)/(1<<20), 100*(float64(last)/float64(first)-1), goroutines, runtime.NumGoroutine(), files, descriptors(t))
	if float64(last) > 1.02*float64(first) {
		t.Errorf("the memory grew from %d to %d bytes", first, last)
	}
	if is := runtime.NumGoroutine(); is > goroutines {
		t.Errorf("%d goroutines, %d at first", is, goroutines)
	}
	if is := descriptors(t); is > files {
		t.Errorf("%d open files, %d at first", is, files)
	}
}
