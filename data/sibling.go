package data

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Siblings returns the sources that belong to one for training by their names, for validation and for testing; "" if there is none: the table valid/_classes.csv for train/_classes.csv, the
// table val.csv for train.csv, the folder set/val for set/train, and the archive val.zip for train.zip. Open does not read them.
func Siblings(name string) (validation, test string) {
	s := siblings{}
	info, err := os.Stat(name)
	if err != nil {
		return "", ""
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", ""
	}
	dir, base := filepath.Dir(filepath.Clean(name)), filepath.Base(abs)
	if filepath.Base(filepath.Clean(name)) != base { // . and ..
		dir = filepath.Join(name, "..")
	}
	switch {
	case info.IsDir():
		s.search(base, dir, func(other string) (string, string) { return other, filepath.Join(dir, other) }, beginsWithImages)
	case IsTable(name):
		parent := filepath.Join(dir, "..")
		s.search(filepath.Base(filepath.Dir(abs)), parent, func(other string) (string, string) { return other, filepath.Join(parent, other, base) }, isFile)
		s.search(tableStem(base), dir, func(other string) (string, string) {
			if !IsTable(other) || tableKind(other) != tableKind(base) {
				return "", ""
			}
			return tableStem(other), filepath.Join(dir, other)
		}, isFile)
	case isArchive(base):
		s.search(withoutExtension(base), dir, func(other string) (string, string) {
			if !isArchive(other) {
				return "", ""
			}
			return withoutExtension(other), filepath.Join(dir, other)
		}, isFile)
	}
	return s[validationPart], s[testPart]
}

// siblings are paths by the part that they are.
type siblings map[partKind]string

// search finds the siblings of a part for training of the given name among the names in a folder. of returns the name that tells the part of another one, and its path; is reports whether a
// path is a sibling at all.
func (s siblings) search(own, folder string, of func(other string) (name, path string), is func(path string) bool) {
	kind, rest := partName(own)
	if kind != trainingPart {
		return
	}
	for _, other := range namesIn(folder) {
		name, path := of(other)
		if kind, otherRest := partName(name); (kind == validationPart || kind == testPart) && otherRest == rest && s[kind] == "" && is(path) {
			s[kind] = path
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// beginsWithImages reports whether one of the first files in a folder, or in the first folders in it, is an image.
func beginsWithImages(folder string) bool { return imageInside(folder, 3) }

func imageInside(folder string, levels int) bool {
	const names, folders = 64, 4
	f, err := os.Open(folder)
	if err != nil {
		return false
	}
	entries, _ := f.ReadDir(names) // without the rest, there is perhaps no image
	f.Close()
	inside := 0
	for _, e := range entries {
		switch name := e.Name(); {
		case isJunk(name):
		case !e.IsDir() && isImage(name):
			return true
		case e.IsDir() && levels > 1 && inside < folders:
			if inside++; imageInside(filepath.Join(folder, name), levels-1) {
				return true
			}
		}
	}
	return false
}

// siblingKind returns the part of a table by its name and folder, if it belongs to the table for training of the given name: valid/_classes.csv to _classes.csv, val.csv to train.csv.
func siblingKind(name, other string) partKind {
	base, otherBase := filepath.Base(name), path.Base(other)
	if base == otherBase {
		kind, _ := partName(path.Base(path.Dir(other)))
		return kind
	}
	own, rest := partName(tableStem(base))
	kind, otherRest := partName(tableStem(otherBase))
	if own != trainingPart || rest != otherRest || tableKind(base) != tableKind(otherBase) {
		return noPart
	}
	return kind
}

// setSiblings records the tables in the archive of the images that belong to the one for training.
func (t *Table) setSiblings(name string, l *listing) {
	if abs, err := filepath.Abs(name); err == nil {
		if kind, _ := partName(filepath.Base(filepath.Dir(abs))); kind == validationPart || kind == testPart {
			return
		}
	}
	for _, e := range l.tablesBeside() {
		switch kind := siblingKind(name, e.name); {
		case kind == validationPart && t.src.besideValidation == "":
			t.src.besideValidation = e.name
		case kind == testPart && t.src.besideTest == "":
			t.src.besideTest = e.name
		}
	}
}

// ArchivedSiblings returns the tables for validation and for testing, in the archive of the images, that belong to a table for training by their names, as Siblings returns those on disk.
func (t *Table) ArchivedSiblings() (validation, test string) {
	if t.src == nil {
		return "", ""
	}
	return t.src.besideValidation, t.src.besideTest
}

// mostSiblings is the number of names in a folder among which siblings are searched.
const mostSiblings = 10_000

// namesIn returns the sorted names in a folder, nil if there are very many.
func namesIn(folder string) []string {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(mostSiblings) // no sibling is found in a folder that cannot be read
	if len(names) == mostSiblings {
		return nil
	}
	slices.Sort(names)
	return names
}

// tableStem returns the name of a table without its suffix.
func tableStem(base string) string {
	stem, _, _ := strings.Cut(base, ".")
	return stem
}
