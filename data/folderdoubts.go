package data

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// mostOuter is the number of folders that are searched for parts inside. A dataset has few folders around its parts.
const mostOuter = 20

// doubtPartsInside warns of a folder that would be a class and has parts inside: dataset2-master/images/TRAIN beside dataset-master/JPEGImages.
func (b *labeling) doubtPartsInside() {
	if !b.byFolder() || !b.auto() {
		return
	}
	p := b.parts
	names := folderNames(p.groups)
	if p.list != nil || len(names) > mostOuter {
		return
	}
	for _, n := range names {
		q := (&listing{entries: p.groups[n]}).split()
		if len(q.list) < 2 || q.inner || q.classesForTraining() < 2 {
			continue
		}
		var list []string
		for _, part := range q.list {
			list = append(list, part.name)
		}
		folder, how := p.root+n, "lince data %s opens it alone"
		if info, err := os.Stat(b.l.name); err == nil && info.IsDir() {
			folder = filepath.Join(b.l.name, filepath.FromSlash(folder))
		} else {
			how = "unpack the archive; then lince data %s opens it alone"
		}
		b.warn(fmt.Sprintf("The folder %s is probably no class: it has the parts %s, each with the folders of classes; "+how+".", quoteName(p.root+n), listNames(list), shell.Quote(folder)))
		return
	}
}

// opposites are the names of classes beside which the name of a part is a class.
var opposites = map[string]string{"valid": "invalid", "test": "control"}

// maybePart reports whether a class is perhaps a part of the data. Images of vehicles may have the classes bus, car and train: a part for training would have
// folders inside, or names with classes.
func maybePart(class string, names, classes []string) bool {
	kind, _ := partName(class)
	if kind == noPart {
		return false
	}
	if other := opposites[strings.ToLower(class)]; slices.ContainsFunc(classes, func(c string) bool { return strings.EqualFold(c, other) }) {
		return false
	}
	return kind != trainingPart || slices.ContainsFunc(names, func(n string) bool {
		inside, ok := strings.CutPrefix(n, class+"/")
		return ok && (strings.Contains(inside, "/") || Prefix.label(inside) != "")
	})
}

// likeParts returns the classes that are perhaps parts of the data.
func (b *labeling) likeParts() (parts []string) {
	classes := b.t.Classes()
	for _, c := range classes {
		if maybePart(c, b.names, classes) {
			parts = append(parts, c)
		}
	}
	return parts
}

// doubtParts warns of classes that are perhaps parts of the data.
func (b *labeling) doubtParts() {
	if !b.byFolder() {
		return
	}
	switch parts := b.likeParts(); {
	case len(parts) == 1:
		b.warn(fmt.Sprintf("The folder %s looks like a part of the data, not like a class. If it is one, move it elsewhere, or the classes into a folder train beside it.", parts[0]))
	case len(parts) > 1:
		b.warn(fmt.Sprintf("The folders %s look like parts of the data, not like classes; select one of them with --part.", listNames(parts)))
	}
}

// doubtGroups warns of folders that look like years, cameras or similar: of those around the classes that detect has skipped, and of classes.
func (b *labeling) doubtGroups() {
	if !b.byFolder() {
		return
	}
	switch classes := b.t.Classes(); {
	case len(b.skipped) > 0:
		b.warn(fmt.Sprintf("The folders %s look like dates, cameras, parts of a download or similar, not like classes. The classes are the folders inside them: %s. For the outer ones, use --label folder.", listNames(b.skipped), listNames(classes)))
	case len(classes) > 1 && allGroups(classes) && len(b.likeParts()) == 0:
		message := fmt.Sprintf("The classes %s look like dates, cameras, parts of a download or similar", listNames(classes))
		bases := make([]string, len(b.names))
		for i, n := range b.names {
			bases[i] = path.Base(n)
		}
		if other := proposal(bases, ""); other != "" {
			message += "; " + other
		}
		b.warn(message + ".")
	}
}
