package serve

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/tutorial"
)

// The tests of this file take a time that an environment variable sets. .ci/soak runs them for longer than .ci/run. docs/serving.md has the results.

// tutorialFile writes the tutorial's network for images of 64x64 pixels, with random weights.
func tutorialFile(t *testing.T, path string, seed uint64) {
	t.Helper()
	m, err := lince.Options{Seed: seed}.Sequential(tutorial.Layers(64, 64, 2)...)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"cat", "dog"}
	m.Preprocessing = lince.Preprocessing{preprocess.Resize{Height: 64, Width: 64, Interpolation: picture.Nearest}, preprocess.Rescale{Scale: 1. / 255}}
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
}

// listening starts a server on a port. It returns its address, and a function that stops it.
func listening(t *testing.T, s *Server) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{
		Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: 2 * time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = web.Serve(l) // ends with ErrServerClosed
	}()
	return l.Addr().String(), func() {
		if err := web.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-done
	}
}

// usage is what a process needs.
//
// memory is what the process uses: the memory of Go's runtime without what it has given back or could give back, and mapped files. resident is the size that
// the system reports. It also has the pages around what is used, and varies between 42 and 49 MiB after equal rounds of TestReloads.
type usage struct {
	memory, resident, goroutines, files int
	parts                               string // of memory, for a message
}

// used returns what the process needs after a garbage collection, when no request is answered and no connection is open.
func used(t *testing.T) usage {
	t.Helper()
	for range 3 { // the memory of models is freed by cleanups, which run after a collection
		runtime.GC()
		time.Sleep(50 * time.Millisecond)
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	u := usage{memory: int(m.Sys - m.HeapIdle), goroutines: runtime.NumGoroutine()}
	for line := range strings.Lines(string(status)) {
		field, rest, _ := strings.Cut(line, ":")
		if field != "VmRSS" && field != "RssFile" {
			continue
		}
		kib, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			t.Fatal(err)
		}
		if field == "VmRSS" {
			u.resident = kib << 10
		} else {
			u.memory += kib << 10
			u.parts = fmt.Sprintf("heap %d KiB, stacks %d, spans %d, collector %d, other %d, mapped files %d", m.HeapInuse>>10, m.StackSys>>10, (m.MSpanSys+m.MCacheSys)>>10, m.GCSys>>10, (m.OtherSys+m.BuckHashSys)>>10, kib)
		}
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	u.files = len(files)
	return u
}

// checkGrowth checks that a process needs no more than at first: up to 2 % more memory in the median of several measurements, since single ones vary by 3 %, with how full the pages of the heap are.
func checkGrowth(t *testing.T, first usage, later []usage) {
	t.Helper()
	slices.SortFunc(later, func(a, b usage) int { return cmp.Compare(a.memory, b.memory) })
	if u := later[len(later)/2]; float64(u.memory) > 1.02*float64(first.memory) {
		t.Errorf("the memory grew from %d bytes (%s) to %d bytes (%s) in the median", first.memory, first.parts, u.memory, u.parts)
	}
}

// same logs what a process needs, and checks that no goroutine and no file is left.
func (u usage) same(t *testing.T, first usage) {
	t.Helper()
	t.Logf("memory %.1f MiB, then %.1f MiB (%+.2f%%); resident %.1f MiB, then %.1f MiB; goroutines %d, then %d; open files %d, then %d", float64(first.memory)/(1<<20), float64(u.memory)/(1<<20),
		100*(float64(u.memory)/float64(first.memory)-1), float64(first.resident)/(1<<20), float64(u.resident)/(1<<20), first.goroutines, u.goroutines, first.files, u.files)
	if u.goroutines > first.goroutines {
		t.Errorf("%d goroutines, %d at first", u.goroutines, first.goroutines)
	}
	if u.files > first.files {
		t.Errorf("%d open files, %d at first", u.files, first.files)
	}
}

// traffic sends an image from several clients until stop is called, which returns the times of the requests in order.
func traffic(t *testing.T, address string, clients int, file []byte) (stop func() []time.Duration) {
	var end atomic.Bool
	var group sync.WaitGroup
	took := make([][]time.Duration, clients)
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	client := &http.Client{Transport: transport}
	for i := range clients {
		group.Go(func() {
			for !end.Load() {
				start := time.Now()
				r, err := client.Post("http://"+address+"/", "image/png", bytes.NewReader(file))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(r.Body)
				_ = r.Body.Close()
				if err != nil || r.StatusCode != http.StatusOK {
					t.Errorf("status %d, %v: %s", r.StatusCode, err, body)
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	return func() []time.Duration {
		end.Store(true)
		group.Wait()
		transport.CloseIdleConnections()
		all := slices.Concat(took...)
		slices.Sort(all)
		return all
	}
}

// TestReloads loads new versions of a model LINCE_RELOADS times while clients send images: the last tenth with a pause in between, the others one right after the other. No request may fail,
// and the memory may grow by 2 % from the end of the first tenth.
func TestReloads(t *testing.T) {
	text := os.Getenv("LINCE_RELOADS")
	if text == "" {
		t.Skip("set LINCE_RELOADS to a number")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 10 {
		t.Fatalf("LINCE_RELOADS must be at least 10, got %q", text)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "pets.keras")
	tutorialFile(t, path, 0)
	s, err := New(Options{Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Load("pets", path); err != nil {
		t.Fatal(err)
	}
	address, stop := listening(t, s)
	defer stop()
	var files [2][]byte
	for i := range files {
		other := filepath.Join(dir, fmt.Sprint(i))
		tutorialFile(t, other+".keras", uint64(i))
		if files[i], err = os.ReadFile(other + ".keras"); err != nil {
			t.Fatal(err)
		}
	}
	const clients = 4
	round := func(reloads int, pause time.Duration) {
		end := traffic(t, address, clients, photo(t, 0))
		start := time.Now()
		for i := range reloads {
			if err := os.WriteFile(path+".new", files[i%2], 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pause)
			if err := s.reload(s.registry.find("pets"), true); err != nil {
				t.Fatal(err)
			}
		}
		if reloads == 0 {
			time.Sleep(5 * time.Second)
		}
		took := end()
		t.Logf("%d reloads in %v: %d requests of %d clients, p50 %v, p99 %v", reloads, time.Since(start).Round(time.Millisecond), len(took), clients, took[len(took)/2], took[len(took)*99/100])
	}
	round(0, 0)
	round(n/10, 0)
	first := used(t)
	var later []usage
	for range 8 {
		round(n/10, 0)
		later = append(later, used(t))
		later[len(later)-1].same(t, first)
	}
	checkGrowth(t, first, later)
	round(0, 0)
	round(n/10, 200*time.Millisecond)
	round(0, 0)
}

// TestServeSoak sends good and hostile requests for the time LINCE_SERVE_SOAK, such as 1h. Each good request must get the same answer. No goroutine and no file may be left in the end, and the
// memory may grow by 2 % from the end of the first tenth.
func TestServeSoak(t *testing.T) {
	text := os.Getenv("LINCE_SERVE_SOAK")
	if text == "" {
		t.Skip("set LINCE_SERVE_SOAK to a duration")
	}
	limit, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pets.keras")
	tutorialFile(t, path, 0)
	var log bytes.Buffer
	var lock sync.Mutex
	s, err := New(Options{Poll: -1, Logger: slog.New(slog.NewTextHandler(&locked{&lock, &log}, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Load("pets", path); err != nil {
		t.Fatal(err)
	}
	address, stop := listening(t, s)
	defer stop()
	file := photo(t, 0)
	began, seed := time.Now(), uint64(0)
	var hostiles, good atomic.Int64
	run := func(until time.Duration) {
		end := traffic(t, address, 3, file)
		var group sync.WaitGroup
		for range 4 {
			seed++
			random := rand.New(rand.NewPCG(seed, 0))
			group.Go(func() {
				for time.Since(began) < until && !t.Failed() {
					hostile(address, random, file)
					hostiles.Add(1)
				}
			})
		}
		group.Wait()
		good.Add(int64(len(end())))
		time.Sleep(3 * time.Second) // until the server has closed the connections of slow clients
	}
	run(limit / 10)
	first := used(t)
	var later []usage
	for i := 2; i <= 10 && !t.Failed(); i++ {
		run(limit * time.Duration(i) / 10)
		later = append(later, used(t))
		later[len(later)-1].same(t, first)
	}
	if !t.Failed() {
		checkGrowth(t, first, later)
	}
	t.Logf("%v: %d good and %d hostile requests", limit, good.Load(), hostiles.Load())
	lock.Lock()
	defer lock.Unlock()
	if log.Len() > 0 {
		t.Errorf("errors in the log: %.2000s", log.String())
	}
}

// locked is a writer for several goroutines.
type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// hostile sends something that is no good request.
func hostile(address string, random *rand.Rand, file []byte) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return // a full table of ports; the good requests show whether the server is there
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	send := func(header string, body []byte) {
		_, _ = conn.Write(append([]byte(header), body...)) // the server may have closed the connection
	}
	post := func(path, media string, body []byte, length int) {
		send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, media, length), body)
	}
	answer := func() {
		b := make([]byte, 4096)
		_, _ = conn.Read(b) // any answer is fine
	}
	broken := slices.Clone(file)
	switch random.IntN(10) {
	case 0: // the client goes in the middle of the body
		post("/", "image/png", file[:random.IntN(len(file))], len(file))
	case 1: // a body that is not sent
		post("/", "image/png", nil, 1<<30)
		answer()
	case 2: // damaged bytes
		for range 1 + random.IntN(20) {
			broken[random.IntN(len(broken))] ^= byte(1 + random.IntN(255))
		}
		post("/", "image/png", broken, len(broken))
		answer()
	case 3: // an image that claims 2^31 x 2^31 pixels
		copy(broken[16:], "\x7f\xff\xff\xff\x7f\xff\xff\xff")
		post("/", "image/png", broken, len(broken))
		answer()
	case 4: // noise
		for i := range broken {
			broken[i] = byte(random.Uint32())
		}
		post("/v1/models/pets:classify-image", "image/jpeg", broken, len(broken))
		answer()
	case 5: // JSON that does not fit
		text := []byte(`{"instances": [` + strings.Repeat(`[`, random.IntN(3000)) + `1e999`)
		post("/v1/models/pets:predict", "application/json", text, len(text))
		answer()
	case 6: // a header that does not end; the server closes the connection
		send("POST / HTTP/1.1\r\nHost: x\r\nX-A: ", bytes.Repeat([]byte("a"), random.IntN(200_000)))
		if random.IntN(10) == 0 {
			answer()
		}
	case 7: // no HTTP
		send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", broken[:random.IntN(100)])
		answer()
	case 8: // an answer that the client does not read
		post("/", "image/png", file, len(file))
	case 9: // other paths and methods
		send("DELETE /v2/models/"+strings.Repeat("%41/", random.IntN(1000))+" HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", []byte("abc"))
		answer()
	}
}
