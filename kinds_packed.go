package lince

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/archives"
	"github.com/lince-ml/lince/internal/shell"
)

// This file says which model an archive or a compressed file has. lince does not read models in them: a model's size would no longer limit the
// memory that it takes.

const (
	// maxUnpacked limits how far a compressed file is unpacked to see what is in it, in bytes.
	maxUnpacked = 64 << 20
	maxListed   = 10_000 // members of an archive
	maxDepth    = 32     // folders on the way to a model; names of zip archives may have 32,000
)

// isPacked recognizes archives and compressed files that are not looked into.
func isPacked(_ source, head []byte) bool {
	return at(head, 0, archives.Bzip2) || at(head, 0, archives.Zstd) || archives.Of(head) != nil
}

func insideZip(f source) string {
	head := make([]byte, min(f.size, sniffSize))
	if _, err := f.r.ReadAt(head, 0); err != nil {
		return ""
	}
	return insideArchive(members(f, head), f.name(), "unzip "+shell.Quote(f.name()))
}

func insideTar(f source) string {
	return insideArchive(tarMembers(io.NewSectionReader(f.r, 0, f.size)), f.name(), "tar xf "+shell.Quote(f.name()))
}

func insideGzip(f source) string {
	unpack := func() io.Reader {
		z, err := gzip.NewReader(io.NewSectionReader(f.r, 0, f.size))
		if err != nil {
			return bytes.NewReader(nil)
		}
		return io.LimitReader(z, maxUnpacked)
	}
	head, err := io.ReadAll(io.LimitReader(unpack(), sniffSize))
	if err != nil && len(head) == 0 {
		return ""
	}
	if at(head, 257, "ustar") {
		return insideArchive(tarMembers(unpack()), f.name(), "tar xzf "+shell.Quote(f.name()))
	}
	k, err := sniff(source{r: bytes.NewReader(head), size: int64(len(head))})
	if err != nil || k.open == nil && k.weights == nil {
		return ""
	}
	name := strings.TrimSuffix(f.name(), filepath.Ext(f.name()))
	if kindFor(name) == nil {
		name += k.suffixes[0]
	}
	return fmt.Sprintf("it has %s; unpack it:\ngzip -dc %s > %s", k.title, shell.Quote(f.name()), shell.Quote(name))
}

// tarMembers returns the names in a tar archive, as far as it can be read.
func tarMembers(r io.Reader) (names []string) {
	for t := tar.NewReader(r); len(names) < maxListed; {
		h, err := t.Next()
		if err != nil {
			break
		}
		names = append(names, strings.TrimPrefix(h.Name, "./"))
	}
	return names
}

// insideArchive says which model is among the members of an archive, and gives the command that unpacks it.
func insideArchive(names []string, file, command string) string {
	names = slices.DeleteFunc(slices.Clone(names[:min(len(names), maxListed)]), func(name string) bool { return strings.Count(name, "/") > maxDepth })
	there := map[string]bool{}
	for _, name := range names {
		for name = strings.TrimSuffix(name, "/"); name != "." && name != "" && name != "/" && !there[name]; name = path.Dir(name) {
			there[name] = true
		}
	}
	for _, k := range kinds() {
		for _, name := range names {
			folder := path.Dir(name)
			if k.folder == nil || !k.folder(func(base string) bool { return there[path.Join(folder, base)] }) {
				continue
			}
			to := folder
			if folder == "." { // the members would be among other files
				to = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), ".tar")
				command = intoFolder(command, to)
			}
			if k.open != nil {
				return fmt.Sprintf("it has %s, which was unpacked to a folder; unpack it, and use the folder %s:\n%s", k.title, to, command)
			}
			return fmt.Sprintf("it has %s; unpack it:\n%s\nThen %s", k.title, command, k.refusalFor(to))
		}
	}
	for _, name := range names {
		if k := kindFor(name); k != nil && fs.ValidPath(name) && !strings.HasPrefix(path.Base(name), "._") && // a file of macOS
			(k.open != nil || k.weights != nil) && !slices.Contains([]string{"json", "weights.json"}, k.name) {
			return fmt.Sprintf("it has the file %s; unpack it, and use that file:\n%s %s", name, command, shell.Quote(name))
		}
	}
	return ""
}

// intoFolder returns the command that unpacks an archive to a folder.
func intoFolder(command, folder string) string {
	folder = shell.Quote(folder)
	if strings.HasPrefix(command, "unzip") {
		return command + " -d " + folder
	}
	return "mkdir " + folder + " && " + command + " -C " + folder
}
