package serve

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/lince-ml/lince"
)

// witness starts a request at a server, and sends half of its body. The function that it returns sends the rest, and checks the answer: what happens in between must not end the
// request of another client.
func witness(t *testing.T, url string) (end func()) {
	t.Helper()
	file := photo(t, 0)
	body, write := io.Pipe()
	answered := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		defer func() { answered <- w }()
		a, err := http.Post(url, "application/octet-stream", body)
		if err != nil {
			w.Code = 0
			fmt.Fprint(w.Body, err)
			return
		}
		defer func() { _ = a.Body.Close() }()
		w.Code = a.StatusCode
		_, _ = io.Copy(w.Body, a.Body) // a part is no valid answer
	}()
	if _, err := write.Write(file[:len(file)/2]); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := write.Write(file[len(file)/2:]); err != nil {
			t.Fatal(err)
		}
		_ = write.Close()
		var got []label
		want(t, <-answered, 200, &got)
		if len(got) != 2 || got[0].Score < got[1].Score {
			t.Errorf("got %v", got)
		}
	}
}

// TestChaosConnections breaks connections in each state, and sends what is no HTTP.
func TestChaosConnections(t *testing.T) {
	s := newServer(t, Options{})
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = nil
	server.Start()
	defer server.Close()
	end := witness(t, server.URL)
	file := photo(t, 0)
	post := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(file))
	var open []net.Conn
	for i := range 20 {
		for _, text := range []string{
			"", "P", post[:30], post, post + string(file[:len(file)/2]), post + string(file), // a killed client
			"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", "\x16\x03\x01\x02\x00\x01", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		} {
			c, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
			switch i % 3 {
			case 0:
				if err := c.(*net.TCPConn).SetLinger(0); err != nil { // the kernel of a killed client sends RST
					t.Fatal(err)
				}
				_ = c.Close()
			case 1:
				_ = c.(*net.TCPConn).CloseWrite() // half open
				open = append(open, c)
			default:
				open = append(open, c) // silent
			}
		}
	}
	want(t, ask(t, s, "POST", "/", file), 200, nil)
	end()
	for _, c := range open {
		_ = c.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	server.Close() // waits for all requests
	if n := s.bodies.used.Load(); n != 0 {
		t.Errorf("%d bytes of bodies are still counted", n)
	}
	if n, _ := s.currentOf("pets").batcher.load(); n != 0 {
		t.Errorf("%d examples are still admitted", n)
	}
}

// TestChaosImages sends corrupted images of each kind, and images whose headers claim sizes that they do not have.
func TestChaosImages(t *testing.T) {
	s := newServer(t, Options{})
	server := httptest.NewServer(s)
	defer server.Close()
	end := witness(t, server.URL)
	m, err := png.Decode(bytes.NewReader(photo(t, 0)))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for name, encode := range map[string]func(w io.Writer) error{
		"png":  func(w io.Writer) error { return png.Encode(w, m) },
		"jpeg": func(w io.Writer) error { return jpeg.Encode(w, m, nil) },
		"gif":  func(w io.Writer) error { return gif.Encode(w, m, nil) },
		"bmp":  func(w io.Writer) error { return bmp.Encode(w, m) },
		"tiff": func(w io.Writer) error { return tiff.Encode(w, m, nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			file := slices.Clone(b.Bytes())
			for range 1 + random.IntN(20) {
				file[random.IntN(len(file))] = byte(random.Uint32())
			}
			file = file[:1+random.IntN(len(file))]
			if w := ask(t, s, "POST", "/", file); w.Code != 200 && w.Code != 413 && w.Code != 422 {
				t.Errorf("%s: status %d: %s", name, w.Code, w.Body)
			}
		}
	}

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, size := range [][2]uint32{{1 << 31, 1}, {65535, 65535}, {1<<31 - 1, 1<<31 - 1}, {1, 1 << 28}, {7000, 7000}} {
		for name, file := range giants(t, size[0], size[1]) {
			w := ask(t, s, "POST", "/", file)
			wantError(t, w, w.Code, "")
			if w.Code != 413 && w.Code != 422 {
				t.Errorf("%s of %v: status %d", name, size, w.Code)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
		t.Errorf("images of a few bytes take %d MiB", used>>20)
	}
	end()
}

// giants returns small files that claim a size.
func giants(t *testing.T, width, height uint32) map[string][]byte {
	t.Helper()
	var b bytes.Buffer
	one := image.NewGray(image.Rect(0, 0, 1, 1))
	if err := png.Encode(&b, one); err != nil {
		t.Fatal(err)
	}
	p := slices.Clone(b.Bytes())
	binary.BigEndian.PutUint32(p[16:], width)
	binary.BigEndian.PutUint32(p[20:], height)
	binary.BigEndian.PutUint32(p[29:], crc32.ChecksumIEEE(p[12:29]))
	b.Reset()
	if err := bmp.Encode(&b, one); err != nil {
		t.Fatal(err)
	}
	m := slices.Clone(b.Bytes())
	binary.LittleEndian.PutUint32(m[18:], width)
	binary.LittleEndian.PutUint32(m[22:], height)
	b.Reset()
	if err := jpeg.Encode(&b, one, nil); err != nil {
		t.Fatal(err)
	}
	j := slices.Clone(b.Bytes())
	frame := bytes.Index(j, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(j[frame+5:], uint16(max(height, 2)))
	binary.BigEndian.PutUint16(j[frame+7:], uint16(max(width, 2)))
	return map[string][]byte{"PNG": p, "BMP": m, "JPEG": j[:frame+20]}
}

// TestChaosModelFile changes the model file while it is read, and its time as a clock that jumps does.
func TestChaosModelFile(t *testing.T) {
	file := save(t, 1, t.TempDir(), "m.keras")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	open := lince.Open
	s := loaded(t, file, Options{Open: func(path string) (*lince.Model, error) { return open(path) }})
	server := httptest.NewServer(s)
	defer server.Close()
	end := witness(t, server.URL)
	for _, left := range []int{0, 1, len(whole) / 4, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(file, whole, 0o666); err != nil {
			t.Fatal(err)
		}
		open = func(path string) (*lince.Model, error) {
			// The truncation comes at any time while the file is read.
			done := make(chan error, 1)
			go func() { done <- os.Truncate(path, int64(left)) }()
			m, err := lince.Open(path)
			if err := <-done; err != nil {
				t.Error(err)
			}
			return m, err
		}
		if err := s.reload(s.registry.find("m"), true); err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
		if got, want := score(t, s), scoreOf(t, 1); got != want {
			t.Errorf("the score is %v, want %v", got, want)
		}
		open = lince.Open
		for range 3 {
			s.poll()
		}
		if got, want := score(t, s), scoreOf(t, 1); got != want {
			t.Errorf("the score is %v, want %v", got, want)
		}
	}
	// A folder with the name of the file.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o777); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.poll()
	}
	if got, want := score(t, s), scoreOf(t, 1); got != want {
		t.Errorf("the score is %v, want %v", got, want)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	// The clock jumps into the past and the future. A version is new if its time differs.
	for i, at := range []time.Time{time.Unix(0, 0), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1e9, 0), time.Unix(1, 0)} {
		seed := uint64(10 + i)
		save(t, seed, file)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		s.poll()
		s.poll()
		if got, want := score(t, s), scoreOf(t, seed); got != want {
			t.Errorf("%v: the score is %v, want %v", at, got, want)
		}
	}
	end()
}
