package callback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// RemoteMonitor sends the logs of each epoch to a server (keras.callbacks.RemoteMonitor), or writes them to a file. The
// logs are an object of JSON with the epoch, counted from 0:
//
//	{"epoch": 0, "accuracy": 0.5, "loss": 0.693}
//
// A metric whose value is a vector is written as a list.
// Values that are NaN or infinite are written as null. (Keras writes NaN and Infinity, which are no JSON.) In
// FitOptions.Callbacks, RemoteMonitor must come after callbacks that add values to the logs.
//
// If the server cannot be reached, the callback prints a message and training continues. Each request may take at most
// 10 seconds.
type RemoteMonitor struct {
	// Filename is the path of a file. If it is set, the logs are added to the file, one line for each epoch, and are
	// not sent. When training is resumed, the file is truncated to its size at the checkpoint. Keras has no such
	// argument.
	Filename string

	// Root is the address of the server (root). The default is "http://localhost:9000".
	Root string
	// Path is the path of the requests at the server (path). The default is "/publish/epoch/end/".
	Path string
	// Field is the field of the form that has the logs (field). The default is "data".
	Field string
	// Headers are added to the headers of the requests (headers).
	Headers map[string]string
	// SendAsJSON sends the logs as application/json instead of in a form (send_as_json).
	SendAsJSON bool
}

type monitorState struct {
	// Size is the size of the file. Resumed training continues at this offset.
	Size int64 `json:"size"`
}

// Begin implements Callback.
func (c RemoteMonitor) Begin(run Run) (Hooks, error) {
	switch {
	case run.Task() != Training:
		return Hooks{}, nil
	case c.Filename != "":
		return c.toFile()
	}
	for field, value := range map[*string]string{&c.Root: "http://localhost:9000", &c.Path: "/publish/epoch/end/", &c.Field: "data"} {
		if *field == "" {
			*field = value
		}
	}
	if u, err := url.Parse(c.Root + c.Path); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Hooks{}, fmt.Errorf("RemoteMonitor: Root must be an address that begins with http:// or https://, got %q", c.Root)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	return Hooks{EpochEnd: func(epoch int, logs *Logs) error {
		if err := c.post(client, epochJSON(epoch, logs)); err != nil {
			run.Printf("RemoteMonitor: could not reach the server at %s: %v", c.Root, err)
		}
		return nil
	}}, nil
}

// post sends the logs of an epoch. As in Keras, the status of the response does not matter.
func (c RemoteMonitor) post(client *http.Client, logs []byte) error {
	body, kind := io.Reader(bytes.NewReader(logs)), "application/json"
	if !c.SendAsJSON {
		body, kind = strings.NewReader(url.Values{c.Field: {string(logs)}}.Encode()), "application/x-www-form-urlencoded"
	}
	q, err := http.NewRequest(http.MethodPost, c.Root+c.Path, body)
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", kind)
	for k, v := range c.Headers {
		q.Header.Set(k, v)
	}
	r, err := client.Do(q)
	if err != nil {
		return err
	}
	return r.Body.Close()
}

// toFile returns the hooks that write to a file.
func (c RemoteMonitor) toFile() (Hooks, error) {
	f, err := os.OpenFile(c.Filename, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return Hooks{}, fmt.Errorf("RemoteMonitor: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return Hooks{}, fmt.Errorf("RemoteMonitor: %w", err)
	}
	s := &monitorState{Size: info.Size()}
	started := false
	return Hooks{
		State: s,
		EpochEnd: func(epoch int, logs *Logs) error {
			if !started && info.Mode().IsRegular() { // the state has been restored
				if err := cutTo(f, s.Size); err != nil {
					return fmt.Errorf("RemoteMonitor: %w", err)
				}
			}
			started = true
			if _, err := (counter{f, &s.Size}).Write(append(epochJSON(epoch, logs), '\n')); err != nil {
				return fmt.Errorf("RemoteMonitor: %w", err)
			}
			return nil
		},
		End: func() error {
			if err := f.Close(); err != nil {
				return fmt.Errorf("RemoteMonitor: %w", err)
			}
			return nil
		},
	}, nil
}

// epochJSON returns the logs of an epoch as an object of JSON.
func epochJSON(epoch int, logs *Logs) []byte {
	b := fmt.Appendf(nil, `{"epoch": %d`, epoch)
	for name, v := range logs.All() {
		key, _ := json.Marshal(name) // text always has a JSON form
		b = fmt.Appendf(b, ", %s: ", key)
		vector := logs.Vector(name)
		if len(vector) == 0 {
			b = appendNumber(b, v)
			continue
		}
		for i, v := range vector {
			b = appendNumber(append(b, map[bool]string{true: "[", false: ", "}[i == 0]...), v)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// appendNumber appends a number, or null if it is not finite.
func appendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
