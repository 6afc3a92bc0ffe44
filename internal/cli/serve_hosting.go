package cli

import (
	"errors"
	"net/http"
	"os"
)

// sageMakerModel is the folder in which SageMaker puts a model. It runs the container with the only argument "serve"
// (https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html).
const sageMakerModel = "/opt/ml/model"

// hosting is what a hosting service tells a container.
type hosting struct {
	listen string            // the default of --listen
	models []string          // the default of the models
	routes map[string]string // further paths by which clients call a route
}

// hosted returns what SageMaker or Vertex AI (https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements) wants.
func hosted(getenv func(string) string) hosting {
	h := hosting{listen: "localhost:8080", routes: map[string]string{}}
	if info, err := os.Stat(sageMakerModel); err == nil && info.IsDir() {
		h.models, h.listen = []string{sageMakerModel}, ":8080"
	}
	for _, name := range []string{"AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT"} {
		if port := getenv(name); port != "" {
			h.listen = ":" + port
		}
	}
	for name, route := range map[string]string{"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/predict"} {
		if path := getenv(name); path != "" && path != route {
			h.routes[path] = route
		}
	}
	return h
}

// defaults sets what the command line leaves to the hosting service.
func (c *serveCommand) defaults(h hosting) error {
	if c.Listen == "" {
		c.Listen = h.listen
	}
	if len(c.Models) == 0 {
		if c.Models = h.models; c.Models == nil {
			return errors.New("expected \"<model> ...\"")
		}
	}
	return nil
}

// handler returns a handler that also answers at the routes of the hosting service.
func (h hosting) handler(next http.Handler) http.Handler {
	if len(h.routes) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route, ok := h.routes[r.URL.Path]; ok {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = route, ""
		}
		next.ServeHTTP(w, r)
	})
}
