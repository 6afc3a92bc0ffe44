//go:build unix

package cli

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// served is a running lince serve.
type served struct {
	*process
	url string
}

func startServer(t *testing.T, args ...string) *served {
	t.Helper()
	p := start(t, append([]string{"serve"}, args...)...)
	line, err := p.out.ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait() // the error is in stderr
		t.Fatalf("%v: %s", err, &p.stderr)
	}
	return &served{p, strings.TrimSpace(strings.TrimPrefix(line, "Listening on "))}
}

// end sends SIGTERM and returns the exit code.
func (s *served) end() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	return s.exit()
}

func (s *served) exit() int {
	s.t.Helper()
	err := s.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}

// post sends an image, and returns the labels of the answer.
func post(t *testing.T, c *http.Client, url string, body io.Reader) (int, []string) {
	t.Helper()
	a, err := c.Post(url, "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	var list []struct{ Label string }
	if a.StatusCode == http.StatusOK {
		if err := json.NewDecoder(a.Body).Decode(&list); err != nil {
			t.Fatal(err)
		}
	}
	var labels []string
	for _, l := range list {
		labels = append(labels, l.Label)
	}
	return a.StatusCode, labels
}

// TestServe starts a server, and ends it with SIGTERM while a request runs: the request is answered, and the exit code is 0.
func TestServe(t *testing.T) {
	long(t)
	workIn(t)
	servedModel(t, "pets.keras")
	s := startServer(t, "pets.keras", "--listen", "localhost:0")
	file := jpg(t)
	if code, labels := post(t, http.DefaultClient, s.url+"/v1/models/pets:classify-image", strings.NewReader(string(file))); code != 200 || len(labels) != 2 {
		t.Errorf("status %d, labels %v", code, labels)
	}

	// A request whose body comes slowly.
	body, write := io.Pipe()
	type result struct {
		code   int
		labels []string
	}
	answered := make(chan result, 1)
	go func() {
		code, labels := post(t, http.DefaultClient, s.url, body)
		answered <- result{code, labels}
	}()
	if _, err := write.Write(file[:100]); err != nil {
		t.Fatal(err)
	}
	// The server has the request once its metrics say so. The request for the metrics is the other one.
	for !strings.Contains(get(t, s.url+"/metrics"), "lince_requests_in_flight 2") {
		continue
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // until it no longer listens
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		_ = c.Close()
	}
	if _, err := write.Write(file[100:]); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	if r := <-answered; r.code != 200 || len(r.labels) != 2 {
		t.Errorf("status %d, labels %v", r.code, r.labels)
	}
	if code := s.exit(); code != 0 {
		t.Errorf("exit code %d, want 0: %s", code, &s.stderr)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	a, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestServeSocket serves on a Unix socket that a killed server has left.
func TestServeSocket(t *testing.T) {
	long(t)
	workIn(t)
	servedModel(t, "pets.keras")
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", "s.sock")
	}}}
	first := startServer(t, "pets.keras", "--listen", "unix:s.sock", "--log", "json", "--json")
	contains(t, "stderr", run(t, "serve", "pets.keras", "--listen", "unix:s.sock").stderr, "another server listens there")
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.exit()
	contains(t, "the log", first.stderr.String(), `"msg":"listening","url":"unix:`, `"msg":"model loaded"`, `"duration_ms":`)
	s := startServer(t, "cats=pets.keras", "--listen", "unix:s.sock", "--threads-per-request", "1")
	if code, _ := post(t, client, "http://server/v1/models/cats:classify-image", strings.NewReader(string(jpg(t)))); code != 200 {
		t.Errorf("status %d", code)
	}
	if code := s.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// certificate writes a certificate that is its own authority, and its key.
func certificate(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = name+".pem", name+"-key.pem"
	for file, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestServeTLS checks HTTPS with HTTP/2, certificates of clients, and the token.
func TestServeTLS(t *testing.T) {
	long(t)
	workIn(t)
	servedModel(t, "pets.keras")
	cert, key := certificate(t, "server")
	clientCert, clientKey := certificate(t, "client")
	t.Setenv("LINCE_TOKEN", "secret")
	s := startServer(t, "pets.keras", "--listen", "localhost:0", "--tls-cert", cert, "--tls-key", key, "--client-ca", clientCert)
	pool := x509.NewCertPool()
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(text)
	config := &tls.Config{RootCAs: pool}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	if _, err := client.Get(s.url + "/livez"); err == nil {
		t.Error("a client without a certificate is accepted")
	}
	pair, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}, ForceAttemptHTTP2: true}}
	a, err := client.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusOK || a.ProtoMajor != 2 {
		t.Errorf("status %d with %s, want 200 with HTTP/2", a.StatusCode, a.Proto)
	}
	if code, _ := post(t, client, s.url, strings.NewReader(string(jpg(t)))); code != 401 {
		t.Errorf("status %d without a token, want 401", code)
	}
	client.CloseIdleConnections()
	if code := s.end(); code != 0 {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
}

// TestServeChaos sends what no client should, and checks that another client is answered.
func TestServeChaos(t *testing.T) {
	slow(t)
	workIn(t)
	servedModel(t, "pets.keras")
	s := startServer(t, "pets.keras", "--listen", "localhost:0", "--poll", "10ms")
	address := strings.TrimPrefix(s.url, "http://")
	fine := func(what string) {
		t.Helper()
		if code, _ := post(t, http.DefaultClient, s.url, strings.NewReader(string(jpg(t)))); code != 200 {
			t.Errorf("after %s: status %d", what, code)
		}
	}
	send := func(text string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range 100 { // clients that are killed in the middle of a body
		_ = send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc").Close()
	}
	fine("killed clients")
	var slow []net.Conn
	for range 100 { // slow loris, and half-open connections
		slow = append(slow, send("POST / HTTP/1.1\r\nHost: x\r\n"), send(""), send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"))
	}
	fine("slow clients")
	for _, text := range []string{"\x00\x01\x02\x16\x03", "GET / HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"} {
		c := send(text)
		_, _ = io.ReadAll(c) // the server closes it
		_ = c.Close()
	}
	fine("garbage")
	for _, body := range [][]byte{forgedJPEG(t), jpg(t)[:200], make([]byte, 33<<20)} {
		if code, _ := post(t, http.DefaultClient, s.url, strings.NewReader(string(body))); code != 413 && code != 422 {
			t.Errorf("status %d for a bad image", code)
		}
	}
	fine("bad images")
	for _, broken := range []string{"garbage", ""} {
		if err := os.WriteFile("pets.keras", []byte(broken), 0o666); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(get(t, s.url+"/metrics"), fmt.Sprintf("lince_reloads_total{model=%q,result=\"failed\"} %d", "pets", map[string]int{"garbage": 1, "": 2}[broken])) {
			continue
		}
		fine("a bad model file")
	}
	if err := os.Remove("pets.keras"); err != nil {
		t.Fatal(err)
	}
	fine("a deleted model file")
	servedModel(t, "new.keras")
	if err := os.Rename("new.keras", "pets.keras"); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(get(t, s.url+"/metrics"), `lince_model_info{model="pets",version="2"} 1`) {
		continue
	}
	fine("a new model file")
	for _, c := range slow {
		_ = c.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if code := s.end(); code != 0 {
		t.Errorf("exit code %d: %s", code, &s.stderr)
	}
}

// TestServeMistakes checks the errors of the command line.
func TestServeMistakes(t *testing.T) {
	workIn(t)
	servedModel(t, "pets.keras")
	for _, c := range []struct {
		code int
		text string
		args []string
	}{
		{2, "--batch must be at most 128", []string{"pets.keras", "--batch", "200"}},
		{2, "--tls-cert and --tls-key belong together", []string{"pets.keras", "--tls-cert", "x"}},
		{2, "--client-ca needs", []string{"pets.keras", "--client-ca", "x"}},
		{2, "two models have the name pets", []string{"pets.keras", "a/pets.keras"}},
		{2, "--timeout must not be negative", []string{"pets.keras", "--timeout=-1s"}},
		{2, "--max-body must be from 1 KiB to 4 GiB, such as 32MiB, got 98 GiB", []string{"pets.keras", "--max-body", "100000MiB"}},
		{2, "--max-body must be from 1 KiB to 4 GiB, such as 32MiB, got 32 B", []string{"pets.keras", "--max-body", "32"}},
		{2, "--max-body: must be an amount of memory such as 512MB", []string{"pets.keras", "--max-body", "32Mi"}},
		{2, "--max-pixels must be at most 2147 (in millions)", []string{"pets.keras", "--max-pixels", "18446744073711"}},
		{2, "--poll must be 0 or at least 10ms", []string{"pets.keras", "--poll", "1ns"}},
		{2, "are for one model", []string{"a.keras", "b.keras", "--classes", "a,b"}},
		{2, "origin", []string{"pets.keras", "--origin", "x", "--listen", "localhost:0"}},
		{1, "none.keras: no such file or folder", []string{"none.keras", "--listen", "localhost:0"}},
		{1, "--listen localhost:x", []string{"pets.keras", "--listen", "localhost:x"}},
		{1, "--tls-cert x", []string{"pets.keras", "--tls-cert", "x", "--tls-key", "y"}},
	} {
		o := run(t, append([]string{"serve"}, c.args...)...)
		if o.code != c.code || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%v: exit code %d, want %d with %q: %s", c.args, o.code, c.code, c.text, o.stderr)
		}
	}
}
