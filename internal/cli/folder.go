package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/folderlock"
	"github.com/lince-ml/lince/internal/patherr"
)

// folder is the output folder of a command. One process at a time may use it. Each file is first
// written to a temporary file, so it is complete at any time. With --overwrite, the files of an earlier
// run stay until the new run begins to train. They are then removed before new files except run.json
// are written, so the folder never holds results of two runs.
type folder struct {
	raw    bool   // CSV files have texts as they are; see csvFlag
	kind   string // of the default folder
	dir    string
	files  []outFile
	made   []string          // the folders that were created; removed again if the command fails early
	wrote  map[string]bool   // the files that this run has written
	what   map[string]string // descriptions of files that replace outFile.what
	keep   bool              // the folder has a run to resume, so discard removes nothing
	over   bool              // --overwrite: the files of an earlier run are replaced
	undo   func() error      // restores the record of the run to resume, which begin has replaced
	gone   bool              // the folder was removed while the command ran, and save created it again
	unlock func()

	drawing []func() error // wait for the files of start
}

// outFile is a file that a command may write, with its description.
type outFile struct{ name, what string }

// checkpointName is the file from which a training is resumed.
const checkpointName = "checkpoint.keras"

// runFiles lists the files of a training.
var runFiles = []outFile{
	{"model.keras", "the model after the last epoch"},
	{"best.keras", "the model of the epoch with the lowest val_loss"},
	{checkpointName, "the state from which --resume continues"},
	{pageName, "everything about the run on one page, for a browser"},
	{"history.csv", "loss and metrics of each epoch"},
	{"curves.png", "plots of the history"},
	{boardName, "files for TensorBoard"},
	{"confusion.png", "the confusion matrix"},
	{"mistakes.png", "the most confident wrong predictions"},
	{"neighbors.png", "wrong predictions, and the most similar other images"},
	{"calibration.png", "how often predictions are correct, by their probability"},
	{"predictions.csv", "the prediction for each validation image"},
	{"batch.png", "the images of the first training batch, after augmentation"},
	{"unreadable.csv", "images that could not be read, and why"},
	{"profile.txt", "the time spent on data, steps and kernels"},
	{"trace.json", "the same as a trace for ui.perfetto.dev"},
	{lrPlot, "the loss by the learning rate"},
	{logName, "the output of the training"},
	{"run.json", "settings, data and results"},
}

// resultFiles lists the files of an evaluation.
var resultFiles = slices.DeleteFunc(slices.Clone(runFiles), func(f outFile) bool {
	return !slices.Contains([]string{pageName, "confusion.png", "mistakes.png", "neighbors.png", "calibration.png", "predictions.csv", "unreadable.csv"}, f.name)
})

// newFolder creates the folder dir, or the next free runs/train-N if dir is empty, and takes it. It
// checks that the folder is writable, so that the command fails before its work and not after it.
func newFolder(dir string, files []outFile, overwrite bool) (*folder, error) {
	return newFolderOf("train", dir, files, overwrite)
}

// newFolderOf is newFolder for the work of another kind than a training, after which its default folder is called.
func newFolderOf(kind, dir string, files []outFile, overwrite bool) (*folder, error) {
	f := &folder{kind: kind, dir: dir, files: files, wrote: map[string]bool{}, what: map[string]string{}, over: overwrite}
	err := f.make()
	if err == nil {
		err = f.take()
	}
	if err == nil && !overwrite {
		for _, o := range f.earlier() {
			if f.has(o.name) {
				err = usageError{fmt.Errorf("--out %s already contains %s; use another folder, or --overwrite", f.dir, o.name)}
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

// openFolder takes the folder of a run to resume.
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

// make creates the folder and its parents.
func (f *folder) make() error {
	if f.dir != "" {
		return f.mkdirAll(f.dir)
	}
	if err := f.mkdirAll("runs"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		f.dir = filepath.Join("runs", fmt.Sprintf("%s-%d", f.kind, n))
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

// mkdirAll is os.MkdirAll, but remembers the folders that it creates.
func (f *folder) mkdirAll(dir string) error {
	switch info, err := os.Stat(dir); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return unwritable(dir, errors.New("it is a file, want a folder"))
	case !errors.Is(err, fs.ErrNotExist):
		return unwritable(dir, err)
	}
	if up := filepath.Dir(dir); up != dir {
		if err := f.mkdirAll(up); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrExist) { // another process has just created it
		return nil
	}
	if err != nil {
		return unwritable(dir, err)
	}
	f.made = append(f.made, dir)
	return nil
}

// take locks the folder, checks that it is writable, and removes temporary files that killed
// processes have left.
func (f *folder) take() error {
	unlock, free, err := folderlock.Lock(f.dir)
	switch {
	case err != nil:
		return unwritable(f.dir, err)
	case !free:
		return fmt.Errorf("the folder %s is in use by another lince process; wait until it ends, or use another folder", f.dir)
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

// escapeGlob escapes a path for filepath.Glob.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' { // Windows has no escaping, and no * or ? in file names
		return strings.ReplaceAll(path, "[", "[[]")
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func unwritable(dir string, err error) error {
	return fmt.Errorf("cannot write to the output folder %s: %w; use another one with --out", dir, patherr.Bare(err))
}

// begin writes the first file, run.json, and then removes the files of an earlier run. From then
// on run.json describes the state of the folder.
func (f *folder) begin(name string, write func(io.Writer) error) error {
	if was, err := bounded.ReadFile(f.path(name), bounded.MaxFile); f.keep && err == nil {
		f.undo = func() error { return f.writeBytes(name, was) }
	}
	if err := f.write(name, write); err != nil {
		return err
	}
	if f.over {
		if err := f.removeRuns(); err != nil {
			return err
		}
	}
	return f.finish()
}

// earlier lists the files that an earlier run may have left, which finish removes. In the folder of a training, that run may have been a training
// of another kind, such as a cross-validation.
func (f *folder) earlier() []outFile {
	if f.keep || !slices.ContainsFunc(f.files, func(o outFile) bool { return o.name == "run.json" }) {
		return f.files
	}
	return slices.Concat(f.files, runFiles, foldFiles, tuneFiles)
}

// runsWithin matches the names of the folders in which --folds and --tune train.
var runsWithin = regexp.MustCompile(`^(fold-[0-9]+|trial-[0-9]+-[0-9]+|best)$`)

// removeRuns removes the runs of an earlier cross-validation or search from the folder. What lince has not written stays, and so does a run
// that another process uses.
func (f *folder) removeRuns() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if within := (&folder{dir: f.path(e.Name()), files: runFiles}); e.IsDir() && runsWithin.MatchString(e.Name()) && within.has("run.json") {
			unlock, free, err := folderlock.Lock(within.dir)
			if err != nil {
				return err
			}
			if !free {
				continue
			}
			err = within.finish()
			unlock()
			if err != nil {
				return err
			}
			_ = os.Remove(within.dir) // fails if it has other files
		}
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) has(name string) bool { return hasFile(f.dir, name) }

func hasFile(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// write replaces a file.
func (f *folder) write(name string, write func(io.Writer) error) error {
	return f.save(name, func() error { return atomicfile.Write(f.path(name), drawn(name, write)) })
}

// testPlot is set by tests, in which most of the time would be that of plots: it returns what writes the content of a plot.
var testPlot func(draw func(io.Writer) error) func(io.Writer) error

func drawn(name string, write func(io.Writer) error) func(io.Writer) error {
	if testPlot != nil && filepath.Ext(name) == ".png" {
		return testPlot(write)
	}
	return write
}

// save calls a function that writes a file. If the folder was removed while the command ran, save
// creates it again, so that the remaining files are not lost.
func (f *folder) save(name string, save func() error) error {
	if err := f.restore(); err != nil {
		return err
	}
	return f.wroteIf(name, save())
}

// start is write in the background, for files that take long to draw. wait waits for them.
func (f *folder) start(name string, write func(io.Writer) error) error {
	if err := f.restore(); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() { written <- atomicfile.Write(f.path(name), drawn(name, write)) }()
	f.drawing = append(f.drawing, func() error { return f.wroteIf(name, <-written) })
	return nil
}

// wait waits for the files of start.
func (f *folder) wait() error {
	var errs []error
	for _, wait := range f.drawing {
		errs = append(errs, wait())
	}
	f.drawing = nil
	return errors.Join(errs...)
}

// restore creates the folder again if it was removed.
func (f *folder) restore() error {
	if _, err := os.Stat(f.dir); errors.Is(err, fs.ErrNotExist) && len(f.wrote) > 0 {
		f.gone = true
		return os.MkdirAll(f.dir, 0o777)
	}
	return nil
}

func (f *folder) writeBytes(name string, content []byte) error {
	return f.write(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// wroteIf marks a file as written by this run if err is nil. It returns err.
func (f *folder) wroteIf(name string, err error) error {
	if err == nil {
		f.wrote[name] = true
	}
	return err
}

// finish waits for all files, and removes those of an earlier run that this run has not replaced.
func (f *folder) finish() error {
	if err := f.wait(); err != nil {
		return err
	}
	for _, o := range f.earlier() {
		if f.wrote[o.name] {
			continue
		}
		if err := f.unlink(o.name); err != nil {
			return err
		}
	}
	return nil
}

// unlink removes a file of the folder, if it is there.
func (f *folder) unlink(name string) error {
	if name == boardName {
		return removeBoard(f.path(name))
	}
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// remove removes a file of this run.
func (f *folder) remove(name string) error {
	delete(f.wrote, name)
	return f.unlink(name)
}

// lost returns an error that names the files of this run that have been removed since.
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
		return fmt.Errorf("%s: removed from %s while lince was running; the other files of the run are there", strings.Join(names, ", "), f.dir)
	case f.gone:
		return fmt.Errorf("the folder %s was removed while lince was running; it has only the files that were written after that", f.dir)
	}
	return nil
}

// close unlocks the folder.
func (f *folder) close() {
	if f.unlock != nil {
		f.unlock()
	}
	f.unlock = nil
}

// discard removes the files that were written and the folders that were created, and unlocks
// the folder. A run to resume keeps its files, and gets its record back.
func (f *folder) discard() {
	defer f.close()
	_ = f.wait() // the caller reports another error
	if f.keep {
		if f.undo != nil {
			_ = f.undo() // as above
		}
		return
	}
	for name := range f.wrote {
		_ = f.unlink(name) // the caller reports another error
	}
	f.unmake()
}

// unmake removes the folders that were created, if they are empty.
func (f *folder) unmake() {
	for i := range f.made {
		_ = os.Remove(f.made[len(f.made)-1-i]) // the innermost first; fails if it is not empty
	}
}

// contents lists the files that were written, with their descriptions.
func (f *folder) contents() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Files in %s:\n", cmp.Or(f.dir, "."))
	for _, o := range f.files {
		if f.wrote[o.name] && f.has(o.name) {
			fmt.Fprintf(&s, "  %-16s  %s\n", o.name, cmp.Or(f.what[o.name], o.what))
		}
	}
	return s.String()
}
