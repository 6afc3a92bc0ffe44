package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// doubtInnerFolders looks for classes in the folders inside those of the classes.
func (b *labeling) doubtInnerFolders() {
	if !b.byFolder() || len(b.likeParts()) > 0 {
		return
	}
	classes := b.t.Classes()
	if w := innerClasses(b.names, classes, b.rule.level); w != "" {
		b.warn(w)
		return
	}
	w, note := deeperClasses(b.names, classes, b.rule.level)
	b.warn(w)
	b.note(note)
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
		what := fmt.Sprintf("Each of the folders %s has the same folders %s", listNames(classes), listNames(sortedKeys(of)))
		if !whole {
			what = fmt.Sprintf("The folders %s have folders of the same names, %s", listNames(classes), listNames(sortedKeys(of)))
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
			return fmt.Sprintf("Nearly all images are in the folder %s, which has the folders %s. If these are the classes, use --part %s.", c, listNames(sortedKeys(inside[c])), shell.Quote(c)), ""
		}
	}
	switch {
	case direct > len(names)/10 || folders <= len(classes) && !initials:
		return "", ""
	case initials:
		return fmt.Sprintf("The classes %s are the first letters of the folders in them, such as %s, which are probably the classes; for these, use --label '^%s(.+)/[^/]+$'.",
			listNames(classes), example, strings.Repeat("[^/]+/", level+1)), ""
	}
	return "", fmt.Sprintf("The folders in those of the classes, such as %s, are no classes; to take them as classes, use %s.", example, levelPattern(level+1))
}
