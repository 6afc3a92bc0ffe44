package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// size is the height and width of an image. Its text form is "128x96", or "128" for a square.
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
			return fmt.Errorf("must be HEIGHTxWIDTH in pixels, such as 128x128, got %q", text)
		}
		if n < 1 || n > 1<<14 {
			return fmt.Errorf("height and width must be from 1 to %d pixels, got %s", 1<<14, text)
		}
		s[i] = n
	}
	return nil
}

// String returns the text form.
func (s size) String() string { return fmt.Sprintf("%dx%d", s[0], s[1]) }
