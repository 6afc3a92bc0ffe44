package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// refuseUnlabeled returns an error for images that can only be predicted: those of a part other than that for training, or those for a model, whose labels are no known classes and say
// nothing.
func (b *labeling) refuseUnlabeled() error {
	other := b.otherPart()
	if b.unlabeled != nil && !other || b.unlabeled == nil && !b.generic() || knownProposal(b.names, b.o.Classes, b.rule) != "" {
		return nil
	}
	switch {
	case other:
		table, open := "", ""
		if t := b.l.tableOf(b.chosen, b.holds.kind); t != nil {
			table = ", and " + t.noClass()
			open = "; if it has their labels in another form, " + t.opening(b.l.name)
		}
		return fmt.Errorf("%s: the %d images of the part %s have no labels (none of them is in the folder of a class or has the name of one%s), so they can only be predicted: lince predict MODEL %s --part %s; --label none opens them without labels%s",
			b.l.name, len(b.names), b.holds.name, table, shell.Quote(b.l.name), shell.Quote(b.holds.name), open)
	case len(b.o.Classes) > 0:
		return fmt.Errorf("%s: the %d images have no labels (%s is no class of the model, and probably none at all), so they can only be predicted: lince predict MODEL %[1]s; to give them labels, put each class in a folder of its name", b.l.name, len(b.names), listNames(b.t.Classes()))
	}
	return nil
}

// noClass says that a table names images and has no labels of them.
func (t *tableFound) noClass() string {
	return fmt.Sprintf("%s, which names them, has no column with the classes of the training images", quoteName(t.name))
}

// doubtOneClass warns of a single class whose name says nothing.
func (b *labeling) doubtOneClass() {
	if classes := b.t.Classes(); len(classes) == 1 && len(b.o.Classes) == 0 && !b.otherPart() && b.generic() {
		b.warn(fmt.Sprintf("All images have the label %s, which is probably no class; --label none opens them without labels.", quoteName(classes[0])))
	}
}

// generic reports whether the labels that a detected rule gives are no classes.
func (b *labeling) generic() bool { return b.auto() && generic(b.t.Labels(), b.known) }

// notLabels reports whether what the rule gives to the images are probably not their labels, or it gives none.
func (b *labeling) notLabels() bool {
	return b.unlabeled != nil || generic(b.t.Labels(), nil) || b.rule.rule != Folder && len(b.t.Classes()) == 1 || b.rule.rule == Prefix && b.manyClasses()
}

// manyClasses reports whether the first words of names are too many for classes, or too few images have one.
func (b *labeling) manyClasses() bool {
	n := len(b.names)
	return n > 2 && 2*len(b.t.Classes()) > n || 2*b.t.Len() < n
}

// noneOf reports whether no label is one of the classes.
func noneOf(labels, classes []string) bool {
	known := map[string]bool{}
	for _, c := range classes {
		known[c] = true
	}
	return !slices.ContainsFunc(labels, func(l string) bool { return known[l] })
}

// generic reports whether labels are none: they are no known classes, but names of folders and files that say nothing, such as images, test and IMG.
func generic(labels, classes []string) bool {
	says := map[string]bool{} // by label: it says something
	for _, l := range labels {
		if _, seen := says[l]; !seen {
			says[l] = l != "" && !saysNothing(l)
		}
	}
	for _, says := range says {
		if says {
			return false
		}
	}
	return noneOf(labels, classes)
}

// saysNothing reports whether the name of a folder, or the first word of a file's, does not name a class: images, test, IMG.
func saysNothing(name string) bool {
	n := strings.ToLower(name)
	if kind, _ := partName(name); kind != noPart || slices.Contains(imageWords, n) || slices.Contains(cameraNames, n) {
		return true
	}
	return !slices.ContainsFunc(strings.FieldsFunc(n, func(r rune) bool { return (r < 'a' || r > 'z') && r < 128 }), func(word string) bool { return !slices.Contains(partFillers, word) })
}
