package serve

import (
	"net/http"
	"slices"
	"strings"
)

// route is a row of the tables of routes.
type route struct {
	method string
	// path has parameters in braces, which are whole segments, such as /v1/models/{model}/versions/{version}:predict. The text after the
	// last parameter, from a colon, is the verb.
	path string
	// open means that no token is needed.
	open bool
	// quiet means that requests are logged at the level debug: probes come every few seconds.
	quiet   bool
	summary string
	doc     *operation // for the OpenAPI document; nil if the request has no body and the answer no form
	handle  func(c *call) error

	segments []string
	verb     string
}

// routes returns all routes: the tables of the protocols.
func routes() []route {
	return slices.Concat(rawRoutes(), gradCAMRoutes(), statisticsRoutes(), v2Routes(), repositoryRoutes(), tfRoutes(), hostingRoutes(), serverRoutes())
}

// router finds routes.
type router struct{ routes []route }

func newRouter(list []route) router {
	for i := range list {
		r := &list[i]
		r.segments = strings.Split(r.path, "/")
		last := &r.segments[len(r.segments)-1]
		if at := strings.Index(*last, "}:"); at >= 0 {
			*last, r.verb = (*last)[:at+1], (*last)[at+1:]
		}
	}
	return router{list}
}

// match finds the route of a request, and the parameters of its path. If no route has the method, allowed lists the methods of the path.
func (r router) match(method, path string) (found *route, params map[string]string, allowed []string) {
	segments := strings.Split(path, "/")
	for i := range r.routes {
		rt := &r.routes[i]
		p, ok := rt.params(segments)
		if !ok {
			continue
		}
		if rt.method == method || rt.method == http.MethodGet && method == http.MethodHead {
			return rt, p, nil
		}
		if !slices.Contains(allowed, rt.method) {
			allowed = append(allowed, rt.method)
		}
	}
	return nil, nil, allowed
}

// params matches the segments of a path.
func (rt *route) params(segments []string) (map[string]string, bool) {
	if len(segments) != len(rt.segments) {
		return nil, false
	}
	var params map[string]string
	for i, want := range rt.segments {
		got := segments[i]
		name, ok := strings.CutPrefix(want, "{")
		if !ok {
			if got != want {
				return nil, false
			}
			continue
		}
		if i == len(segments)-1 {
			at := strings.IndexByte(got, ':')
			if at < 0 {
				at = len(got)
			}
			if got[at:] != rt.verb {
				return nil, false
			}
			got = got[:at]
		}
		if got == "" {
			return nil, false
		}
		if params == nil {
			params = map[string]string{}
		}
		params[strings.TrimSuffix(name, "}")] = got
	}
	return params, true
}
