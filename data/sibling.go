package data

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Siblings returns the tables that belong to a table for training by their names, for validation and for testing; "" if there is none: valid/_classes.csv for train/_classes.csv, and
// val.csv for train.csv. Open does not read them.
func Siblings(name string) (validation, test string) {
	if !IsTable(name) {
		return "", ""
	}
	found := map[partKind]string{}
	see := func(own, other, file string) {
		kind, rest := partName(own)
		otherKind, otherRest := partName(other)
		if kind != trainingPart || otherKind == trainingPart || otherKind == noPart || rest != otherRest || found[otherKind] != "" {
			return
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			found[otherKind] = file
		}
	}
	dir, base := filepath.Split(name)
	dir = filepath.Clean(dir)
	if abs, err := filepath.Abs(dir); err == nil {
		folder, parent := filepath.Base(abs), filepath.Join(dir, "..")
		if kind, _ := partName(folder); kind == trainingPart {
			for _, other := range namesIn(parent) {
				see(folder, other, filepath.Join(parent, other, base))
			}
		}
	}
	stem := tableStem(base)
	if kind, _ := partName(stem); kind == trainingPart {
		for _, other := range namesIn(dir) {
			if IsTable(other) && tableKind(other) == tableKind(base) {
				see(stem, tableStem(other), filepath.Join(dir, other))
			}
		}
	}
	return found[validationPart], found[testPart]
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
