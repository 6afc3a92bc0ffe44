package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/internal/atomicfile"
)

// path is a file or folder as the user wrote it; only ~ is expanded, which shells leave
// alone after an equals sign.
type path string

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *path) UnmarshalText(text []byte) error {
	*p = path(text)
	if strings.HasPrefix(string(text), "~") {
		*p = path(kong.ExpandPath(string(text)))
	}
	return nil
}

// writeFile writes the file that a flag names.
func writeFile(flag string, p path, write func(w io.Writer) error) error {
	if err := atomicfile.Write(string(p), write); err != nil {
		return fmt.Errorf("%s %s: %w", flag, p, err)
	}
	return nil
}
