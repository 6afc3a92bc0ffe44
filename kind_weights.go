package lince

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

// beside opens a file in the folder of f, which f refers to by a plain name. The file must be a regular file, not a link.
func (f source) beside(name string) (io.ReaderAt, int64, error) {
	if f.path == "" {
		return nil, 0, fmt.Errorf("it is in the file %.100q, which cannot be read because only the bytes of this one are given; use the path of the file", name)
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\:`) || strings.ContainsRune(name, 0) {
		return nil, 0, fmt.Errorf("%.100q is not the plain name of a file in the same folder", name)
	}
	path := filepath.Join(filepath.Dir(f.path), name)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%.100q is not a regular file", name)
	}
	return regular(path)
}

// regular opens a regular file.
func regular(path string) (io.ReaderAt, int64, error) {
	file, size, err := openRegular(path)
	if err != nil {
		return nil, 0, err
	}
	return file, size, nil
}

// Recognizer makes the network that a file of weights belongs to. tensors are the names and shapes of the tensors in the file. It returns nil if
// they are not those of a network that it knows. names are those of WeightsOptions.Names. zoo.Recognize is one.
type Recognizer func(o Options, tensors map[string]tensor.Shape) (m *Model, names map[string]string, err error)

// recognize opens a file of weights as a network that o.Recognize knows.
func (o Options) recognize(tensors []namedTensor, title string, f source) (*Model, error) {
	if o.Recognize != nil {
		shapes := map[string]tensor.Shape{}
		for _, t := range tensors {
			shapes[t.name] = t.shape
		}
		m, names, err := o.Recognize(o, shapes)
		if err != nil {
			return nil, err
		}
		if m != nil {
			p, err := m.planTensors(tensors, false, WeightsOptions{Names: names})
			if err == nil {
				_, err = p.apply(m)
			}
			return m, err
		}
	}
	return nil, fmt.Errorf("is %s without a network, of %d tensors: %s, whose names and shapes are not those of a network that lince knows; %s",
		title, len(tensors), some(tensorNames(tensors)), strings.ReplaceAll(giveNetwork, "FILE", f.name()))
}

const giveNetwork = `give it its network with "lince convert FILE OUT.keras --network model.json", or make the network and load the weights into it with Model.LoadWeights`

func tensorNames(list []namedTensor) (names []string) {
	for _, t := range list {
		names = append(names, t.name)
	}
	return names
}
