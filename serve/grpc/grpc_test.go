package grpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/serve"
	"github.com/lince-ml/lince/serve/grpc/inference"
	"github.com/lince-ml/lince/tensor"
)

// imageModel returns a model of two classes for images of 8x8 pixels. Its weights are random.
func imageModel(t testing.TB) *lince.Model {
	t.Helper()
	m, err := lince.Options{Seed: 1, Threads: 1}.Sequential(
		layer.Input{Shape: []int{8, 8, 3}, Name: "in"}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax, Name: "out"},
	)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"cat", "dog"}
	m.Preprocessing = lince.Preprocessing{preprocess.Resize{Height: 8, Width: 8}, preprocess.Rescale{Scale: 1. / 255}}
	return m
}

// photo returns an image file.
func photo(t testing.TB) []byte {
	t.Helper()
	set, err := demo.Parse("demo:cats-and-dogs?n=2")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := set.WritePNG(&b, 0); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fixture is a server of both protocols with the model pets.
type fixture struct {
	serve  *serve.Server
	model  *lince.Model
	http   *httptest.Server
	grpc   *handler
	client inference.GRPCInferenceServiceClient
	conn   *rpc.ClientConn
}

func start(t testing.TB, o serve.Options, limits Options) *fixture {
	t.Helper()
	s, err := serve.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	f := &fixture{serve: s, model: imageModel(t)}
	if err := s.Add("pets", f.model); err != nil {
		t.Fatal(err)
	}
	both, err := Handler(s, limits)
	if err != nil {
		t.Fatal(err)
	}
	f.grpc = both.(*handler)
	f.http = httptest.NewUnstartedServer(both)
	f.http.Config.Protocols = new(http.Protocols)
	f.http.Config.Protocols.SetHTTP1(true)
	f.http.Config.Protocols.SetUnencryptedHTTP2(true)
	f.http.Start()
	t.Cleanup(f.http.Close)
	f.conn, err = rpc.NewClient("passthrough:///"+f.http.Listener.Addr().String(), rpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.conn.Close() })
	f.client = inference.NewGRPCInferenceServiceClient(f.conn)
	return f
}

// floats returns numbers as raw contents.
func floats(list ...float32) []byte {
	var b []byte
	for _, x := range list {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// element returns an element of type BYTES as raw contents.
func element(b []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// pixels is an input of the model.
func pixels() []float32 {
	list := make([]float32, 8*8*3)
	for i := range list {
		list[i] = float32(i) / 200
	}
	return list
}

type (
	request = inference.ModelInferRequest
	input   = inference.ModelInferRequest_InferInputTensor
	output  = inference.ModelInferRequest_InferRequestedOutputTensor
	data    = inference.InferTensorContents
	param   = inference.InferParameter
)

// TestInfer sends tensors and images in each form, and compares the outputs with those of the model.
func TestInfer(t *testing.T) {
	f := start(t, serve.Options{}, Options{})
	x := tensor.New(tensor.Float32, 1, 8, 8, 3)
	copy(x.Float32s(), pixels())
	y, err := f.model.PredictBatch(x)
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.model.ClassifyImage(t.Context(), photo(t))
	if err != nil {
		t.Fatal(err)
	}
	tensorOf, image := floats(y.Float32s()...), floats(p.Probabilities...)
	shape := []int64{1, 8, 8, 3}
	for name, c := range map[string]struct {
		r    *request
		want []byte
	}{
		"raw tensor": {&request{Inputs: []*input{{Name: "in", Datatype: "FP32", Shape: shape}}, RawInputContents: [][]byte{floats(pixels()...)}}, tensorOf},
		"contents":   {&request{Inputs: []*input{{Name: "in", Datatype: "FP32", Shape: shape, Contents: &data{Fp32Contents: pixels()}}}}, tensorOf},
		"raw image":  {&request{Inputs: []*input{{Name: "image", Datatype: "BYTES", Shape: []int64{1}}}, RawInputContents: [][]byte{element(photo(t))}}, image},
		"images": {&request{Inputs: []*input{{Name: "image", Datatype: "BYTES", Shape: []int64{2, 1}, Contents: &data{BytesContents: [][]byte{photo(t), photo(t)}}}},
			Outputs: []*output{{Name: "out"}}}, slices.Concat(image, image)},
	} {
		c.r.ModelName, c.r.ModelVersion, c.r.Id = "pets", "1", "7"
		for _, compression := range []string{"identity", gzip.Name} {
			a, err := f.client.ModelInfer(t.Context(), c.r, rpc.UseCompressor(compression))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if a.ModelName != "pets" || a.ModelVersion != "1" || a.Id != "7" || len(a.Outputs) != 1 || a.Outputs[0].Name != "out" || a.Outputs[0].Datatype != "FP32" || !bytes.Equal(a.RawOutputContents[0], c.want) {
				t.Errorf("%s: got %v, want %v", name, a, c.want)
			}
		}
	}
	a, err := f.client.ModelInfer(t.Context(), &request{
		ModelName: "pets", Inputs: []*input{{Name: "image", Datatype: "BYTES", Shape: []int64{1}}}, RawInputContents: [][]byte{element(photo(t))},
		Outputs: []*output{{Name: "out", Parameters: map[string]*param{"classification": {ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: 1}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out := a.Outputs[0]; out.Datatype != "BYTES" || !slices.Equal(out.Shape, []int64{1, 1}) || !strings.HasSuffix(string(a.RawOutputContents[0]), ":"+p.Top(1)[0].Name) {
		t.Errorf("classification: got %v", a)
	}
	if f.grpc.used.Load() != 0 {
		t.Errorf("%d bytes of messages are still counted", f.grpc.used.Load())
	}
}

// TestTypes sends typed contents of each type to a model that returns them.
func TestTypes(t *testing.T) {
	for _, c := range []struct {
		name     string
		contents *data
		want     []byte
	}{
		{"BOOL", &data{BoolContents: []bool{true, false}}, []byte{1, 0}},
		{"UINT8", &data{UintContents: []uint32{0, 255}}, []byte{0, 255}},
		{"INT8", &data{IntContents: []int32{-128, 127}}, []byte{128, 127}},
		{"INT16", &data{IntContents: []int32{-2, 258}}, []byte{254, 255, 2, 1}},
		{"INT32", &data{IntContents: []int32{-2}}, []byte{254, 255, 255, 255}},
		{"INT64", &data{Int64Contents: []int64{258}}, []byte{2, 1, 0, 0, 0, 0, 0, 0}},
		{"FP32", &data{Fp32Contents: []float32{1}}, []byte{0, 0, 128, 63}},
		{"FP64", &data{Fp64Contents: []float64{1}}, []byte{0, 0, 0, 0, 0, 0, 240, 63}},
		{"BYTES", &data{BytesContents: [][]byte{[]byte("ab"), nil}}, []byte{2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0}},
	} {
		got, err := contents(&input{Datatype: c.name, Contents: c.contents})
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: got %v and the error %v, want %v", c.name, got, err, c.want)
		}
	}
	for name, c := range map[string]*data{"UINT8": {UintContents: []uint32{256}}, "INT8": {IntContents: []int32{128}}, "INT16": {IntContents: []int32{-32769}}} {
		if _, err := contents(&input{Datatype: name, Contents: c}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s beyond its range: got %v", name, err)
		}
	}
}

// TestDescriptions asks for what is not inference.
func TestDescriptions(t *testing.T) {
	f := start(t, serve.Options{}, Options{})
	ctx := t.Context()
	if a, err := f.client.ServerLive(ctx, &inference.ServerLiveRequest{}); err != nil || !a.Live {
		t.Errorf("live: %v, %v", a, err)
	}
	if a, err := f.client.ServerReady(ctx, &inference.ServerReadyRequest{}); err != nil || !a.Ready {
		t.Errorf("ready: %v, %v", a, err)
	}
	for name, want := range map[string]bool{"pets": true, "none": false} {
		if a, err := f.client.ModelReady(ctx, &inference.ModelReadyRequest{Name: name}); err != nil || a.Ready != want {
			t.Errorf("model %s ready: %v, %v", name, a, err)
		}
	}
	if a, err := f.client.ServerMetadata(ctx, &inference.ServerMetadataRequest{}); err != nil || a.Name != "lince" || !slices.Contains(a.Extensions, "statistics") {
		t.Errorf("server metadata: %v, %v", a, err)
	}
	a, err := f.client.ModelMetadata(ctx, &inference.ModelMetadataRequest{Name: "pets"})
	if err != nil || a.Name != "pets" || a.Inputs[0].Name != "in" || a.Inputs[0].Datatype != "FP32" || !slices.Equal(a.Inputs[0].Shape, []int64{-1, 8, 8, 3}) || a.Outputs[0].Name != "out" {
		t.Errorf("model metadata: %v, %v", a, err)
	}
	c, err := f.client.ModelConfig(ctx, &inference.ModelConfigRequest{Name: "pets", Version: "1"})
	if err != nil || c.Config.Input[0].DataType != inference.DataType_TYPE_FP32 || !slices.Equal(c.Config.Output[0].Dims, []int64{2}) || c.Config.MaxBatchSize < 1 || c.Config.GetDynamicBatching() == nil {
		t.Errorf("model configuration: %v, %v", c, err)
	}
	i, err := f.client.RepositoryIndex(ctx, &inference.RepositoryIndexRequest{})
	if err != nil || len(i.Models) != 1 || i.Models[0].Name != "pets" || i.Models[0].State != "READY" {
		t.Errorf("index: %v, %v", i, err)
	}
	for _, name := range []string{"", "pets"} {
		s, err := f.client.ModelStatistics(ctx, &inference.ModelStatisticsRequest{Name: name})
		if err != nil || len(s.ModelStats) != 1 || s.ModelStats[0].Name != "pets" || s.ModelStats[0].InferenceStats.Success.GetCount() != 0 {
			t.Errorf("statistics: %v, %v", s, err)
		}
	}
	h := grpc_health_v1.NewHealthClient(f.conn)
	for _, name := range []string{"", "inference.GRPCInferenceService"} {
		if a, err := h.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: name}); err != nil || a.Status != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", name, a, err)
		}
	}
	if _, err := h.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "other"}); status.Code(err) != codes.NotFound {
		t.Errorf("health of another service: %v", err)
	}
	f.serve.Drain()
	if a, err := h.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil || a.Status != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health while draining: %v, %v", a, err)
	}
	if a, err := f.client.ServerReady(ctx, &inference.ServerReadyRequest{}); err != nil || a.Ready {
		t.Errorf("ready while draining: %v, %v", a, err)
	}
}

// TestErrors checks the codes and texts of errors.
func TestErrors(t *testing.T) {
	f := start(t, serve.Options{Queue: 2, MaxBody: 1 << 20}, Options{MaxMessage: 2 << 20})
	image := func(r *request) *request {
		r.Inputs, r.RawInputContents = []*input{{Name: "image", Datatype: "BYTES", Shape: []int64{1}}}, [][]byte{element(photo(t))}
		return r
	}
	many := element(photo(t))
	for _, c := range []struct {
		code codes.Code
		text string
		r    *request
	}{
		{codes.InvalidArgument, "no name", image(&request{})},
		{codes.NotFound, "no model", image(&request{ModelName: "cats"})},
		{codes.NotFound, "no such model", image(&request{ModelName: "pets/versions/1"})},
		{codes.NotFound, "no version", image(&request{ModelName: "pets", ModelVersion: "9"})},
		{codes.InvalidArgument, "no inputs", &request{ModelName: "pets"}},
		{codes.InvalidArgument, "1 inputs, but 2", &request{ModelName: "pets", Inputs: []*input{{}}, RawInputContents: [][]byte{nil, nil}}},
		{codes.InvalidArgument, "both contents", &request{ModelName: "pets", Inputs: []*input{{Contents: &data{}}}, RawInputContents: [][]byte{nil}}},
		{codes.InvalidArgument, "datatype", &request{ModelName: "pets", Inputs: []*input{{Name: "in", Datatype: "FP8"}}}},
		{codes.InvalidArgument, "need 768", &request{ModelName: "pets", Inputs: []*input{{Name: "in", Datatype: "FP32", Shape: []int64{1, 8, 8, 3}, Contents: &data{Fp64Contents: []float64{1}}}}}},
		{codes.InvalidArgument, "", &request{ModelName: "pets", Inputs: []*input{{Name: "image", Datatype: "BYTES", Shape: []int64{1}}}, RawInputContents: [][]byte{element([]byte("no image"))}}},
		{codes.InvalidArgument, "at most 2", &request{ModelName: "pets", Inputs: []*input{{Name: "image", Datatype: "BYTES", Shape: []int64{3}}}, RawInputContents: [][]byte{slices.Concat(many, many, many)}}},
		{codes.InvalidArgument, "larger than 1048576", &request{ModelName: "pets", Inputs: []*input{{Name: "in", Datatype: "FP32"}}, RawInputContents: [][]byte{make([]byte, 3<<19)}}},
		{codes.ResourceExhausted, "larger than max", &request{ModelName: "pets", Inputs: []*input{{Name: "in", Datatype: "FP32"}}, RawInputContents: [][]byte{make([]byte, 3<<20)}}},
		{codes.InvalidArgument, "NaN", &request{ModelName: "pets", Parameters: map[string]*param{"x": {ParameterChoice: &inference.InferParameter_DoubleParam{DoubleParam: math.NaN()}}}}},
	} {
		_, err := f.client.ModelInfer(t.Context(), c.r)
		if s := status.Convert(err); s.Code() != c.code || !strings.Contains(s.Message(), c.text) {
			t.Errorf("got %v, want the code %v and %q", err, c.code, c.text)
		}
	}
	if _, err := f.client.RepositoryModelLoad(t.Context(), &inference.RepositoryModelLoadRequest{ModelName: "pets"}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("loading: %v", err)
	}
	if _, err := f.client.RepositoryIndex(t.Context(), &inference.RepositoryIndexRequest{RepositoryName: "x"}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a named repository: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.client.ModelInfer(gone, image(&request{ModelName: "pets"})); status.Code(err) != codes.Canceled {
		t.Errorf("canceled: %v", err)
	}
	if _, err := f.client.ModelInfer(t.Context(), image(&request{ModelName: "pets"})); err != nil {
		t.Errorf("after the errors: %v", err)
	}
}

// TestToken checks the token, and that health needs none.
func TestToken(t *testing.T) {
	f := start(t, serve.Options{Token: "secret"}, Options{})
	if _, err := f.client.ServerMetadata(t.Context(), &inference.ServerMetadataRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer secret", "x-request-id", "abc")
	var header metadata.MD
	if _, err := f.client.ServerMetadata(ctx, &inference.ServerMetadataRequest{}, rpc.Header(&header)); err != nil || !slices.Equal(header.Get("x-request-id"), []string{"abc"}) {
		t.Errorf("with the token: %v, %v", err, header)
	}
	if a, err := f.client.ServerReady(t.Context(), &inference.ServerReadyRequest{}); err != nil || !a.Ready {
		t.Errorf("ready: %v, %v", a, err)
	}
}

// TestBusy checks what clients get beyond the limits: when a server says when to come again, and when too many bytes are in memory.
func TestBusy(t *testing.T) {
	f := start(t, serve.Options{}, Options{})
	f.grpc.used.Store(f.grpc.o.MaxMessages)
	for _, compression := range []string{"identity", gzip.Name} {
		if _, err := f.client.ServerLive(t.Context(), &inference.ServerLiveRequest{}, rpc.UseCompressor(compression)); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v", compression, err)
		}
	}
	f.grpc.used.Store(0)
	if _, err := f.client.ServerLive(t.Context(), &inference.ServerLiveRequest{}); err != nil {
		t.Error(err)
	}

	busy, err := Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":"too many"}`)
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f.http.Config.Handler = busy
	var trailer metadata.MD
	_, err = f.client.ServerMetadata(t.Context(), &inference.ServerMetadataRequest{}, rpc.Trailer(&trailer))
	if s := status.Convert(err); s.Code() != codes.ResourceExhausted || s.Message() != "too many" || !slices.Equal(trailer.Get("grpc-retry-pushback-ms"), []string{"3000"}) {
		t.Errorf("%v, %v", err, trailer)
	}
	f.http.Config.Handler, err = Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a bug") }), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.client.ServerMetadata(t.Context(), &inference.ServerMetadataRequest{}); status.Convert(err).Message() != "internal error" {
		t.Errorf("a panic: %v", err)
	}
}

// TestHTTP checks that the other requests go to the HTTP server.
func TestHTTP(t *testing.T) {
	f := start(t, serve.Options{}, Options{})
	a, err := f.http.Client().Post(f.http.URL, "application/octet-stream", bytes.NewReader(photo(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		t.Errorf("status %d", a.StatusCode)
	}
	if _, err := Handler(f.serve, Options{MaxMessage: 1 << 20, MaxMessages: 1}); err == nil {
		t.Error("limits that contradict each other are no error")
	}
}

// TestClient calls a server with the real client, tritonclient.grpc.
func TestClient(t *testing.T) {
	python := os.Getenv("LINCE_SERVE_PYTHON")
	if python == "" {
		t.Skip("needs the real client: set LINCE_SERVE_PYTHON to a Python that has internal/golden/serve_requirements.txt")
	}
	f := start(t, serve.Options{Token: "secret", Control: true, Poll: -1}, Options{})
	dir := t.TempDir()
	if err := f.model.Save(filepath.Join(dir, "file.keras")); err != nil {
		t.Fatal(err)
	}
	if err := f.serve.Load("file", filepath.Join(dir, "file.keras")); err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(dir, "photo.png")
	if err := os.WriteFile(image, photo(t), 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := f.model.ClassifyImage(t.Context(), photo(t))
	if err != nil {
		t.Fatal(err)
	}
	zeros, err := f.model.PredictBatch(tensor.New(tensor.Float32, 1, 8, 8, 3))
	if err != nil {
		t.Fatal(err)
	}
	expected, err := json.Marshal(map[string]any{"outputs": p.Probabilities, "zeros": zeros.Float32s(), "label": p.Top(1)[0].Name})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(python, filepath.Join("..", "..", "internal", "golden", "serve_grpc.py"), f.http.Listener.Addr().String(), image, string(expected))
	c.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
}

// FuzzModelInfer checks that no request panics, and that one that is answered has an output for each that it wants.
func FuzzModelInfer(f *testing.F) {
	s := start(f, serve.Options{}, Options{})
	service := &service{h: s.serve}
	f.Add("pets", "1", "in", "FP32", int64(1), int64(8), floats(1, 2), []byte{}, int64(0), true)
	f.Add("pets", "", "image", "BYTES", int64(1), int64(1), element(photo(f)), []byte{}, int64(2), true)
	f.Add("pets", "", "image", "BYTES", int64(1), int64(1), []byte{}, photo(f), int64(-1), false)
	f.Fuzz(func(t *testing.T, model, version, name, datatype string, n, m int64, raw, bytes []byte, classes int64, useRaw bool) {
		r := &request{
			ModelName: model, ModelVersion: version, Id: name, Inputs: []*input{{Name: name, Datatype: datatype, Shape: []int64{n, m}}},
			Outputs: []*output{{Name: "out", Parameters: map[string]*param{"classification": {ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: classes}}}}},
		}
		if useRaw {
			r.RawInputContents = [][]byte{raw}
		} else {
			r.Inputs[0].Contents = &data{BytesContents: [][]byte{bytes}, Int64Contents: []int64{n, m}, IntContents: []int32{int32(n)}}
		}
		a, err := service.ModelInfer(t.Context(), r)
		if c := status.Code(err); c == codes.Internal || c == codes.Unknown {
			t.Fatal(err)
		}
		if err == nil && (len(a.Outputs) != 1 || len(a.RawOutputContents) != 1) {
			t.Fatalf("%v", a)
		}
	})
}
