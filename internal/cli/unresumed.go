package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// unresumed adds to the error of a run that cannot be resumed what to do instead. r is the run's record, as far as it could be read.
func unresumed(dir string, r record, err error) error {
	var text strings.Builder
	if errors.Is(err, fs.ErrNotExist) && len(r.CommandLine) > 0 {
		fmt.Fprintf(&text, "\nif the images have another place now: %s", shell.Command("lince", "train", "DATA", "--resume", dir))
	}
	text.WriteString("\nto start again: ")
	if again := withoutOut(r.CommandLine); len(again) > 0 {
		if here, err := os.Getwd(); err == nil && r.Directory != "" && r.Directory != here {
			fmt.Fprintf(&text, "cd %s && ", shell.Quote(r.Directory))
		}
		text.WriteString(commandLine(again))
	} else {
		text.WriteString("the command of the run, with another folder for --out")
	}
	for _, name := range []string{"best.keras", "model.keras"} {
		if hasFile(dir, name) {
			fmt.Fprintf(&text, "\nto train the model further: lince train DATA --model %s", shell.Quote(filepath.Join(dir, name)))
			break
		}
	}
	return fmt.Errorf("%w%s", err, text.String())
}

// withoutOut returns a command line without its output folder, so that it takes a new one.
func withoutOut(args []string) []string {
	args = slices.Clone(args)
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--out" && i+1 < len(args):
			args = slices.Delete(args, i, i+2)
			i--
		case strings.HasPrefix(a, "--out="), a == "--overwrite":
			args = slices.Delete(args, i, i+1)
			i--
		}
	}
	return args
}

// notARun is the error for a folder without run.json. It names folders of runs that can be resumed.
func notARun(dir string, err error) error {
	var runs []string
	for _, pattern := range []string{filepath.Join(escapeGlob(dir), "*"), filepath.Join(escapeGlob(filepath.Dir(dir)), "*"), filepath.Join("runs", "*")} {
		list, _ := filepath.Glob(filepath.Join(pattern, checkpointName)) // the pattern is valid
		for _, file := range list {
			if run := filepath.Dir(file); !slices.Contains(runs, run) && hasFile(run, "run.json") {
				runs = append(runs, run)
			}
		}
	}
	hint := "; want the output folder of a lince train that did not end"
	if n := len(runs); n > 0 {
		hint += ", such as " + shell.Quote(runs[n-1])
	}
	return fmt.Errorf("--resume %s: not a run to resume: run.json: %w%s", dir, err, hint)
}
