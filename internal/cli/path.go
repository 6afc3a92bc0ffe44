package cli

import (
	"strings"

	"github.com/alecthomas/kong"
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
