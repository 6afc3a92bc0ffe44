package bounded

import (
	"compress/bzip2"
	"errors"
	"io"
)

// Bzip2 returns a reader that decompresses a bzip2 file. As bzip2 does, it ignores what follows the compressed data.
func Bzip2(r io.Reader) io.Reader { return bzip2File{bzip2.NewReader(r)} }

type bzip2File struct{ r io.Reader }

func (b bzip2File) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	var damage bzip2.StructuralError
	if errors.As(err, &damage) && damage == "bad magic value in continuation file" { // after a whole stream, whose checksum was right
		err = io.EOF
	}
	return n, err
}
