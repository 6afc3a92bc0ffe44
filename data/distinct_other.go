//go:build !unix

package data

import "path/filepath"

// fileID identifies a file on disk: all paths that lead to it have the same one.
type fileID string

// identify returns the identity of a file: its path without links. known is false if it cannot be found out.
func identify(path string) (id fileID, known bool) {
	p, err := filepath.EvalSymlinks(path)
	return fileID(p), err == nil
}
