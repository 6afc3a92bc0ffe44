package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/patherr"
)

// path is a file or folder as the user wrote it, except that ~ is expanded: shells do not
// expand it after an equals sign.
type path string

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *path) UnmarshalText(text []byte) error {
	*p = path(text)
	if slices.Contains(standardOutputs, string(text)) {
		*p = standardOutput
	}
	if strings.HasPrefix(string(text), "~") {
		*p = path(kong.ExpandPath(string(text)))
	}
	return nil
}

// textMapper takes a text of the command line unchanged. Kong's own ways replace bytes that are not in UTF-8, which names of files may have. The text is what messages of kong call the value.
type textMapper string

// Decode implements kong.Mapper.
func (m textMapper) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	t, err := ctx.Scan.PopValue(string(m))
	if err != nil {
		return err
	}
	text, ok := t.Value.(string)
	if !ok {
		return fmt.Errorf("want a text, got %v", t.Value)
	}
	if p, ok := target.Addr().Interface().(*path); ok {
		return p.UnmarshalText([]byte(text))
	}
	target.SetString(text)
	return nil
}

// standardOutput is the name of a file that stands for standard output.
const standardOutput = path("-")

// oneResult returns an error if a file and the result would both go to standard output.
func (e *env) oneResult(csv path) error {
	if csv == standardOutput && e.json {
		return usageError{errors.New("--csv - and --json both write to standard output; use one of them")}
	}
	return nil
}

// standardOutputs are names of standard output that systems have.
var standardOutputs = []string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}

// replaceOrStream replaces a file, or writes to a pipe or a device.
func replaceOrStream(name string, write func(w io.Writer) error) error {
	info, err := os.Stat(name)
	if err != nil || !isStream(info) {
		return atomicfile.Write(name, write)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	err = write(b)
	if err == nil {
		err = b.Flush()
	}
	return errors.Join(err, f.Close())
}

// writeFile writes the file p, which is the value of a flag.
func (e *env) writeFile(flag string, p path, write func(w io.Writer) error) error {
	if p == standardOutput {
		return write(e.stdout)
	}
	if err := e.startSaving(); err != nil {
		return err
	}
	if err := replaceOrStream(string(p), write); err != nil {
		return fmt.Errorf("%s: cannot write %s: %w", flag, p, patherr.Bare(err))
	}
	return nil
}
