package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/serve"
)

// serveCommand answers requests for predictions over HTTP.
type serveCommand struct {
	Models []string `arg:"" optional:"" name:"model" predictor:"model" help:"Model files, folders of training runs, or folders of versions. NAME=PATH serves a model under a name; the default is the name of the file or folder, and for the file of a training run, that of its folder."`

	Listen   string `group:"server" placeholder:"ADDRESS" help:"Address to listen on: HOST:PORT, :PORT for all interfaces, or unix:PATH for a Unix socket (default: localhost:8080)."`
	TLSCert  path   `group:"server" name:"tls-cert" placeholder:"FILE" help:"Certificate (PEM), to serve HTTPS."`
	TLSKey   path   `group:"server" name:"tls-key" placeholder:"FILE" help:"Key of the certificate (PEM)."`
	ClientCA path   `group:"server" name:"client-ca" placeholder:"FILE" help:"Certificates (PEM) of the authorities that sign the certificates of clients. Clients without one are refused (mTLS)."`
	Token    string `group:"server" env:"LINCE_TOKEN" placeholder:"TOKEN" help:"Bearer token that requests must have, except those of health. Other users of the machine see flags, so set the variable LINCE_TOKEN instead."`

	Origins []string      `group:"server" name:"origin" sep:"none" placeholder:"ORIGIN" help:"Origin whose pages may call the server (CORS), such as https://example.com, or * for all. Repeat the flag for several."`
	Control bool          `group:"server" help:"Let clients load and unload models."`
	Log     string        `group:"server" enum:"text,json" default:"text" help:"Form of the log on standard error: text or json."`
	Drain   time.Duration `group:"server" default:"0s" help:"Time between SIGTERM, from which on the server reports that it is not ready, and the end of listening."`
	Grace   time.Duration `group:"server" default:"30s" help:"Time that requests have to end after that."`

	Poll              time.Duration `group:"model" default:"2s" help:"How often to look for new versions of the models. 0 turns that off."`
	Threads           int           `group:"model" placeholder:"N" help:"Number of threads that decode and compute, for all models together (default: all cores, or those that the container may use)."`
	ThreadsPerRequest int           `group:"model" placeholder:"N" help:"Largest number of threads on which a batch is computed. A batch gets more than one only while no other request waits (default: 1 if a prediction takes less than 1 ms on one thread, else all)."`
	foreignFlags

	Batch     int           `group:"limits" default:"8" help:"Largest number of images that are computed together."`
	Delay     time.Duration `group:"limits" default:"0s" help:"How long an image waits for others to be computed together."`
	Queue     int           `group:"limits" default:"96" help:"Largest number of images of a model that wait or are computed. Requests beyond it get the status 429."`
	Timeout   time.Duration `group:"limits" default:"30s" help:"Time limit of a request."`
	MaxBody   byteSize      `group:"limits" default:"32MiB" placeholder:"32MiB" help:"Largest body of a request, at most 4GiB (default: 32MiB)."`
	MaxPixels int           `group:"limits" default:"50" placeholder:"MILLIONS" help:"Largest image, in millions of pixels (default: 50)."`

	wrap func(h http.Handler, maxBody int64) (http.Handler, error) // adds a protocol; nil adds none
}

// Help returns the command's detailed help.
func (serveCommand) Help() string {
	return `Answers requests for predictions over HTTP, until it gets SIGTERM or ^C. It then answers the requests that have started, and exits with code 0.

Clients send image files, or use the protocols of Hugging Face, the Open Inference Protocol (KServe, Triton), TensorFlow Serving, SageMaker, Vertex AI and MLflow. http://localhost:8080/ is a page to try a model, /metrics has metrics for Prometheus, and /openapi.json describes all requests. docs/serving.md has more.

A model whose file changes is loaded again, without an interruption. A folder of versions has files or folders whose names are numbers, such as 3.keras or 3/model.keras; the largest is served. If a new version cannot be loaded, the server logs an error and keeps the old one.

In a container of SageMaker, the model is the one in /opt/ml/model. In one of Vertex AI, the port and paths are those of its variables AIP_HTTP_PORT, AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE.

Examples:
  lince serve runs/train-1
  lince serve pets=models/pets digits=digits.onnx --listen :8080
  curl --data-binary @photo.jpg localhost:8080`
}

// Validate implements kong's check of flags.
func (c *serveCommand) Validate() error {
	errs := []error{threadMistake(c.Threads), atLeast(bound{"--threads-per-request", c.ThreadsPerRequest, 0}, bound{"--batch", c.Batch, 1}, bound{"--queue", c.Queue, 1}, bound{"--max-pixels", c.MaxPixels, 1}), c.mistakes()}
	for _, d := range []struct {
		flag string
		d    time.Duration
	}{{"--drain", c.Drain}, {"--grace", c.Grace}, {"--poll", c.Poll}, {"--delay", c.Delay}, {"--timeout", c.Timeout}} {
		if d.d < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative, got %v", d.flag, d.d))
		}
	}
	const leastBody, mostBody, mostPixels = byteSize(1 << 10), byteSize(4 << 30), math.MaxInt32 / 1_000_000
	if c.MaxBody < leastBody || c.MaxBody > mostBody {
		errs = append(errs, fmt.Errorf("--max-body must be from %v to %v, such as 32MiB, got %v", leastBody, mostBody, c.MaxBody))
	}
	if c.MaxPixels > mostPixels {
		errs = append(errs, fmt.Errorf("--max-pixels must be at most %d (in millions), got %d", mostPixels, c.MaxPixels))
	}
	if c.Poll > 0 && c.Poll < 10*time.Millisecond { // the server would only look for new versions
		errs = append(errs, fmt.Errorf("--poll must be 0 or at least 10ms, got %v", c.Poll))
	}
	if c.Batch > 128 {
		errs = append(errs, fmt.Errorf("--batch must be at most 128, got %d", c.Batch))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key belong together: set both or none"))
	}
	if c.ClientCA != "" && c.TLSCert == "" {
		errs = append(errs, errors.New("--client-ca needs --tls-cert and --tls-key"))
	}
	if len(c.Models) > 1 && (len(c.Classes) > 0 || c.Rescale != "" || len(c.InputShape) > 0) {
		errs = append(errs, errors.New("--classes, --rescale and --input-shape are for one model"))
	}
	errs = append(errs, c.defaults(hosted(os.Getenv)))
	_, err := c.named()
	return mistakes(append(errs, err)...)
}

// namedModel is a model with the name under which it is served.
type namedModel struct{ name, path string }

// named splits the arguments.
func (c *serveCommand) named() ([]namedModel, error) {
	var list []namedModel
	var errs []error
	for _, arg := range c.Models {
		name, path, ok := strings.Cut(arg, "=")
		if _, err := os.Stat(arg); !ok || err == nil || strings.ContainsAny(name, `/\`) { // a path may have "=", too
			path = arg
			name = servedName(arg)
		}
		if slices.ContainsFunc(list, func(m namedModel) bool { return m.name == name }) {
			errs = append(errs, fmt.Errorf("two models have the name %s; name them with NAME=PATH", name))
		}
		list = append(list, namedModel{name, path})
	}
	return list, errors.Join(errs...)
}

// servedName returns the name under which a file or folder is served. The file of a training run has the name of the run's folder.
func servedName(path string) string {
	if name := filepath.Base(path); (name == "best.keras" || name == "model.keras") && hasFile(filepath.Dir(path), "run.json") {
		if dir, err := filepath.Abs(filepath.Dir(path)); err == nil {
			return filepath.Base(dir)
		}
	}
	name := filepath.Base(filepath.Clean(path))
	for _, k := range lince.FileKinds() {
		for _, suffix := range k.Suffixes {
			name = strings.TrimSuffix(name, suffix)
		}
	}
	return name
}

// Run implements the command.
func (c *serveCommand) Run(e *env) error {
	listener, url, err := c.listen()
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Shutdown has closed it, unless there was an error
	log := cmp.Or(e.log, c.logger(e))
	threads := c.Threads
	if threads == 0 {
		threads = machine.Processors()
	}
	if c.ThreadsPerRequest > threads {
		return usageError{fmt.Errorf("--threads-per-request must be at most the number of threads, %d, got %d", threads, c.ThreadsPerRequest)}
	}
	poll := c.Poll
	if poll == 0 {
		poll = -1
	}
	s, err := serve.New(serve.Options{
		MaxBatch: c.Batch, MaxDelay: c.Delay, Queue: c.Queue, Threads: threads, ThreadsPerRequest: c.ThreadsPerRequest, Timeout: c.Timeout,
		MaxBody: int64(c.MaxBody), MaxPixels: c.MaxPixels * 1e6,
		Token: c.Token, Origins: c.Origins, Control: c.Control, Logger: log, Poll: poll,
		Open: func(path string) (*lince.Model, error) { return c.open(e, path, threads) },
	})
	if err != nil {
		return usageError{err}
	}
	defer s.Close()
	handler := hosted(os.Getenv).handler(s)
	if c.wrap != nil {
		if handler, err = c.wrap(handler, int64(c.MaxBody)); err != nil {
			return err
		}
	}
	models, err := c.named()
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range models {
		errs = append(errs, s.Load(m.name, m.path))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := e.startSaving(); err != nil { // from now on, the first signal does not limit the time that the command may take
		return err
	}
	inLog := c.Log == jsonLog && !e.quiet
	if inLog {
		log.Info("listening", "url", url)
	}
	err = e.result(map[string]any{"url": url}, func(w io.Writer) error {
		if inLog {
			return nil
		}
		_, err := fmt.Fprintf(w, "Listening on %s\n", url)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(e, s, handler, log, listener)
}

// jsonLog is the value of --log for JSON.
const jsonLog = "json"

// withUnit writes durations in milliseconds, with the unit in the key: JSON has only numbers.
func withUnit(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_ms", float64(a.Value.Duration().Microseconds())/1000)
	}
	return a
}

// logger returns the logger of requests.
func (c *serveCommand) logger(e *env) *slog.Logger {
	o := &slog.HandlerOptions{}
	if e.quiet {
		o.Level = slog.LevelWarn
	}
	if c.Log == jsonLog {
		o.ReplaceAttr = withUnit
		return slog.New(slog.NewJSONHandler(e.stderr, o))
	}
	return slog.New(slog.NewTextHandler(e.stderr, o))
}

// open opens a model file. A model of images gets its preprocessing and classes from the flags, if its file has none.
func (c *serveCommand) open(e *env, path string, threads int) (*lince.Model, error) {
	o, err := c.imageOptions(path)
	if err != nil {
		return nil, err
	}
	o.Threads = threads
	m, err := openModel(path, o)
	if err != nil {
		return nil, err
	}
	e.noted(path, m)
	if in := m.InputShape(); len(c.Classes) == 0 && c.Rescale == "" && (oneImage(m) != nil || len(in) != 4) {
		return m, nil // it takes tensors only
	}
	return m, e.complete(path, m, c.foreignFlags)
}
