package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// openNameless creates a file without a name in the folder of path. The system removes it when the process ends, even by a kill,
// unless link gave it a name.
func openNameless(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Dir(path), unix.O_TMPFILE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if !leadsTo(descriptor(f), f) { // link needs /proc
		return nil, errors.Join(f.Close(), errors.ErrUnsupported)
	}
	return f, nil
}

// link gives a file without a name its name.
func link(f *os.File, path string) error {
	return unix.Linkat(unix.AT_FDCWD, descriptor(f), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
}

func descriptor(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }
