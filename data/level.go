package data

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// mostLevels is the number of levels of folders in which classes are searched.
const mostLevels = 8

// groupWords are words that, with a number or letter after them, name where or when images were taken, or of whom, in English and some other languages:
// cam1, camera_B, patient 007. A word without a number may be a class.
const groupWords = `cam|camera|cámara|camara|kamera|caméra|device|sensor|phone|drone|scanner|microscope|site|standort|sitio|hospital|clinic|center|centre|location|station|room|farm|` +
	`patient|patients|paciente|pat|pt|case|study|series|session|sesión|sesion|sess|ses|visit|batch|lote|roll|card|day|día|dia|tag|jour|jahr|año|ano|année|year|month|monat|mes|mois|week|woche|semana|semaine|` +
	`run|trip|drive|flight|mission|transect|plate|slide|disk|dvd|upload|folder|ordner|carpeta|dossier|fold|chunk|shard|part|parte|partie|teil`

// groupNames match the names of folders that are probably no classes: years, dates, folders of cameras, and words with a number or letter.
var groupNames = regexp.MustCompile(`(?i)^(?:` +
	`(?:19|20)\d\d|` + // 2023
	`(?:19|20)\d\d[-_. ]?(?:0?[1-9]|1[0-2])(?:[-_. ]?(?:0?[1-9]|[12]\d|3[01]))?(?:[T _-].*)?|` + // 2023-05, 20230501, 2023-05-01 holiday
	`\d{1,2}[-_. ]\d{1,2}[-_. ](?:19|20)\d\d|` + // 01.05.2023
	`\d{3}[A-Z_]{5}|` + // 100CANON, in DCIM
	`.+[-_ ](?:part|batch|chunk|shard|fold)[-_ .#]?\d+|` + // HAM10000_images_part_1
	`.+-\d{8}T\d{6}Z(?:-\d+){1,2}|` + // cats-20240101T120000Z-001, a part of a download from Google Drive
	`(?:` + groupWords + `)[-_ .#]?(?:no|nr)?[-_ .#]?(?:\d+[a-z]?|[a-z]|[ivx]+)` +
	`)$`)

// looksLikeGroup reports whether the name of a folder is probably not that of a class.
func looksLikeGroup(name string) bool { return groupNames.MatchString(name) }

// allGroups reports whether no name is probably that of a class.
func allGroups(names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !looksLikeGroup(n) })
}

func allNumbered(names []string, numbered map[string]bool) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !numbered[n] })
}

// foldersAt returns the sorted names of the folders at a level, and how many of the images are below such a folder.
func foldersAt(names []string, level int) (folders []string, images int) {
	seen := map[string]bool{}
	for _, n := range names {
		if f := (labeler{rule: Folder, level: level}).label(n); f != "" {
			seen[f] = true
			images++
		}
	}
	return sortedKeys(seen), images
}

// classLevel returns the level of the folders that are probably the classes: the first level with a name that does not look like a year, a date, a camera or
// similar. It is 0 if no level below the first one has at least two folders, in which nearly all images are. skipped are names of the outer folders.
// numbered are names that count as such on the first level too: those of archives that differ only by a number.
func classLevel(names []string, numbered map[string]bool) (level int, skipped []string) {
	for level := range mostLevels {
		folders, images := foldersAt(names, level)
		switch {
		case images < len(names)-len(names)/10:
			return 0, nil
		case allGroups(folders), level == 0 && allNumbered(folders, numbered):
			skipped = append(skipped, folders...)
		case len(folders) == 1 && skipped != nil: // all of the outer folders hold the same one: 2023/images/cats, fold1/train/cats
		case len(folders) < 2:
			return 0, nil
		default:
			return level, skipped
		}
	}
	return 0, nil
}

// levelPattern returns the flag that takes the folders at a level as labels.
func levelPattern(level int) string {
	if level == 1 {
		return `--label '^[^/]+/([^/]+)/'`
	}
	return fmt.Sprintf(`--label '^(?:[^/]+/){%d}([^/]+)/'`, level)
}

// innerClasses returns a warning if the folders inside those of the classes look like classes, too: most of them have the same name as one in another class.
func innerClasses(names []string, classes []string, level int) string {
	if len(classes) < 2 {
		return ""
	}
	for inner := level + 1; inner < mostLevels; inner++ {
		of := map[string]map[string]bool{} // the classes of the inner folders
		for _, n := range names {
			f := labeler{rule: Folder, level: inner}.label(n)
			if f == "" {
				continue
			}
			if of[f] == nil {
				of[f] = map[string]bool{}
			}
			of[f][labeler{rule: Folder, level: level}.label(n)] = true
		}
		if len(of) == 0 {
			break
		}
		pairs, shared, having := 0, 0, map[string]bool{}
		for _, c := range of {
			pairs += len(c)
			if len(c) > 1 {
				shared += len(c)
			}
			for k := range c {
				having[k] = true
			}
		}
		if len(of) < 2 || len(having) < len(classes) || 5*shared < 4*pairs || allGroups(sortedKeys(of)) {
			continue
		}
		whole := pairs == len(of)*len(classes)
		what := fmt.Sprintf("Each of the folders %s has the same folders %s", list20(classes), list20(sortedKeys(of)))
		if !whole {
			what = fmt.Sprintf("The folders %s have folders of the same names, %s", list20(classes), list20(sortedKeys(of)))
		}
		return fmt.Sprintf("%s. The classes are the outer folders; for the inner ones, use %s.", what, innerAdvice(classes, level, inner))
	}
	return ""
}

// innerAdvice returns the flags that take inner folders as classes. If the outer folders are variants of the same images, those of one folder come first.
func innerAdvice(outer []string, level, inner int) string {
	pattern, first := levelPattern(inner), outer[0]
	if level > 0 {
		return pattern
	}
	if i := slices.IndexFunc(outer, isVariant); i >= 0 {
		return fmt.Sprintf("--part %s, or %s for the images of all of these folders", shell.Quote(outer[i]), pattern)
	}
	return fmt.Sprintf("%s, or --part %s for the images of one of these folders", pattern, shell.Quote(first))
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

// deeperClasses returns a warning or a note about folders inside those of the classes, which are others in each class.
func deeperClasses(names, classes []string, level int) (warning, note string) {
	inside := map[string]map[string]bool{} // by class
	example := ""
	images, direct := map[string]int{}, 0
	for _, n := range names {
		c, f := labeler{rule: Folder, level: level}.label(n), labeler{rule: Folder, level: level + 1}.label(n)
		if images[c]++; f == "" {
			direct++
			continue
		}
		if inside[c] == nil {
			inside[c] = map[string]bool{}
		}
		inside[c][f] = true
		if example == "" {
			example = c + "/" + f
		}
	}
	initials, folders := len(classes) > 1, 0
	for _, c := range classes {
		folders += len(inside[c])
		for f := range inside[c] {
			initials = initials && len([]rune(c)) == 1 && strings.HasPrefix(strings.ToLower(f), strings.ToLower(c))
		}
		if len(inside[c]) > 1 && len(classes) > 1 && images[c] >= len(names)-len(names)/10 && level == 0 {
			return fmt.Sprintf("Nearly all images are in the folder %s, which has the folders %s. If these are the classes, use --part %s.", c, list20(sortedKeys(inside[c])), shell.Quote(c)), ""
		}
	}
	switch {
	case direct > len(names)/10 || folders <= len(classes) && !initials:
		return "", ""
	case initials:
		return fmt.Sprintf("The classes %s are the first letters of the folders in them, such as %s, which are probably the classes; for these, use --label '^%s(.+)/[^/]+$'.",
			list20(classes), example, strings.Repeat("[^/]+/", level+1)), ""
	}
	return "", fmt.Sprintf("The folders in those of the classes, such as %s, are no classes; to take them as classes, use %s.", example, levelPattern(level+1))
}

// folderWarnings returns warnings and notes about folders that are probably no classes. skipped are folders around them that detect has skipped.
func folderWarnings(t *Table, names []string, rule labeler, skipped []string) (warn, notes []string) {
	var parts []string
	classes := t.Classes()
	for _, c := range classes {
		if maybePart(c, names, classes) {
			parts = append(parts, c)
		}
	}
	switch {
	case len(parts) == 1:
		warn = append(warn, fmt.Sprintf("The folder %s looks like a part of the data, not like a class. If it is one, move it elsewhere, or the classes into a folder train beside it.", parts[0]))
	case len(parts) > 1:
		warn = append(warn, fmt.Sprintf("The folders %s look like parts of the data, not like classes; select one of them with --part.", list20(parts)))
	}
	switch {
	case len(skipped) > 0:
		warn = append(warn, fmt.Sprintf("The folders %s look like dates, cameras, parts of a download or similar, not like classes. The classes are the folders inside them: %s. For the outer ones, use --label folder.", list20(skipped), list20(classes)))
	case len(parts) == 0 && len(classes) > 1 && allGroups(classes):
		message := fmt.Sprintf("The classes %s look like dates, cameras, parts of a download or similar", list20(classes))
		bases := make([]string, len(names))
		for i, n := range names {
			bases[i] = path.Base(n)
		}
		if other := proposal(bases, ""); other != "" {
			message += "; " + other
		}
		warn = append(warn, message+".")
	}
	if len(parts) == 0 {
		w, note := innerClasses(names, classes, rule.level), ""
		if w == "" {
			w, note = deeperClasses(names, classes, rule.level)
		}
		if w != "" {
			warn = append(warn, w)
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	return warn, notes
}
