package cli

import (
	"fmt"
	"io"
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
	if strings.HasPrefix(string(text), "~") {
		*p = path(kong.ExpandPath(string(text)))
	}
	return nil
}

// writeFile writes the file p, which is the value of a flag.
func (e *env) writeFile(flag string, p path, write func(w io.Writer) error) error {
	if err := e.startSaving(); err != nil {
		return err
	}
	if err := atomicfile.Write(string(p), write); err != nil {
		return fmt.Errorf("%s: cannot write %s: %w", flag, p, patherr.Bare(err))
	}
	return nil
}
