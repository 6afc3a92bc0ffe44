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

// folder is where a command writes its files, one process at a time. Every file is replaced
// by a whole new one. The files of an earlier run stay until this one is known to begin, and
// then go first, so that files of two runs never stand beside each other; that they may go,
// the user has said.
type folder struct {
	dir    string
	files  []outFile
	made   []string          // the folders that were made, and are removed again if nothing comes of it
	wrote  map[string]bool   // the files that are this run's
	what   map[string]string // what a file is, where that is not outFile.what
	keep   bool              // there is a run to resume in it: discard leaves all
	gone   bool              // it was removed while the command worked, and made again
	unlock func()
}

// outFile is a file that a command may write.
type outFile struct{ name, what string }

// checkpointName is the file that a training is resumed from.
const checkpointName = "checkpoint.keras"

// runFiles are those of a training.
var runFiles = []outFile{
	{"model.keras", "the model after the last epoch"},
	{"best.keras", "the model of the epoch with the least val_loss"},
	{checkpointName, "where --resume continues"},
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

// newFolder makes the folder dir, or the next free runs/train-N where dir is empty, takes
// it, and finds out whether it can be written: before the work, not after it.
func newFolder(dir string, files []outFile, overwrite bool) (*folder, error) {
	f := &folder{dir: dir, files: files, wrote: map[string]bool{}, what: map[string]string{}}
	err := f.make()
	if err == nil {
		err = f.take()
	}
	if err == nil && !overwrite {
		for _, o := range files {
			if f.has(o.name) {
				err = usageError{fmt.Errorf("--out %s: has %s of an earlier run; name another folder, or say --overwrite", f.dir, o.name)}
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

// openFolder takes the folder of a run that is to be resumed.
func openFolder(dir string, files []outFile) (*folder, error) {
	f := &folder{dir: dir, files: files, wrote: map[string]bool{}, what: map[string]string{}, keep: true}
	if err := f.take(); err != nil {
		f.close()
		return nil, err
	}
	for _, o := range files {
		f.wrote[o.name] = f.has(o.name)
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

// take locks the folder, finds out whether it can be written, and removes what killed
// processes have left half written.
func (f *folder) take() error {
	unlock, free, err := lockFolder(f.dir)
	switch {
	case err != nil:
		return unwritable(f.dir, err)
	case !free:
		return fmt.Errorf("the folder %s is in use: another lince is writing to it; wait for its end, or name another folder", f.dir)
	}
	f.unlock = unlock
	left, err := filepath.Glob(filepath.Join(escapeGlob(f.dir), ".writable-*"))
	if err != nil {
		return unwritable(f.dir, err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(f.dir, err)
		}
	}
	t, err := os.CreateTemp(f.dir, ".writable-*")
	if err == nil {
		err = errors.Join(t.Close(), os.Remove(t.Name()))
	}
	for _, o := range f.files {
		if err == nil {
			err = atomicfile.Sweep(f.path(o.name))
		}
	}
	if err != nil {
		return unwritable(f.dir, err)
	}
	return nil
}

// escapeGlob has filepath.Glob take a path as it is.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' { // where there is no escaping, * and ? are in no name
		return strings.ReplaceAll(path, "[", "[[]")
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func unwritable(dir string, err error) error {
	return fmt.Errorf("the output folder %s cannot be written: %w; name another with --out", dir, patherr.Bare(err))
}

// begin writes the first file, run.json, and then removes those of an earlier run: whoever
// looks from then on learns from it what state the folder is in.
func (f *folder) begin(name string, write func(io.Writer) error) error {
	if err := f.write(name, write); err != nil {
		return err
	}
	return f.finish()
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}

// write replaces a file.
func (f *folder) write(name string, write func(io.Writer) error) error {
	return f.save(name, func() error { return atomicfile.Write(f.path(name), write) })
}

// save has a file written by a function. A folder that somebody has removed is made again:
// better a part of the files than none.
func (f *folder) save(name string, save func() error) error {
	if _, err := os.Stat(f.dir); errors.Is(err, fs.ErrNotExist) && len(f.wrote) > 0 {
		f.gone = true
		if err := os.MkdirAll(f.dir, 0o777); err != nil {
			return err
		}
	}
	return f.wroteIf(name, save())
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

// remove removes a file of this run.
func (f *folder) remove(name string) error {
	delete(f.wrote, name)
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lost is an error that names the files that were written and are not there.
func (f *folder) lost() error {
	var names []string
	for _, o := range f.files {
		if f.wrote[o.name] && !f.has(o.name) {
			names = append(names, o.name)
			f.wrote[o.name] = false
		}
	}
	switch {
	case len(names) > 0:
		return fmt.Errorf("%s was removed from %s while lince was running; what it has now is listed above", strings.Join(names, ", "), f.dir)
	case f.gone:
		return fmt.Errorf("the folder %s was removed while lince was running; what it has now is listed above", f.dir)
	}
	return nil
}

// close lets other processes have the folder.
func (f *folder) close() {
	if f.unlock != nil {
		f.unlock()
	}
	f.unlock = nil
}

// discard removes what was written, and the folders that were made for it.
func (f *folder) discard() {
	defer f.close()
	if f.keep {
		return
	}
	for name := range f.wrote {
		_ = os.Remove(f.path(name)) // there is another error to tell
	}
	f.unmake()
}

// unmake removes the folders that were made, if nothing is in them.
func (f *folder) unmake() {
	for _, dir := range slices.Backward(f.made) {
		_ = os.Remove(dir) // fails when something is in it, as it should
	}
}

// contents lists what was written, and what it is.
func (f *folder) contents() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Written to %s:\n", cmp.Or(f.dir, "."))
	for _, o := range f.files {
		if f.wrote[o.name] && f.has(o.name) {
			fmt.Fprintf(&s, "  %-16s  %s\n", o.name, cmp.Or(f.what[o.name], o.what))
		}
	}
	return s.String()
}
