package serve

import (
	"encoding/json"
	"net/http"
)

// repositoryRoutes is the table of the model repository extension of the Open Inference Protocol
// (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md).
func repositoryRoutes() []route {
	return []route{
		{method: http.MethodPost, path: "/v2/repository/index", summary: "List the models.", doc: indexDoc, handle: (*call).index},
		{method: http.MethodPost, path: "/v2/repository/models/{model}/load", summary: "Load the newest version of a model.", doc: loadDoc, handle: (*call).load},
		{method: http.MethodPost, path: "/v2/repository/models/{model}/unload", summary: "Unload a model.", doc: loadDoc, handle: (*call).unload},
	}
}

func (c *call) index() error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var ready bool
	if len(body) > 0 {
		if err := decodeJSON(body, member{"ready", &ready}); err != nil {
			return err
		}
	}
	type model struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
		State   string `json:"state"`
		Reason  string `json:"reason"`
	}
	list := []model{}
	for _, e := range c.s.registry.list() {
		m := model{Name: e.name, State: "READY"}
		if m.Version, m.Reason = e.state(); m.Version == "" {
			m.State = "UNAVAILABLE"
		}
		if m.Version != "" || !ready {
			list = append(list, m)
		}
	}
	return c.ok(list)
}

// repositoryEntry returns the entry that a request loads or unloads.
func (c *call) repositoryEntry() (*entry, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	if !c.s.o.Control {
		return nil, fail(http.StatusForbidden, "clients may not load and unload models of this server")
	}
	var parameters json.RawMessage
	if len(body) > 0 {
		if err := decodeJSON(body, member{"parameters", &parameters}); err != nil {
			return nil, err
		}
	}
	if parameters != nil && parameters[0] != '{' {
		return nil, bad("parameters has the wrong type: got %s", kindOf(parameters))
	}
	if parameters != nil {
		for key := range eachMember(parameters) {
			if key != "unload_dependents" { // no model depends on another
				return nil, bad("the parameter %q is not supported", short(key))
			}
		}
	}
	name := c.params["model"]
	e := c.s.registry.find(name)
	if e == nil {
		return nil, fail(http.StatusNotFound, "there is no model %q", short(name))
	}
	if e.source == nil {
		return nil, bad("the model %s is not loaded from a file", e.name)
	}
	c.rec.model = e.name
	return e, nil
}

func (c *call) load() error {
	e, err := c.repositoryEntry()
	if err != nil {
		return err
	}
	if err := c.s.reload(e, true); err != nil {
		return bad("the model %s cannot be loaded; the server's log says why", e.name)
	}
	return c.empty()
}

func (c *call) unload() error {
	e, err := c.repositoryEntry()
	if err != nil {
		return err
	}
	c.s.unload(e)
	return c.empty()
}

// empty answers without a body.
func (c *call) empty() error {
	c.w.Header().Set("Content-Length", "0")
	c.start(http.StatusOK)
	return nil
}
