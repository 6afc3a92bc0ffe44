package cli

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// lockFolder takes a folder for this process alone, until unlock is called or the process
// ends, however it ends. free is false where another has it. It is a file that nobody else
// may open, and that goes with the process.
func lockFolder(dir string) (unlock func(), free bool, err error) {
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
