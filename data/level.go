package data

import (
	"regexp"
	"slices"
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
	`(?:photos?|fotos?|foto's|bilder|images)(?: (?:from|von|vom|de|del|da|di|uit|från|fra))?[ _-](?:19|20)\d\d|` + // Photos from 2019, of Google Takeout
	`(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)[ _-](?:19|20)\d\d|` + // May 2019
	`\d{3}[A-Z_][A-Z0-9_]{4}|` + // 100CANON, 100EOS5D, in DCIM
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
