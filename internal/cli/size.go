package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a picture's height and width: "128x96", or "128" for both.
type size [2]int

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	h, w, two := strings.Cut(strings.ToLower(string(text)), "x")
	if !two {
		w = h
	}
	for i, part := range []string{h, w} {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("%q is no size: want height x width in pixels, as in 128x128", text)
		}
		if n < 1 || n > 1<<14 {
			return fmt.Errorf("a size of %s: want 1 to %d pixels each way", text, 1<<14)
		}
		s[i] = n
	}
	return nil
}

// String prints as it is read.
func (s size) String() string { return fmt.Sprintf("%dx%d", s[0], s[1]) }
