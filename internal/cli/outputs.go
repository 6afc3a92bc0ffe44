package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/patherr"
)

// outputKind is what a flag writes: the value of its tag writes. The rules for a file that exists already are here, for all commands.
type outputKind struct {
	name string
	// is reports whether an existing file, of which head are the first bytes, is of this kind. It may then be replaced, so that a command can
	// be repeated. It is nil for a command that has its own rule, such as --overwrite; then only images are protected here.
	is   func(head []byte) bool
	what string // the kind, in a message
}

var outputKinds = []outputKind{
	{"predictions", startsWith("filename,category,predicted"), "a table of predictions"},
	{"table", startsWith("filename,category\n"), "a table with the columns filename and category"},
	{"png", isPNG, "a PNG image"},
	{"plot", func(head []byte) bool { return isPNG(head) || bytes.Contains(head, []byte("<svg")) }, "a plot in SVG or PNG"},
	{"text", func(head []byte) bool { return picture.Format(head) == "" && !bytes.ContainsRune(head, 0) }, "a text file"},
	{"new", nil, ""},
	{"folder", nil, ""},
}

func startsWith(text string) func(head []byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(text)) }
}

func isPNG(head []byte) bool { return picture.Format(head) == "PNG" }

// furtherOutputs is implemented by commands that write more files than their flags name.
type furtherOutputs interface{ furtherOutputs() []string }

// outputFile is a file that a flag writes.
type outputFile struct{ flag, file, kind string }

// checkOutputs returns an error if a command would replace a file that it reads, or one that is not of the kind that it writes.
func checkOutputs(k *kong.Context) error {
	outputs, inputs := filesOf(k)
	for _, o := range outputs {
		info, err := os.Stat(o.file)
		if err != nil {
			if err := o.creatable(); err != nil {
				return err
			}
			continue
		}
		for _, in := range inputs {
			old, err := os.Stat(in)
			switch {
			case err != nil || old.IsDir():
			case os.SameFile(info, old) && in == o.file:
				return usageError{fmt.Errorf("%s %s: the command reads this file; write to another one", o.flag, in)}
			case os.SameFile(info, old):
				return usageError{fmt.Errorf("%s: %s and %s are the same file, which the command reads; write to another one", o.flag, o.file, in)}
			case info.IsDir() && o.kind == "folder":
				if dir, err := os.Stat(filepath.Dir(in)); err == nil && os.SameFile(info, dir) && isResult(filepath.Base(in)) {
					return usageError{fmt.Errorf("%s %s: the command reads %s, and would replace it; use another folder", o.flag, o.file, in)}
				}
			}
		}
		if err := o.replaces(info); err != nil {
			return err
		}
	}
	return nil
}

// isResult reports whether a file of an output folder may have this name.
func isResult(name string) bool {
	return slices.ContainsFunc(slices.Concat(runFiles, checkFiles(), tuneFiles, foldFiles), func(f outFile) bool { return f.name == name })
}

// creatable returns an error if the file cannot be made, before the command does the work for it.
func (o outputFile) creatable() error {
	if o.kind == "folder" {
		return nil // with the folders around it
	}
	dir := filepath.Dir(o.file)
	f, err := os.CreateTemp(dir, ".lince-*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: cannot write %s: there is no folder %s; make it first", o.flag, o.file, dir)
	case err != nil:
		return fmt.Errorf("%s: cannot write %s: %w", o.flag, o.file, patherr.Bare(err))
	}
	_ = f.Close() // it is empty
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("%s: %w", o.flag, err)
	}
	return nil
}

// isStream reports whether a file takes what is written, one byte after the other: a pipe, as of the shell's >(gzip), or a device such as /dev/null.
func isStream(info os.FileInfo) bool { return info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) != 0 }

// replaces returns an error if the file must not be replaced because of what it is.
func (o outputFile) replaces(info os.FileInfo) error {
	kind := outputKinds[slices.IndexFunc(outputKinds, func(k outputKind) bool { return k.name == o.kind })]
	if info.IsDir() && kind.is != nil {
		return usageError{fmt.Errorf("%s: %s is a folder, want the name of a file", o.flag, o.file)}
	}
	if !info.Mode().IsRegular() && !info.IsDir() && (kind.is == nil || !isStream(info)) {
		return usageError{fmt.Errorf("%s: %s is not a regular file, which this command needs", o.flag, o.file)}
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	f, err := os.Open(o.file)
	if err != nil {
		return nil // it is replaced without being read
	}
	defer func() { _ = f.Close() }() // it was only read
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if n == 0 && err != nil {
		return nil
	}
	head = head[:n]
	format := picture.Format(head)
	switch {
	case kind.is != nil && kind.is(head):
		return nil
	case format != "":
		format = "an image (" + format + ")"
	case kind.is == nil:
		return nil
	}
	return usageError{fmt.Errorf("%s: %s exists and is %s; use another name, or remove that file first", o.flag, o.file, cmp.Or(format, "not "+kind.what))}
}

// filesOf returns the files that the command writes, and the files and folders that it reads: the values of all other flags and arguments that
// are the names of some.
func filesOf(k *kong.Context) (outputs []outputFile, inputs []string) {
	for v, flag := range commandValues(k) {
		names := texts(v.Target)
		kind := v.Tag.Get("writes")
		for _, name := range names {
			switch {
			case name == "" || name == string(standardOutput):
			case kind != "":
				outputs = append(outputs, outputFile{cmp.Or(flag, v.Summary()), name, kind})
			default:
				inputs = append(inputs, name)
				if _, file, ok := strings.Cut(name, "="); ok { // NAME=FILE
					inputs = append(inputs, file)
				}
			}
		}
	}
	if c, ok := k.Selected().Target.Addr().Interface().(furtherOutputs); ok {
		for _, file := range c.furtherOutputs() {
			outputs = append(outputs, outputFile{"--out", file, "new"})
		}
	}
	return outputs, inputs
}

// texts returns the texts of a flag's value.
func texts(v reflect.Value) (names []string) {
	switch v.Kind() {
	case reflect.String:
		return []string{v.String()}
	case reflect.Slice:
		for i := range v.Len() {
			names = append(names, texts(v.Index(i))...)
		}
	}
	return names
}
