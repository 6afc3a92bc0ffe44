package serve

import (
	"fmt"
	"regexp"
	"sync"
)

// registry has the models of a server by name.
type registry struct {
	mu      sync.RWMutex
	entries map[string]*entry
	order   []string // names in the order in which they were added
}

// entry is a name under which a model is served. The model itself may change.
type entry struct {
	name   string
	source *source // the files from which it is loaded; nil if the program added the model

	mu       sync.RWMutex
	current  *version // nil while there is none
	unloaded bool     // by a client
	removed  bool
	failure  string // why the latest version could not be loaded, in words for clients; "" if it was
}

// nameForm is the form of a model's name, which is a segment of URLs.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a model: want up to 128 letters, digits, '.', '_' and '-', not starting with '.' or '-'", name)
	}
	return nil
}

// put returns the entry with a name. It makes one if there is none; fresh is true then.
func (g *registry) put(name string, from *source) (e *entry, fresh bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e = g.entries[name]; e != nil {
		return e, false
	}
	e = &entry{name: name, source: from}
	g.entries[name] = e
	g.order = append(g.order, name)
	return e, true
}

// find returns the entry with a name, or the first one if name is "". It returns nil if there is none.
func (g *registry) find(name string) *entry {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if name == "" && len(g.order) > 0 {
		name = g.order[0]
	}
	return g.entries[name]
}

// list returns all entries in the order in which they were added.
func (g *registry) list() []*entry {
	g.mu.RLock()
	defer g.mu.RUnlock()
	list := make([]*entry, len(g.order))
	for i, name := range g.order {
		list[i] = g.entries[name]
	}
	return list
}

func (g *registry) names() []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return append([]string(nil), g.order...)
}

// remove removes an entry and retires its version. It returns false if there is none.
func (g *registry) remove(name string) bool {
	g.mu.Lock()
	e := g.entries[name]
	if e != nil {
		delete(g.entries, name)
		for i, n := range g.order {
			if n == name {
				g.order = append(g.order[:i:i], g.order[i+1:]...)
				break
			}
		}
	}
	g.mu.Unlock()
	if e == nil {
		return false
	}
	e.replace(nil)
	e.mu.Lock()
	e.removed = true
	late := e.current
	e.current = nil
	e.mu.Unlock()
	if late != nil {
		late.retire()
	}
	return true
}

// ready reports whether there are models, and each can answer.
func (g *registry) ready() bool {
	list := g.list()
	for _, e := range list {
		e.mu.RLock()
		ok := e.current != nil || e.unloaded
		e.mu.RUnlock()
		if !ok {
			return false
		}
	}
	return len(list) > 0
}

// replace makes v the version that new requests use. The old one is freed when its last request ends.
func (e *entry) replace(v *version) {
	e.mu.Lock()
	old := e.current
	if e.removed { // while v was loaded
		old, v = v, nil
	}
	e.current, e.unloaded, e.failure = v, false, ""
	e.mu.Unlock()
	if old != nil {
		old.retire()
	}
}

// acquire returns the current version for a request, which must release it. It returns nil if there is none.
func (e *entry) acquire() *version {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.current == nil || !e.current.acquire() {
		return nil
	}
	return e.current
}

// state describes an entry for clients: its version, or "" if there is none, and why the latest version could not be loaded.
func (e *entry) state() (number, failure string) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.current != nil {
		number = e.current.number
	}
	return number, e.failure
}
