package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/patherr"
)

// standardInput is the name of a file that stands for standard input.
const standardInput = "-"

// checkStandard returns an error if a command would read standard input, or write a folder or a file of the kind "new" to standard output. Only lince predict reads standard input.
func checkStandard(k *kong.Context) error {
	for v, flag := range commandValues(k) {
		if flag != "" {
			flag += " "
		}
		kind := v.Tag.Get("writes")
		reads := kind == "" && slices.Contains(remotePredictors, v.Tag.Get("predictor"))
		if !reads && kind != "folder" && kind != "new" || !slices.Contains(texts(v.Target), standardInput) {
			continue
		}
		switch {
		case kind == "folder":
			return usageError{fmt.Errorf("%s-: a folder cannot be written to standard output; name a folder, such as ./out", flag)}
		case kind == "new":
			return usageError{fmt.Errorf("%s-: the result cannot be written to standard output; name a file", flag)}
		case v.Target.Addr().Interface() != any(imagesOf(k)):
			return usageError{fmt.Errorf("%s-: only lince predict reads standard input, for its images; write it to a file (cat > FILE), and name the file", flag)}
		}
		if names := texts(v.Target); slices.Contains(names[slices.Index(names, standardInput)+1:], standardInput) {
			return usageError{errors.New("-: standard input can be read only once")}
		}
	}
	return nil
}

// imagesOf returns the images of lince predict, nil for another command.
func imagesOf(k *kong.Context) *[]string {
	if c, ok := k.Selected().Target.Addr().Interface().(*predictCommand); ok {
		return &c.Sources
	}
	return nil
}

// savedInput is standard input in a file.
type savedInput struct {
	file, folder string // the folder is temporary, and has nothing else
	err          error
}

// Close removes the file.
func (s *savedInput) Close() error {
	if s == nil {
		return nil
	}
	return os.RemoveAll(s.folder)
}

// saveInput writes standard input to a file in a temporary folder. Its name says what it is.
func (e *env) saveInput() (*savedInput, error) {
	folder, err := os.MkdirTemp("", "lince-")
	if err != nil {
		return nil, err
	}
	done := make(chan savedInput, 1)
	go func() { // a read cannot be interrupted
		in := bufio.NewReader(os.Stdin)
		head, _ := in.Peek(64) // an error occurs again below
		file := filepath.Join(folder, "stdin"+endOf(head))
		done <- savedInput{file, folder, copyTo(file, in)}
	}()
	s := savedInput{folder: folder}
	select {
	case s = <-done:
	case <-e.ctx.Done():
		s.err = e.ctx.Err()
	}
	if s.err != nil {
		return nil, errors.Join(fmt.Errorf("-: standard input: %w", patherr.Bare(s.err)), s.Close())
	}
	return &s, nil
}

// endOf returns the end of the name of a file that begins with head: that of a table, or none for images and archives, which are known by their bytes.
func endOf(head []byte) string {
	switch text := bytes.TrimSpace(head); {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return ".parquet"
	case bytes.HasPrefix(text, []byte("{")):
		return ".jsonl"
	case len(picture.Format(head)) > 0 || bytes.IndexByte(head, 0) >= 0 || len(head) == 0 || head[0] >= 0x80 && !bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return ""
	case bytes.ContainsAny(text, ",;\t|"), bytes.Contains(text, []byte("\n")):
		return ".csv"
	}
	return ""
}

// copyTo writes a new file.
func copyTo(name string, r io.Reader) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if err == nil && n == 0 {
		err = errors.New("is empty")
	}
	return errors.Join(err, f.Close())
}
