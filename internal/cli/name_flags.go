package cli

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/namelist"
)

// nameList is the value of a flag for a list of class names.
type nameList []string

// UnmarshalText implements encoding.TextUnmarshaler. It appends the names, so that a flag can be repeated.
func (l *nameList) UnmarshalText(text []byte) error {
	names := namelist.Split(string(text))
	if slices.Contains(names, "") {
		return fmt.Errorf("has an empty name; %s: got %s", namelist.Escapes, text)
	}
	*l = append(*l, names...)
	return nil
}

// renames is the value of --rename.
type renames map[string]string

// UnmarshalText implements encoding.TextUnmarshaler. It adds the names, so that the flag can be repeated.
func (r *renames) UnmarshalText(text []byte) error {
	pairs, err := namelist.SplitPairs(string(text))
	if err != nil {
		return fmt.Errorf("must be OLD=NEW,... such as cat=gato,dog=perro, but %w", err)
	}
	if *r == nil {
		*r = renames{}
	}
	for _, p := range pairs {
		(*r)[p.Name] = p.Value
	}
	return nil
}
