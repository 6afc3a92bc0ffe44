package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/patherr"
)

// folder is where a command writes its files. Nothing that was there before is lost: files
// of an earlier run are replaced one by one, each by a whole new one, and only where the
// user said so.
type folder struct {
	dir   string
	files []outFile
	made  []string        // the folders that were made, and are removed again if nothing comes of it
	wrote map[string]bool // the files that are this run's
}

// outFile is a file that a command may write.
type outFile struct{ name, what string }

// runFiles are those of a training.
var runFiles = []outFile{
	{"model.keras", "the model after the last epoch"},
	{"best.keras", "the model of the epoch with the least val_loss"},
	{"history.csv", "loss and accuracy of each epoch"},
	{"curves.png", "the same, drawn"},
	{"confusion.png", "what was taken for what"},
	{"mistakes.png", "the surest mistakes"},
	{"predictions.csv", "what was predicted for each validation picture"},
	{"batch.png", "the first batch as the model saw it"},
	{"unreadable.csv", "pictures that were left out, and why"},
	{"profile.txt", "what took how long"},
	{"trace.json", "the same, to look at in ui.perfetto.dev"},
	{"run.json", "settings, data and results"},
}

// resultFiles are those of an evaluation.
var resultFiles = slices.DeleteFunc(slices.Clone(runFiles), func(f outFile) bool {
	return !slices.Contains([]string{"confusion.png", "mistakes.png", "predictions.csv", "unreadable.csv"}, f.name)
})

// newFolder makes the folder dir, or the next free runs/train-N where dir is empty, and
// finds out whether it can be written: before the work, not after it.
func newFolder(dir string, files []outFile, overwrite bool) (*folder, error) {
	f := &folder{dir: dir, files: files, wrote: map[string]bool{}}
	err := f.make()
	if err == nil {
		err = f.writable()
	}
	if err == nil && !overwrite {
		for _, o := range files {
			if f.has(o.name) {
				err = usageError{fmt.Errorf("--out %s: has %s of an earlier run; name another folder, or say --overwrite", dir, o.name)}
				break
			}
		}
	}
	if err != nil {
		f.discard()
		return nil, err
	}
	return f, nil
}

// make makes the folder and those above it.
func (f *folder) make() error {
	if f.dir != "" {
		return f.mkdirAll(f.dir)
	}
	if err := f.mkdirAll("runs"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		f.dir = filepath.Join("runs", fmt.Sprintf("train-%d", n))
		err := os.Mkdir(f.dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return unwritable(f.dir, err)
		}
		f.made = append(f.made, f.dir)
		return nil
	}
}

// mkdirAll is os.MkdirAll that remembers.
func (f *folder) mkdirAll(dir string) error {
	switch info, err := os.Stat(dir); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return unwritable(dir, errors.New("is a file, want a folder"))
	case !errors.Is(err, fs.ErrNotExist):
		return unwritable(dir, err)
	}
	if up := filepath.Dir(dir); up != dir {
		if err := f.mkdirAll(up); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrExist) { // by another process, just now
		return nil
	}
	if err != nil {
		return unwritable(dir, err)
	}
	f.made = append(f.made, dir)
	return nil
}

func (f *folder) writable() error {
	t, err := os.CreateTemp(f.dir, ".writable-*")
	if err != nil {
		return unwritable(f.dir, err)
	}
	return errors.Join(t.Close(), os.Remove(t.Name()))
}

func unwritable(dir string, err error) error {
	return fmt.Errorf("the output folder %s cannot be written: %w; name another with --out", dir, patherr.Bare(err))
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}

// write replaces a file.
func (f *folder) write(name string, write func(io.Writer) error) error {
	return f.wroteIf(name, atomicfile.Write(f.path(name), write))
}

func (f *folder) writeBytes(name string, content []byte) error {
	return f.write(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// wroteIf notes that a file is this run's if it was written without error.
func (f *folder) wroteIf(name string, err error) error {
	if err == nil {
		f.wrote[name] = true
	}
	return err
}

// finish removes the files of an earlier run that this one has not replaced: they are not
// of these results.
func (f *folder) finish() error {
	for _, o := range f.files {
		if f.wrote[o.name] {
			continue
		}
		if err := os.Remove(f.path(o.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// discard removes what was written, and the folders that were made for it.
func (f *folder) discard() {
	for name := range f.wrote {
		_ = os.Remove(f.path(name)) // there is another error to tell
	}
	for _, dir := range slices.Backward(f.made) {
		_ = os.Remove(dir) // fails when something is in it, as it should
	}
}

// contents lists what was written, and what it is.
func (f *folder) contents() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Written to %s:\n", cmp.Or(f.dir, "."))
	for _, o := range f.files {
		if f.wrote[o.name] {
			fmt.Fprintf(&s, "  %-15s  %s\n", o.name, o.what)
		}
	}
	return s.String()
}
