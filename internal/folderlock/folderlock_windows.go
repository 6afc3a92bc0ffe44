package folderlock

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// Lock locks a folder until unlock is called or the process ends, even by a kill. free is
// false if another process has the lock. The lock is a file that other processes cannot open,
// and that Windows deletes when the process ends.
func Lock(dir string) (unlock func(), free bool, err error) {
	name, err := windows.UTF16PtrFromString(filepath.Join(dir, ".lince.lock"))
	if err != nil {
		return nil, false, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.OPEN_ALWAYS,
		windows.FILE_ATTRIBUTE_HIDDEN|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_DELETE_PENDING) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return func() { _ = windows.CloseHandle(h) }, true, nil
}
