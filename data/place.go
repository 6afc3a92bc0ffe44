package data

import (
	"path"
	"path/filepath"
	"strings"
)

// places finds out which names lead to the same file below a folder.
type places struct {
	root, real string            // the folder, as an absolute path, and without links
	resolved   map[string]string // folders outside, without links
}

// place returns the name of a file relative to the folder of the images. An absolute name, or one such as ../set/1.jpg, may lead to the same file as 1.jpg.
func (j *joiner) place(name string) string {
	clean := path.Clean(name)
	if !filepath.IsAbs(filepath.FromSlash(name)) && clean != ".." && !strings.HasPrefix(clean, "../") {
		return clean
	}
	p := &j.places
	if p.resolved == nil {
		p.resolved = map[string]string{}
		if abs, err := filepath.Abs(j.images); err == nil {
			p.root = abs
		}
		p.real = withoutLinks(p.root)
	}
	full := onDisk(p.root, name)
	if rel, ok := below(p.root, full); ok {
		return rel
	}
	dir, base := filepath.Split(full)
	real, ok := p.resolved[dir]
	if !ok {
		real = withoutLinks(dir)
		p.resolved[dir] = real
	}
	full = filepath.Join(real, base)
	if rel, ok := below(p.real, full); ok {
		return rel
	}
	return full
}

// below returns a path relative to a folder that it is in.
func below(folder, name string) (rel string, ok bool) {
	rel, err := filepath.Rel(folder, name)
	rel = filepath.ToSlash(rel)
	return rel, err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// withoutLinks returns the path of a folder without symbolic links, or the path itself if it cannot be found out.
func withoutLinks(folder string) string {
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		return real
	}
	return folder
}
