// Package folderlock locks a folder, or a file, for one process.
package folderlock

import "errors"

// ErrTaken is the error of File if another process has the lock.
var ErrTaken = errors.New("locked by another process")
