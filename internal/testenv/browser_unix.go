//go:build unix

package testenv

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Browser is a tab of a headless Chromium, driven by the Chrome DevTools Protocol through a pipe.
type Browser struct {
	t       testing.TB
	to      io.Writer
	from    *bufio.Reader
	session string
	id      int

	// Requests lists the URLs that the page has requested, without itself and without data URLs.
	Requests []string
	// Errors lists the errors and warnings of the console: exceptions, and what the Content-Security-Policy has refused.
	Errors []string

	page string
}

// command is a message to the browser.
type command struct {
	ID      int    `json:"id"`
	Session string `json:"sessionId,omitempty"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// event is a message of the browser: the result of a command, or something that has happened.
type event struct {
	ID     int
	Method string
	Result json.RawMessage
	Error  *struct{ Message string }
	Params struct {
		Type             string
		Args             []struct{ Value, Description any }
		Entry            struct{ Level, Text string }
		ExceptionDetails struct{ Text string }
		Request          struct{ URL string }
	}
}

// OpenBrowser starts Chromium and opens a tab. LINCE_CHROMIUM names the binary; the default is the one on the PATH. Without a Chromium the test is skipped. The flags are those of Chromium.
func OpenBrowser(t testing.TB, flags ...string) *Browser {
	t.Helper()
	binary := os.Getenv("LINCE_CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && binary == "" {
			binary = path
		}
	}
	if binary == "" {
		t.Skip("there is no Chromium: install it, or set LINCE_CHROMIUM")
	}
	theirs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "lince-browser")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(binary, slices.Concat([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-dev-shm-usage",
		"--user-data-dir=" + profile, "--remote-debugging-pipe", "--log-level=3"}, flags, []string{"about:blank"})...)
	cmd.ExtraFiles, cmd.Stderr = []*os.File{theirs, ours}, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirs.Close(), ours.Close() // they are the browser's now
	b := &Browser{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with its child processes
		_ = cmd.Wait()
		_ = os.RemoveAll(profile)
		_, _ = to.Close(), from.Close()
		if t.Failed() {
			t.Logf("the browser's log:\n%s", log.String())
		}
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", map[string]any{}, nil)
	}
	return b
}

// call calls a method of the protocol, and waits for its result.
func (b *Browser) call(method string, params, result any) {
	b.t.Helper()
	b.id++
	text, err := json.Marshal(command{ID: b.id, Session: b.session, Method: method, Params: params})
	if err == nil {
		_, err = b.to.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		m := b.next(method)
		if m.ID != b.id {
			continue
		}
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// next reads a message, and remembers requests and errors.
func (b *Browser) next(doing string) event {
	b.t.Helper()
	text, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("%s: the browser has ended: %v", doing, err)
	}
	var m event
	if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
		// The parameters of events that are not used may have other types.
		var other struct{ ID int }
		if json.Unmarshal(text[:len(text)-1], &other) != nil || other.ID != 0 {
			b.t.Fatalf("%s: %v in %.200s", doing, err, text)
		}
		return event{}
	}
	switch p := m.Params; m.Method {
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" {
			b.Errors = append(b.Errors, fmt.Sprint(p.Args))
		}
	case "Runtime.exceptionThrown":
		b.Errors = append(b.Errors, p.ExceptionDetails.Text)
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			b.Errors = append(b.Errors, p.Entry.Text)
		}
	case "Network.requestWillBeSent":
		if url := p.Request.URL; url != b.page && !strings.HasPrefix(url, "data:") {
			b.Requests = append(b.Requests, url)
		}
	}
	return m
}

// Open opens a file, and waits until it is loaded.
func (b *Browser) Open(file string) {
	b.t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Visit("file://" + path)
}

// Visit opens a URL, and waits until it is loaded.
func (b *Browser) Visit(url string) {
	b.t.Helper()
	b.page = url
	var loaded struct{ ErrorText string }
	b.call("Page.navigate", map[string]any{"url": b.page}, &loaded)
	if loaded.ErrorText != "" {
		b.t.Fatalf("opening %s: %s", url, loaded.ErrorText)
	}
	b.Eval("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))", nil)
}

// Eval evaluates an expression of JavaScript, and stores its value in result, which may be nil. It waits for a promise.
func (b *Browser) Eval(expression string, result any) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, out.ExceptionDetails.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(out.Result.Value, result); err != nil {
			b.t.Fatalf("%s: %v", expression, err)
		}
	}
}

// Press presses a key, such as "ArrowLeft" or "Enter", in the element that has the focus.
func (b *Browser) Press(key string) {
	b.t.Helper()
	code := map[string]int{"Enter": 13, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}[key]
	down := map[string]any{"type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
	if key == "Enter" {
		down["type"], down["text"] = "keyDown", "\r"
	}
	b.call("Input.dispatchKeyEvent", down, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code}, nil)
}

// View sets the width and height of the window in pixels, and the color scheme, "light" or "dark".
func (b *Browser) View(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Screenshot writes a PNG of the whole page.
func (b *Browser) Screenshot(file string) {
	b.t.Helper()
	var out struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "format": "png"}, &out)
	raw, err := base64.StdEncoding.DecodeString(out.Data)
	if err == nil {
		err = os.WriteFile(file, raw, 0o666)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
