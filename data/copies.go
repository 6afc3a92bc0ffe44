package data

import (
	"bytes"
	"os"
	"path"
	"slices"
	"strings"
)

// dropCopies passes over folders that hold a copy of the folder that they are in: chest_xray/chest_xray, as some archives have it. A
// folder is a copy if each of its images is also where it would be without the folder, with the same content.
func (l *listing) dropCopies() {
	at := make(map[string]int, len(l.entries))
	for i, e := range l.entries {
		at[e.name] = i
	}
	size, same := map[string]int{}, map[string][][2]int{} // images of a folder, and those that are also outside
	for i, e := range l.entries {
		for start := 0; ; {
			n := strings.IndexByte(e.name[start:], '/')
			if n < 0 {
				break
			}
			folder, outside := e.name[:start+n], e.name[:start]+e.name[start+n+1:]
			size[folder]++
			if j, ok := at[outside]; ok {
				same[folder] = append(same[folder], [2]int{i, j})
			}
			start += n + 1
		}
	}
	var copies []string
	for _, folder := range sortedKeys(same) {
		if len(same[folder]) == size[folder] && l.equal(same[folder]) {
			copies = append(copies, folder+"/")
		}
	}
	if len(copies) == 0 {
		return
	}
	l.dropFolders(copies)
}

// dropFolders passes over copies of other folders. Their names end in a slash.
func (l *listing) dropFolders(copies []string) {
	inCopy := func(name string) bool {
		return slices.ContainsFunc(copies, func(c string) bool { return strings.HasPrefix(name, c) })
	}
	l.entries = slices.DeleteFunc(l.entries, func(e entry) bool {
		if inCopy(e.name) {
			l.passed.add(passedCopy, e.name, "")
			return true
		}
		return false
	})
	l.folders = slices.DeleteFunc(l.folders, func(name string) bool { return inCopy(name + "/") })
}

// twinFolders returns the folders whose images have the names and the content of those of an earlier folder, by this folder: HAM10000_images_part_1 and ham10000_images_part_1.
func (l *listing) twinFolders() map[string]string {
	inside := map[string][]int{}
	for i, e := range l.entries {
		inside[folderOf(e.name)] = append(inside[folderOf(e.name)], i)
	}
	twins := map[string]string{}
	first := map[string]string{} // by the names of the images
	for _, folder := range sortedKeys(inside) {
		list := inside[folder]
		slices.SortFunc(list, func(a, b int) int { return strings.Compare(l.entries[a].name, l.entries[b].name) })
		var names strings.Builder
		for _, i := range list {
			names.WriteString(path.Base(l.entries[i].name) + "\x00")
		}
		earlier, ok := first[names.String()]
		if !ok {
			first[names.String()] = folder
			continue
		}
		pairs := make([][2]int, len(list))
		for k, i := range list {
			pairs[k] = [2]int{inside[earlier][k], i}
		}
		if l.equal(pairs) {
			twins[folder] = earlier
		}
	}
	return twins
}

// equal reports whether pairs of entries have equal sizes, and equal bytes as far as they are compared: those of at most 16 pairs.
func (l *listing) equal(pairs [][2]int) bool {
	for k, p := range pairs {
		a, b := l.entries[p[0]].file, l.entries[p[1]].file
		if fileSize(a) != fileSize(b) {
			return false
		}
		ca, na, known := a.crc()
		cb, nb, also := b.crc()
		if known && also {
			if ca != cb || na != nb {
				return false
			}
			continue
		}
		if step := len(pairs)/16 + 1; k%step != 0 {
			continue
		}
		x, err := a.read(nil)
		if err != nil {
			return false
		}
		y, err := b.read(nil)
		if err != nil || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// fileSize returns the number of bytes of a file if that is known without reading it, and else -1.
func fileSize(f file) int64 {
	switch f := f.(type) {
	case diskFile:
		if info, err := os.Stat(string(f)); err == nil {
			return info.Size()
		}
	case zipFile:
		return int64(f.f.UncompressedSize64)
	case tarFile:
		return f.size
	}
	return -1
}
