package data

import (
	"regexp"
	"slices"
	"strings"
)

// copyMark matches the name of a folder that a program has made beside another one of the same name: X (1) by browsers and Windows, X - Copy by Windows, X copy and X copy 2 by macOS, Copy of X by
// Google Drive. Some languages have other words.
var copyMark = regexp.MustCompile(`(?i)^(?:(.+?) - (?:copy|kopie|copia|copie|cópia)(?: ?\(\d+\))?|(.+?) (?:copy|kopie|copia|copie|cópia)(?: \d+)?|(?:copy|kopie|copia|copie|cópia) (?:of|von|de|di) (.+)|(.+?) ?\(\d{1,3}\))$`)

// copyCount matches X 2, as iCloud and macOS name a second folder. The name alone says nothing, as classes have such names, too.
var copyCount = regexp.MustCompile(`^(.+) \d{1,2}$`)

// mostMarked is the number of folders with such names that are compared with others.
const mostMarked = 64

// markedOf returns the name of the folder beside which a program has made a folder, "" for another folder. sure reports whether the name alone says so.
func markedOf(folder string) (of string, sure bool) {
	if m := copyMark.FindStringSubmatch(folder); m != nil {
		return strings.Join(m[1:], ""), true // one of them
	}
	if m := copyCount.FindStringSubmatch(folder); m != nil {
		return m[1], false
	}
	return "", false
}

// dropMarked passes over folders such as archive (1) whose images are all in archive, too, with the same content, or the other way round. If the first folders have such names, the same folders
// inside, and other images, they count as numbered archives do.
func (l *listing) dropMarked() {
	folders := map[string]bool{}
	last := ""
	for _, e := range l.entries {
		for folder := folderOf(e.name); folder != last && folder != "" && !folders[folder]; folder = folderOf(folder) {
			folders[folder] = true
		}
		last = folderOf(e.name)
	}
	var marked []string
	for _, folder := range sortedKeys(folders) {
		if of := markedBeside(folder); of != "" && folders[of] && len(marked) < mostMarked {
			marked = append(marked, folder)
		}
	}
	if len(marked) == 0 {
		return
	}
	at := make(map[string]int, len(l.entries))
	for i, e := range l.entries {
		at[e.name] = i
	}
	var copies []string
	for _, folder := range marked {
		of := markedBeside(folder)
		if slices.ContainsFunc(copies, func(c string) bool { return strings.HasPrefix(folder+"/", c) || strings.HasPrefix(of+"/", c) }) {
			continue
		}
		var pairs [][2]int
		inFolder, inOther := 0, 0
		for i, e := range l.entries {
			if strings.HasPrefix(e.name, of+"/") {
				inOther++
			}
			inside, ok := strings.CutPrefix(e.name, folder+"/")
			if !ok {
				continue
			}
			inFolder++
			if j, ok := at[of+"/"+inside]; ok {
				pairs = append(pairs, [2]int{i, j})
			}
		}
		if n := len(pairs); n < inFolder && n < inOther || !l.equal(pairs) {
			continue
		} else if n == inFolder {
			copies = append(copies, folder+"/")
		} else {
			copies = append(copies, of+"/")
		}
	}
	if len(copies) > 0 {
		l.dropFolders(copies)
	}
	l.noteMarked()
}

// markedBeside is markedOf for the path of a folder.
func markedBeside(folder string) string {
	name := folder[strings.LastIndexByte(folder, '/')+1:]
	of, _ := markedOf(name)
	if of == "" {
		return ""
	}
	return folder[:len(folder)-len(name)] + of
}

// noteMarked notes the names of the first folders, if all but one say that a program has made them beside that one, and all have the same folders inside.
func (l *listing) noteMarked() {
	root := commonFolder(l.names())
	inside := map[string]map[string]bool{}
	for _, e := range l.entries {
		first, rest, _ := strings.Cut(e.name[len(root):], "/")
		second, _, deeper := strings.Cut(rest, "/")
		if !deeper {
			return
		}
		if inside[first] == nil {
			inside[first] = map[string]bool{}
		}
		inside[first][second] = true
	}
	stem, same := "", ""
	for i, name := range sortedKeys(inside) {
		of, sure := markedOf(name)
		if !sure {
			of = name
		}
		folders := strings.Join(sortedKeys(inside[name]), "/")
		if i == 0 {
			stem, same = of, folders
		}
		if of != stem || folders != same || len(inside[name]) < 2 {
			return
		}
	}
	if len(inside) < 2 || inside[stem] == nil {
		return
	}
	if l.numbered == nil {
		l.numbered = map[string]bool{}
	}
	for name := range inside {
		l.numbered[name] = true
	}
}
