package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/serve"
)

// The limits of a connection. A client that is slower loses it.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// listen returns the listener, and the URL of the server.
func (c *serveCommand) listen() (net.Listener, string, error) {
	config, err := c.tls()
	if err != nil {
		return nil, "", err
	}
	scheme := "http://"
	if config != nil {
		scheme = "https://"
	}
	network, address := "tcp", c.Listen
	if socket, ok := strings.CutPrefix(c.Listen, "unix:"); ok {
		network, address = "unix", socket
		if err := removeStale(socket); err != nil {
			return nil, "", err
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, "", fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	url := c.Listen
	if network == "tcp" {
		url = scheme + l.Addr().String()
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, url, nil
}

// removeStale removes a Unix socket that a killed server has left.
func removeStale(socket string) error {
	info, err := os.Lstat(socket)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return nil // Listen reports what is wrong
	}
	conn, err := net.Dial("unix", socket)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("--listen unix:%s: another server listens there", socket)
	}
	if err := os.Remove(socket); err != nil {
		return fmt.Errorf("--listen unix:%s: %w", socket, patherr.Bare(err))
	}
	return nil
}

// tls returns the configuration of HTTPS, or nil for HTTP.
func (c *serveCommand) tls() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(string(c.TLSCert), string(c.TLSKey))
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.TLSCert, c.TLSKey, err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	if c.ClientCA != "" {
		pem, err := os.ReadFile(string(c.ClientCA))
		if err != nil {
			return nil, fmt.Errorf("--client-ca %s: %w", c.ClientCA, patherr.Bare(err))
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--client-ca %s: has no certificate in PEM form", c.ClientCA)
		}
	}
	return config, nil
}

// server returns the server of connections.
func (c *serveCommand) server(handler http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: handler, Protocols: protocols, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: bodyTimeout + c.Timeout + bodyTimeout, IdleTimeout: idleTimeout,
	}
}

// answer answers requests with the handler of a server until a signal comes. It then lets the requests that have started end.
func (c *serveCommand) answer(e *env, s *serve.Server, handler http.Handler, log *slog.Logger, l net.Listener) error {
	server := c.server(handler, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("--listen %s: %w", c.Listen, err)
	case <-e.ctx.Done():
	}
	s.Drain()
	log.Info("draining")
	timer := time.NewTimer(c.Drain)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.hard.Done(): // the second signal
	}
	ctx, cancel := context.WithTimeout(e.hard, c.Grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close() // its clients learn it
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("requests did not end in %v (--grace), and were aborted", c.Grace)
		}
		return interruption("while requests were answered; they were aborted")
	}
	log.Info("stopped")
	return nil
}
