package grpc

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/serve/grpc/inference"
)

// service implements the service of the protocol. Each method is a request to h.
type service struct {
	inference.UnimplementedGRPCInferenceServiceServer
	h http.Handler
}

// answer is the answer of h. It implements http.ResponseWriter.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// passed are the headers of a request that h sees.
var passed = []string{"authorization", "traceparent", "x-request-id"}

// ask sends a request to h.
func (s *service) ask(ctx context.Context, method, path string, header http.Header, size int64, body io.Reader) (*answer, error) {
	r := (&http.Request{
		Method: method, URL: &url.URL{Path: path}, Host: "localhost", Proto: "HTTP/2.0", ProtoMajor: 2, Header: header, ContentLength: size, Body: io.NopCloser(body),
	}).WithContext(ctx)
	if m, ok := metadata.FromIncomingContext(ctx); ok {
		for _, name := range passed {
			for _, value := range m.Get(name) {
				r.Header.Add(name, value)
			}
		}
	}
	a := &answer{header: http.Header{}}
	s.h.ServeHTTP(a, r)
	if id := a.header.Get("X-Request-Id"); id != "" {
		_ = rpc.SetHeader(ctx, metadata.Pairs("x-request-id", id)) // fails if there is no client, as in tests
	}
	if err := ctx.Err(); err != nil {
		return a, status.FromContextError(err).Err()
	}
	if a.status == http.StatusOK {
		return a, nil
	}
	return a, a.err(ctx)
}

// err returns the error that an answer is.
func (a *answer) err(ctx context.Context) error {
	if after, err := strconv.ParseUint(a.header.Get("Retry-After"), 10, 31); err == nil {
		// https://github.com/grpc/proposal/blob/master/A6-client-retries.md
		_ = rpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", strconv.FormatUint(after*1000, 10)))
	}
	var e struct{ Error string }
	if json.Unmarshal(a.body.Bytes(), &e) != nil || e.Error == "" {
		e.Error = http.StatusText(a.status)
	}
	return status.Error(code(a.status), e.Error)
}

// code returns the code of gRPC for a status of HTTP.
func code(status int) codes.Code {
	switch status {
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.NotFound
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	}
	if status >= 400 && status < 500 {
		return codes.InvalidArgument
	}
	return codes.Internal
}

// get asks for a path, and reads the JSON of the answer into m. inside is "" or the name of the field of m that the JSON is.
func (s *service) get(ctx context.Context, path, inside string, m proto.Message) error {
	a, err := s.ask(ctx, http.MethodGet, path, http.Header{}, 0, http.NoBody)
	if err != nil {
		return err
	}
	return a.read(inside, m)
}

func (a *answer) read(inside string, m proto.Message) error {
	text := a.body.Bytes()
	if inside != "" {
		text = bytes.Join([][]byte{[]byte(`{"` + inside + `":`), text, []byte("}")}, nil)
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, m)
}

// modelPath returns the path of a model. Names of models have no slashes, so one with a slash would be another path.
func modelPath(name, version, rest string) (string, error) {
	switch {
	case name == "":
		return "", status.Error(codes.InvalidArgument, "the request has no name of a model")
	case strings.Contains(name, "/") || strings.Contains(version, "/"):
		return "", status.Error(codes.NotFound, "there is no such model")
	}
	path := "/v2/models/" + name
	if version != "" {
		path += "/versions/" + version
	}
	return path + rest, nil
}

// getModel is get for a path of a model.
func (s *service) getModel(ctx context.Context, name, version, rest, inside string, m proto.Message) error {
	path, err := modelPath(name, version, rest)
	if err != nil {
		return err
	}
	return s.get(ctx, path, inside, m)
}

// ready reports whether a path answers with the status 200.
func (s *service) ready(ctx context.Context, path string) (bool, error) {
	a, err := s.ask(ctx, http.MethodGet, path, http.Header{}, 0, http.NoBody)
	if a.status == http.StatusServiceUnavailable || a.status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

// ServerLive implements the protocol.
func (s *service) ServerLive(ctx context.Context, _ *inference.ServerLiveRequest) (*inference.ServerLiveResponse, error) {
	live, err := s.ready(ctx, "/v2/health/live")
	return &inference.ServerLiveResponse{Live: live}, err
}

// ServerReady implements the protocol.
func (s *service) ServerReady(ctx context.Context, _ *inference.ServerReadyRequest) (*inference.ServerReadyResponse, error) {
	ready, err := s.ready(ctx, "/v2/health/ready")
	return &inference.ServerReadyResponse{Ready: ready}, err
}

// ModelReady implements the protocol. A model that does not exist is not ready.
func (s *service) ModelReady(ctx context.Context, r *inference.ModelReadyRequest) (*inference.ModelReadyResponse, error) {
	path, err := modelPath(r.GetName(), r.GetVersion(), "/ready")
	if err != nil {
		return nil, err
	}
	ready, err := s.ready(ctx, path)
	return &inference.ModelReadyResponse{Ready: ready}, err
}

// ServerMetadata implements the protocol.
func (s *service) ServerMetadata(ctx context.Context, _ *inference.ServerMetadataRequest) (*inference.ServerMetadataResponse, error) {
	m := new(inference.ServerMetadataResponse)
	return m, s.get(ctx, "/v2", "", m)
}

// ModelMetadata implements the protocol.
func (s *service) ModelMetadata(ctx context.Context, r *inference.ModelMetadataRequest) (*inference.ModelMetadataResponse, error) {
	m := new(inference.ModelMetadataResponse)
	return m, s.getModel(ctx, r.GetName(), r.GetVersion(), "", "", m)
}

// ModelConfig implements the extension for model configuration.
func (s *service) ModelConfig(ctx context.Context, r *inference.ModelConfigRequest) (*inference.ModelConfigResponse, error) {
	m := new(inference.ModelConfigResponse)
	return m, s.getModel(ctx, r.GetName(), r.GetVersion(), "/config", "config", m)
}

// ModelStatistics implements the extension for statistics.
func (s *service) ModelStatistics(ctx context.Context, r *inference.ModelStatisticsRequest) (*inference.ModelStatisticsResponse, error) {
	m := new(inference.ModelStatisticsResponse)
	if r.GetName() == "" {
		return m, s.get(ctx, "/v2/models/stats", "", m)
	}
	return m, s.getModel(ctx, r.GetName(), r.GetVersion(), "/stats", "", m)
}

// post sends JSON.
func (s *service) post(ctx context.Context, path string, v any) (*answer, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, int64(len(text)), bytes.NewReader(text))
}

// RepositoryIndex implements the extension for model repositories.
func (s *service) RepositoryIndex(ctx context.Context, r *inference.RepositoryIndexRequest) (*inference.RepositoryIndexResponse, error) {
	if err := unnamed(r.GetRepositoryName()); err != nil {
		return nil, err
	}
	a, err := s.post(ctx, "/v2/repository/index", map[string]bool{"ready": r.GetReady()})
	if err != nil {
		return nil, err
	}
	m := new(inference.RepositoryIndexResponse)
	return m, a.read("models", m)
}

// unnamed checks the name of a repository. A server has only one.
func unnamed(repository string) error {
	if repository != "" {
		return status.Error(codes.InvalidArgument, "repository_name must be empty: the server has one repository, which has no name")
	}
	return nil
}

// RepositoryModelLoad implements the extension for model repositories.
func (s *service) RepositoryModelLoad(ctx context.Context, r *inference.RepositoryModelLoadRequest) (*inference.RepositoryModelLoadResponse, error) {
	return new(inference.RepositoryModelLoadResponse), s.control(ctx, r.GetRepositoryName(), r.GetModelName(), "/load", r.GetParameters())
}

// RepositoryModelUnload implements the extension for model repositories.
func (s *service) RepositoryModelUnload(ctx context.Context, r *inference.RepositoryModelUnloadRequest) (*inference.RepositoryModelUnloadResponse, error) {
	return new(inference.RepositoryModelUnloadResponse), s.control(ctx, r.GetRepositoryName(), r.GetModelName(), "/unload", r.GetParameters())
}

// control loads or unloads a model.
func (s *service) control(ctx context.Context, repository, model, verb string, parameters map[string]*inference.ModelRepositoryParameter) error {
	if err := unnamed(repository); err != nil {
		return err
	}
	path, err := modelPath(model, "", verb)
	if err != nil {
		return err
	}
	all := map[string]any{}
	for key, p := range parameters {
		switch v := p.GetParameterChoice().(type) {
		case *inference.ModelRepositoryParameter_BoolParam:
			all[key] = v.BoolParam
		case *inference.ModelRepositoryParameter_Int64Param:
			all[key] = v.Int64Param
		case *inference.ModelRepositoryParameter_StringParam:
			all[key] = v.StringParam
		case *inference.ModelRepositoryParameter_BytesParam:
			all[key] = v.BytesParam
		}
	}
	_, err = s.post(ctx, strings.Replace(path, "/v2/models/", "/v2/repository/models/", 1), map[string]any{"parameters": all})
	return err
}

// health answers the health checks of gRPC (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	service *service
}

// Check implements the health check.
func (h *health) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if name := r.GetService(); name != "" && name != inference.GRPCInferenceService_ServiceDesc.ServiceName {
		return nil, status.Error(codes.NotFound, "there is no such service")
	}
	ready, err := h.service.ready(ctx, "/readyz")
	if err != nil {
		return nil, err
	}
	m := &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}
	if ready {
		m.Status = grpc_health_v1.HealthCheckResponse_SERVING
	}
	return m, nil
}
