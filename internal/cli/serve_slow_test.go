package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/serve"
)

// servedModel writes a model of images of 8x8 pixels.
func servedModel(t *testing.T, file string) {
	t.Helper()
	m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax})
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"cat", "dog"}
	m.Preprocessing = lince.Preprocessing{preprocess.Resize{Height: 8, Width: 8}, preprocess.Rescale{Scale: 1. / 255}}
	if err := m.Save(file); err != nil {
		t.Fatal(err)
	}
}

// pipes is a listener of connections in memory, whose deadlines are those of synctest's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// dial returns the client's end of a new connection.
func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// TestServeSlowClients connects clients that send nothing, or a byte a second: within the header (slow loris), or within the body. Each loses its connection at the time limit. While they are connected,
// another client is answered. The clock is synctest's.
func TestServeSlowClients(t *testing.T) {
	workIn(t)
	servedModel(t, "pets.keras")
	model, err := lince.Options{Threads: 1}.Open("pets.keras")
	if err != nil {
		t.Fatal(err)
	}
	image := jpg(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := serve.New(serve.Options{Poll: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Add("pets", model); err != nil {
			t.Fatal(err)
		}
		server := (&serveCommand{Timeout: 30 * time.Second}).server(s, slog.New(slog.DiscardHandler))
		l := &pipes{make(chan net.Conn), make(chan struct{})}
		go func() { _ = server.Serve(l) }()
		defer func() { _ = server.Close() }()

		// slow sends the start of a request, and then a byte each second. It sends the time after which the server has ended the connection.
		slow := func(start string) <-chan time.Duration {
			c, ended, began := l.dial(), make(chan time.Duration, 1), time.Now()
			go func() {
				_, _ = io.Copy(io.Discard, c) // until the server ends it
				ended <- time.Since(began)
				_ = c.Close()
			}()
			go func() {
				_, err := io.WriteString(c, start)
				for err == nil && start != "" {
					time.Sleep(time.Second)
					_, err = io.WriteString(c, "a")
				}
			}()
			return ended
		}
		type client struct {
			ended <-chan time.Duration
			limit time.Duration
		}
		clients := map[string]client{}
		for i := range 20 {
			clients[fmt.Sprint("silent ", i)] = client{slow(""), headerTimeout}
			clients[fmt.Sprint("slow header ", i)] = client{slow("POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "), headerTimeout}
			clients[fmt.Sprint("slow body ", i)] = client{slow("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"), bodyTimeout}
		}
		for range 3 { // before, while and after the connections end
			c := l.dial()
			q, err := http.NewRequest(http.MethodPost, "http://x/", bytes.NewReader(image))
			if err == nil {
				err = q.Write(c)
			}
			if err != nil {
				t.Fatal(err)
			}
			a, err := http.ReadResponse(bufio.NewReader(c), q)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, a.Body); err != nil || a.StatusCode != http.StatusOK {
				t.Errorf("another client: status %d, %v", a.StatusCode, err)
			}
			_ = c.Close()
			time.Sleep(bodyTimeout / 2)
		}
		const lingering = time.Second // of net/http, so that the client reads the answer
		for name, c := range clients {
			if took := <-c.ended; took < c.limit || took > c.limit+lingering {
				t.Errorf("%s: the connection ended after %v, want %v", name, took, c.limit)
			}
		}
	})
}
