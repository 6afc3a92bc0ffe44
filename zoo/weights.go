package zoo

import (
	"cmp"
	"crypto/md5" //nolint:gosec // Keras' table has these hashes; they detect damaged files, not forged ones
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince"
)

// WeightsFile is a file of weights that keras.applications downloads.
type WeightsFile struct {
	Name string // in Keras' folder of downloads
	URL  string // its address
	MD5  string // in hexadecimal; "" if Keras does not check it
	// SHA256 is in hexadecimal. Keras checks it instead of MD5 for some networks.
	SHA256 string
	NoTop  bool // if it has no classifier
	// Alpha and Side are those of the options for which it was trained; 0 if the network has one file for all.
	Alpha        float64
	Side         int // pixels
	Minimalistic bool
	Parameters   int // number of the file's weights, 4 bytes each
}

// address is that of Keras' files.
const address = "https://storage.googleapis.com/tensorflow/keras-applications/"

// ErrDamaged is the error for a file whose hash is not the one that Keras has.
var ErrDamaged = errors.New("not the one that Keras has")

// Folder returns the folder of Keras' downloads: models in $KERAS_HOME, or in ~/.keras.
func Folder() (string, error) {
	if home := os.Getenv("KERAS_HOME"); home != "" {
		return filepath.Join(home, "models"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("zoo: %w; set KERAS_HOME to the folder that contains models", err)
	}
	return filepath.Join(home, ".keras", "models"), nil
}

// Find returns the path of the file in Folder. If it is not there, the error wraps fs.ErrNotExist and says how to fetch it. If it has another hash,
// the error wraps ErrDamaged.
func (f WeightsFile) Find() (string, error) {
	folder, err := Folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, f.Name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w; lince does not download files. To fetch it (%d MB):\n  %s", path, fs.ErrNotExist, f.MB(), f.Command(folder))
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	want, h, algorithm := f.MD5, md5.New(), "MD5" //nolint:gosec // as above
	if f.SHA256 != "" {
		want, h, algorithm = f.SHA256, sha256.New(), "SHA-256"
	}
	if want == "" {
		return path, nil
	}
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return "", fmt.Errorf("the file %s is %w: its %s hash is %s, want %s; remove it. To fetch it again:\n  %s", path, ErrDamaged, algorithm, got, want, f.Command(folder))
	}
	return path, nil
}

// MB returns the size of the file in millions of bytes, rounded. Names and padding, which are not counted, take less than 1 % of it.
func (f WeightsFile) MB() int { return (4*f.Parameters + 5e5) / 1e6 }

// Command returns a command line that fetches the file into the folder.
func (f WeightsFile) Command(folder string) string {
	return fmt.Sprintf("curl --fail --create-dirs --output %q %s", filepath.Join(folder, f.Name), f.URL)
}

// weights returns the path of the file that Options.Weights names, or "".
func (o Options) weights(a architecture) (string, error) {
	if o.Weights != ImageNet {
		return o.Weights, nil
	}
	f, err := o.imageNet(a)
	if err != nil {
		return "", err
	}
	return f.Find()
}

// WeightsFile returns the file of ImageNet's weights that New takes for options with these weights.
func (n Network) WeightsFile(o Options) (WeightsFile, error) {
	o, err := o.check(n.architecture)
	if err != nil {
		return WeightsFile{}, err
	}
	return o.imageNet(n.architecture)
}

// CheckWeights returns the error that New returns if the file of Options.Weights is not there, or is damaged. It does not read weights.
func (n Network) CheckWeights(o Options) error {
	o, err := o.check(n.architecture)
	if err != nil {
		return err
	}
	path, err := o.weights(n.architecture)
	if err == nil && path != "" {
		_, err = os.Stat(path)
	}
	return err
}

// load reads the weights in a file into the model.
func (o Options) load(m *lince.Model, a architecture, path string, form *torchForm) error {
	if path == "" {
		return nil
	}
	k, err := lince.FileKindOf(path)
	if err != nil {
		return err
	}
	var names map[string]string
	if form != nil {
		names = form.names(o.NoTop)
	}
	_, err = m.LoadWeights(path, lince.WeightsOptions{Names: names})
	switch {
	case err == nil:
		return nil
	case !o.NoTop:
		return o.topError(a, path, form, err)
	case form != nil:
		return err
	case !foreign(k):
		return o.loadBody(m, a, path, err)
	}
	// A state dict has no names of Keras' layers: its classifier is what is left over at the end.
	r, err := m.LoadWeights(path, lince.WeightsOptions{SkipMismatch: true})
	if err == nil && len(r.Skipped) > 0 {
		err = fmt.Errorf("the file %s has no weights for %s: %s", path, r.Skipped[0].Variable, r.Skipped[0].Reason)
	}
	return err
}

// topError returns the error for a file whose weights do not fit the network. If they fit its body, it says so.
func (o Options) topError(a architecture, path string, form *torchForm, whyNot error) error {
	o.NoTop = true
	body, err := o.make(a.in(form))
	if err != nil || o.load(body, a, path, form) != nil {
		return whyNot
	}
	return fmt.Errorf("the file %s fits the body of the network, but not a classifier of %d classes for images of %v; set Classes and InputShape to those of the file, or NoTop to load the body alone: %w",
		path, o.Classes, o.InputShape, whyNot)
}

// loadBody reads a file of a network with a classifier into a model without one. Layers are matched by their order, because some old files have other
// names than Keras has now. whyNot is the error without this.
func (o Options) loadBody(m *lince.Model, a architecture, path string, whyNot error) error {
	whole := Options{NoPreprocessing: o.NoPreprocessing, Alpha: o.Alpha, DepthMultiplier: o.DepthMultiplier, Minimalistic: o.Minimalistic, Model: o.Model}
	if c := o.InputShape[2]; c != 3 {
		whole.InputShape = []int{a.side, a.side, c}
	}
	whole, err := whole.check(a)
	if err != nil {
		return err
	}
	from, err := whole.make(a)
	if err != nil {
		return err
	}
	r, err := from.LoadWeights(path, lince.WeightsOptions{SkipMismatch: true})
	if err != nil {
		return whyNot
	}
	skipped := map[string]bool{}
	for _, s := range r.Skipped {
		skipped[s.Variable] = true
	}
	// The classifier's variables are the last ones.
	source := from.Variables()
	for i, v := range m.Variables() {
		if i >= len(source) || skipped[source[i].Path()] || !source[i].Shape().Equal(v.Shape()) {
			return whyNot
		}
		if err := v.Set(source[i].Value()); err != nil {
			return err
		}
	}
	return nil
}

// imageNet returns the file of ImageNet's weights for the options.
func (o Options) imageNet(a architecture) (WeightsFile, error) {
	if !o.NoTop && o.Classes != 1000 {
		return WeightsFile{}, fmt.Errorf("the field Classes is %d, but the classifier of the ImageNet weights has 1000 classes; set NoTop and add a classifier", o.Classes)
	}
	if o.InputShape[2] != 3 {
		return WeightsFile{}, fmt.Errorf("InputShape is %v, but the ImageNet weights are for 3 channels", o.InputShape)
	}
	if o.DepthMultiplier > 1 {
		return WeightsFile{}, fmt.Errorf("the field DepthMultiplier is %d, but the ImageNet weights are for 1", o.DepthMultiplier)
	}
	var found WeightsFile
	size := [2]int{o.InputShape[0], o.InputShape[1]}
	for _, f := range a.imageNet {
		if f.NoTop != o.NoTop || f.Alpha != 0 && f.Alpha != cmp.Or(o.Alpha, 1) || f.Minimalistic != o.Minimalistic {
			continue
		}
		if f.Side == 0 || size == [2]int{f.Side, f.Side} {
			return f, nil
		}
		// Without a classifier, the weights for images of the default size fit all sizes.
		if o.NoTop && f.Side == a.side {
			found = f
		}
	}
	if found.Name == "" {
		return found, errors.New("there are no ImageNet weights for these options")
	}
	return found, nil
}

// weightsFiles returns the files NAME.h5 and NAME_notop.h5 in a folder of the server. The first elements of the arrays are of the file with a classifier.
func weightsFiles(folder, name string, md5 [2]string, parameters [2]int) []WeightsFile {
	return []WeightsFile{
		{Name: name + ".h5", URL: folder + name + ".h5", MD5: md5[0], Parameters: parameters[0]},
		{Name: name + "_notop.h5", URL: folder + name + "_notop.h5", MD5: md5[1], NoTop: true, Parameters: parameters[1]},
	}
}
