package inference

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/tensor"
)

// Side is a side of a network: files of its tensors may be named input_0.pb or output_0.pb, as in ONNX's tests.
type Side string

// The sides.
const (
	Input  Side = "input"
	Output Side = "output"
)

// testFolder is the folder of the first test of a model in ONNX's layout.
const testFolder = "test_data_set_0"

// ReadTensors reads tensors for the ports of one side. Each source is a folder or a file, or NAME=FILE for the port NAME:
//
//   - a .npz archive, whose arrays have the names of ports, or arr_0, arr_1, ... in the order of the ports
//   - a .npy array, an ONNX tensor (.pb) or a JSON list (.json), for the only port or the named one
//   - a .json object, {"name": list, ...}
//   - a folder of such files, named after the ports, or input_0.pb, input_1.pb, ... (for outputs, output_0.pb, ...) in the
//     order of the ports
//
// The error lists all mistakes. A tensor that is not there is no error.
func ReadTensors(side Side, ports []Port, sources []string) (map[string]*tensor.Tensor, error) {
	r := &reader{side: side, ports: ports, out: map[string]*tensor.Tensor{}}
	var errs []error
	for _, s := range sources {
		errs = append(errs, r.source(s))
	}
	return r.out, errors.Join(errs...)
}

type reader struct {
	side  Side
	ports []Port
	out   map[string]*tensor.Tensor
}

func (r *reader) source(s string) error {
	info, err := os.Stat(s)
	if name, file, ok := strings.Cut(s, "="); ok && err != nil {
		return r.file(name, file)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", s, patherr.Bare(err))
	case info.IsDir():
		return r.folder(s)
	}
	return r.file("", s)
}

// readFile reads a regular file.
func readFile(path string) ([]byte, error) {
	b, err := bounded.ReadFile(path, bounded.MaxFile)
	return b, patherr.Bare(err)
}

// file reads a file with the tensor of a port. name is "" if the command line does not name the port.
func (r *reader) file(name, path string) error {
	if strings.EqualFold(filepath.Ext(path), ".npz") {
		if name != "" {
			return fmt.Errorf("%s: has several arrays; remove %s=", path, name)
		}
		return r.archive(path)
	}
	if name == "" {
		if !strings.EqualFold(filepath.Ext(path), ".json") && len(r.ports) != 1 {
			return fmt.Errorf("%s: the model has %d %ss; write NAME=%s, where NAME is one of %s", path, len(r.ports), r.side, path, strings.Join(Names(r.ports), ", "))
		}
		if len(r.ports) == 1 {
			name = r.ports[0].Name
		}
	}
	b, err := readFile(path)
	if err == nil {
		err = r.decode(name, path, b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// decode reads the content of a file of one tensor, or a JSON object of several.
func (r *reader) decode(name, path string, b []byte) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		t, err := npy.Read(b)
		if err != nil {
			return err
		}
		return r.add(name, t)
	case ".pb":
		p, err := onnx.ReadTensor(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return err
		}
		t, err := onnx.Tensor(p)
		if err != nil {
			return err
		}
		return r.add(name, t)
	case ".json":
		return r.json(name, b)
	}
	return fmt.Errorf("is no file of tensors; want a name that ends in %s", strings.Join(append(tensorFiles, ".npz"), ", "))
}

// tensorFiles are the suffixes of files with one tensor.
var tensorFiles = []string{".npy", ".pb", ".json"}

func (r *reader) add(name string, t *tensor.Tensor) error {
	if r.out[name] != nil {
		return fmt.Errorf("there are two tensors for %s", name)
	}
	r.out[name] = t
	return nil
}

// positional matches the names that NumPy's savez gives to arrays without a name.
var positional = regexp.MustCompile(`^arr_(\d+)$`)

func (r *reader) archive(path string) error {
	arrays, err := npy.ReadArchive(path)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		to := name
		if m := positional.FindStringSubmatch(name); m != nil && r.port(name) == nil {
			i, err := strconv.Atoi(m[1])
			if err != nil || i >= len(r.ports) {
				errs = append(errs, fmt.Errorf("%s: there is no %s %s, the model has %d", path, r.side, m[1], len(r.ports)))
				continue
			}
			to = r.ports[i].Name
		}
		if err := r.add(to, arrays[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

func (r *reader) port(name string) *Port {
	i := slices.IndexFunc(r.ports, func(p Port) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &r.ports[i]
}

// folder reads the files for ports in a folder. Other files are ignored.
func (r *reader) folder(dir string) error {
	names := map[string]string{} // the port of a file name without its suffix
	for i, p := range r.ports {
		names[fmt.Sprintf("%s_%d", r.side, i)] = p.Name
	}
	for i, stem := range FileNames(Names(r.ports)) {
		names[stem] = r.ports[i].Name
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, patherr.Bare(err))
	}
	var errs []error
	found := false
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		name, ok := names[strings.TrimSuffix(e.Name(), ext)]
		if !ok || !slices.Contains(tensorFiles, strings.ToLower(ext)) {
			continue
		}
		found = true
		errs = append(errs, r.file(name, filepath.Join(dir, e.Name())))
	}
	if !found && len(r.ports) > 0 {
		inner := filepath.Join(dir, testFolder)
		if info, err := os.Stat(inner); err == nil && info.IsDir() {
			return r.folder(inner)
		}
		stems := FileNames(Names(r.ports))
		return fmt.Errorf("%s: has no file for the %ss of the model; want %s.npy or %s_0.pb", dir, r.side, strings.Join(stems, ".npy, "), r.side)
	}
	return errors.Join(errs...)
}

// unsafeName matches what is replaced in the names of files: a name in a model must not lead out of the folder.
var unsafeName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// FileNames returns file names, without suffix, for tensors with these names. They differ, even if case does not matter.
func FileNames(names []string) []string {
	out := make([]string, len(names))
	used := map[string]bool{}
	for i, name := range names {
		base := strings.TrimLeft(unsafeName.ReplaceAllString(name, "_"), ".")
		if len(base) > 100 {
			base = base[:100]
		}
		if base == "" {
			base = "tensor"
		}
		stem := base
		for k := 1; used[strings.ToLower(stem)]; k++ {
			stem = fmt.Sprintf("%s_%d", base, k)
		}
		used[strings.ToLower(stem)] = true
		out[i] = stem
	}
	return out
}

// WriteTensors writes tensors to path: an archive if its name ends in .npz, else a folder with a .npy file for each. It
// returns the names of the files.
func WriteTensors(path string, tensors []npy.Named) ([]string, error) {
	var names []string
	for _, t := range tensors {
		names = append(names, t.Name)
	}
	stems := FileNames(names)
	if strings.EqualFold(filepath.Ext(path), ".npz") {
		safe := slices.Clone(tensors)
		for i := range safe {
			if strings.Contains(safe[i].Name, "..") || strings.ContainsAny(safe[i].Name, "\\\x00") || strings.HasPrefix(safe[i].Name, "/") || safe[i].Name == "" {
				safe[i].Name = stems[i]
			}
		}
		return []string{path}, atomicfile.Write(path, func(w io.Writer) error { return npy.WriteArchive(w, safe) })
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, err
	}
	var files []string
	for i, t := range tensors {
		file := filepath.Join(path, stems[i]+".npy")
		if err := atomicfile.Write(file, func(w io.Writer) error { return npy.Write(w, t.Value) }); err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}
