package bounded

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// Gzip returns a reader that decompresses a gzip file of one or more members. As gzip does, it ignores what follows the last one, such as the zeros with
// which tapes and some servers fill their blocks.
func Gzip(r io.Reader) (io.Reader, error) {
	g := &gzipFile{from: bufio.NewReader(r)}
	z, err := gzip.NewReader(g.from)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	g.member = z
	return g, nil
}

type gzipFile struct {
	from   *bufio.Reader
	member *gzip.Reader
	ended  bool
}

func (g *gzipFile) Read(b []byte) (int, error) {
	for !g.ended {
		n, err := g.member.Read(b)
		if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return n, err
		}
		if next, _ := g.from.Peek(2); !bytes.Equal(next, []byte{0x1f, 0x8b}) { // an error is that of the end
			g.ended = true
		} else if err := g.member.Reset(g.from); err != nil {
			return n, err
		} else {
			g.member.Multistream(false)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}
