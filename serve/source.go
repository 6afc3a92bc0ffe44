package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/patherr"
)

// source is a file or folder from which a model is loaded.
type source struct {
	path string

	mu     sync.Mutex // held while a version is loaded
	loads  int        // how many versions have been loaded
	tried  *found     // the latest that has been loaded, or could not be
	fresh  *found     // a later one that the latest poll found; it is loaded if the next poll finds it unchanged
	absent bool       // the latest poll found none
}

// found is a model that newest found: a file, or a folder that is a model.
type found struct {
	number string // of the version, in a folder of versions; else ""
	path   string
	files  []fs.FileInfo // the file, or the folder and the files in it
}

// same reports whether a model's files have not changed.
func (f *found) same(g *found) bool {
	return f != nil && g != nil && f.path == g.path && slices.EqualFunc(f.files, g.files, func(a, b fs.FileInfo) bool {
		return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
	})
}

// modelAt returns the model at path, which is a regular file or a folder that is a model, such as a .keras file that was unpacked. It is nil if path is neither.
func modelAt(path, number string) *found {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	f := &found{number, path, []fs.FileInfo{info}}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil
		}
		return f
	}
	if _, err := lince.FileKindOf(path); err != nil {
		return nil
	}
	for _, name := range keras.Members() { // the other kinds of folders are not read
		if info, err := os.Stat(filepath.Join(path, name)); err == nil {
			f.files = append(f.files, info)
		}
	}
	return f
}

// Load serves a model from files under a name. path is a model file, a .keras file that was unpacked to a folder, the folder of a training run (its best.keras, else its model.keras), or a folder of versions. The latter has
// files or folders whose names are numbers, such as 3.keras or 3/model.keras; the largest number is the newest version.
//
// Load returns when the model can answer, or with an error. Later, the server looks for a newer version, or a changed file, every Options.Poll. It loads that, computes
// predictions with it, and then uses it for new requests. If that fails, it logs an error and keeps the version that it has.
func (s *Server) Load(name, path string) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	e, fresh := s.registry.put(name, &source{path: path})
	if !fresh {
		return fmt.Errorf("serving: there is already a model %s", name)
	}
	if err := s.reload(e, true); err != nil {
		s.registry.remove(name)
		return fmt.Errorf("serving %s: %w", name, err)
	}
	s.polling.Do(func() {
		if s.o.Poll > 0 {
			go s.pollAll()
		}
	})
	return nil
}

// pollAll polls until the server is closed.
func (s *Server) pollAll() {
	ticker := time.NewTicker(s.o.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
			s.poll()
		}
	}
}

// poll looks for new versions of all models, and loads them.
func (s *Server) poll() {
	for _, e := range s.registry.list() {
		if e.source == nil {
			continue
		}
		if err := s.reload(e, false); err != nil {
			s.o.Logger.Error("a new version could not be loaded", "model", e.name, "error", err)
		}
	}
}

// reload loads the newest version of a model if it is not the one that is there. Unless now is true, it waits until the file is the same in two polls, because
// another program may be writing it.
func (s *Server) reload(e *entry, now bool) error {
	src := e.source
	src.mu.Lock()
	defer src.mu.Unlock()
	f, err := newest(src.path)
	if err != nil {
		if src.absent && !now {
			return nil // it has been reported
		}
		src.absent = true
		return s.loadFailed(e, err)
	}
	src.absent = false
	if !now {
		e.mu.RLock()
		unloaded := e.unloaded
		e.mu.RUnlock()
		if unloaded || f.same(src.tried) {
			src.fresh = nil
			return nil
		}
		if !f.same(src.fresh) {
			src.fresh = f
			return nil
		}
	}
	src.tried, src.fresh = f, nil
	start := time.Now()
	v, err := s.loadVersion(e, f)
	if err != nil {
		return s.loadFailed(e, err)
	}
	old := e.acquire()
	difference, err := s.probe(v, old)
	if old != nil {
		old.release()
	}
	if err != nil {
		v.retire()
		return s.loadFailed(e, err)
	}
	src.loads++
	e.replace(v)
	s.metrics.reload(e.name, true)
	loaded := []any{"model", e.name, "version", v.number, "file", f.path, "duration", time.Since(start)}
	if !math.IsNaN(difference) {
		loaded = append(loaded, "difference", difference)
	}
	s.o.Logger.Info("model loaded", loaded...)
	return nil
}

// loadFailed records that the newest version of a model could not be loaded.
func (s *Server) loadFailed(e *entry, err error) error {
	e.mu.Lock()
	e.failure = "the newest version could not be loaded"
	e.mu.Unlock()
	s.metrics.reload(e.name, false)
	return err
}

// unload ends a version of a model, until a client loads it again.
func (s *Server) unload(e *entry) {
	e.source.mu.Lock()
	defer e.source.mu.Unlock()
	e.replace(nil)
	e.mu.Lock()
	e.unloaded = true
	e.mu.Unlock()
	s.o.Logger.Info("model unloaded", "model", e.name)
}

// loadVersion opens a model file.
func (s *Server) loadVersion(e *entry, f *found) (v *version, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	number := f.number
	if number == "" {
		number = strconv.Itoa(e.source.loads + 1)
	}
	m, err := s.o.Open(f.path)
	if err != nil {
		return nil, err
	}
	return s.newVersion(e.name, number, m)
}

// versionForm is the form of the name of a version: a number, and perhaps a suffix.
var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})(\.[A-Za-z0-9.]+)?$`)

// newest returns the model file at path, or the newest one in the folder path.
func newest(path string) (*found, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, patherr.Bare(err))
	}
	if !info.IsDir() {
		return &found{path: path, files: []fs.FileInfo{info}}, nil
	}
	if f := modelAt(path, ""); f != nil {
		return f, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, patherr.Bare(err))
	}
	best, number := "", int64(-1)
	for _, e := range entries {
		if m := versionForm.FindStringSubmatch(e.Name()); m != nil {
			if n, err := strconv.ParseInt(m[1], 10, 64); err == nil && n > number {
				best, number = e.Name(), n
			}
		}
	}
	if number < 0 {
		return modelIn(path, "")
	}
	file := filepath.Join(path, best)
	if info, err = os.Stat(file); err != nil {
		return nil, fmt.Errorf("%s: %w", file, patherr.Bare(err))
	}
	version := strconv.FormatInt(number, 10)
	if f := modelAt(file, version); f != nil {
		return f, nil
	}
	if info.IsDir() {
		return modelIn(file, version)
	}
	return &found{version, file, []fs.FileInfo{info}}, nil
}

// ModelFile returns the model file that Load opens for a path: the file itself, that of a training run, or the newest version in a folder of versions.
func ModelFile(path string) (string, error) {
	f, err := newest(path)
	if err != nil {
		return "", err
	}
	return f.path, nil
}

// modelIn returns the model file in a folder: best.keras, model.keras, or the only one.
func modelIn(dir, number string) (*found, error) {
	for _, name := range []string{"best.keras", "model.keras"} {
		if f := modelAt(filepath.Join(dir, name), number); f != nil {
			return f, nil
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, patherr.Bare(err))
	}
	var models []*found
	var names []string
	for _, e := range entries {
		if !e.IsDir() && (!e.Type().IsRegular() || !isModelName(e.Name())) {
			continue
		}
		if f := modelAt(filepath.Join(dir, e.Name()), number); f != nil {
			models, names = append(models, f), append(names, e.Name())
		}
	}
	switch {
	case len(models) == 0:
		return nil, fmt.Errorf("%s: the folder has no model: want a model file, or versions whose names are numbers, such as 1.keras or 1/model.keras", dir)
	case len(models) > 1:
		return nil, fmt.Errorf("%s: the folder has several models (%s); name one of them, or call it model.keras", dir, strings.Join(names, ", "))
	}
	return models[0], nil
}

// isModelName reports whether a file has the suffix of a model that lince opens.
func isModelName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(lince.FileKinds(), func(k lince.FileKind) bool {
		return k.Opens && slices.ContainsFunc(k.Suffixes, func(s string) bool { return strings.HasSuffix(name, s) })
	})
}

// errNotFinite is the error of a model whose outputs are not finite.
var errNotFinite = errors.New("the model's outputs for noise are NaN or infinite")

// probe computes predictions for noise with a new version, so that later requests find its plans. It returns an error if the outputs are not finite, and the largest
// difference from the outputs of the old version, if there is one that takes the same inputs. The difference is NaN otherwise.
func (s *Server) probe(v, old *version) (difference float64, err error) {
	sizes := []int{1}
	if old != nil { // requests are waiting: do not let them wait for the plans of the usual batches
		sizes = old.stats.sizes()
	}
	difference, err = v.probe(s.ctx, old, sizes)
	if err == nil {
		s.widen(v, old)
	}
	return difference, err
}
