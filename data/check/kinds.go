package check

// Kind describes a kind of fault.
type Kind struct {
	// Name is the kind's name in flags and files, such as "blurred".
	Name string
	// Title is a heading, such as "Blurred images".
	Title string
	// Advice says why it matters and what to do.
	Advice string
	// Drops reports whether the images at fault can be left out to fix the fault.
	Drops bool
	// Useless reports whether such images add nothing to any training, or make its evaluation wrong: lince clean drops them by default.
	Useless bool
	// Model reports whether the kind needs the predictions of a model: it is searched by Labels, not by Run.
	Model bool
}

// kind is a Kind with its search.
type kind struct {
	Kind
	quick bool // needs no decoded image
	find  func(s *set) []Finding
}

// The kinds that depend on each other.
const (
	conflictKind = "conflict"
	labelKind    = "label"
)

// kinds lists all kinds of faults, the gravest first. To add one, add a row and its function.
var kinds = []kind{
	{Kind{Name: "empty", Title: "Empty files", Advice: "Copy or download them again.", Drops: true, Useless: true}, false, findEmpty},
	{Kind{Name: "corrupt", Title: "Files that cannot be decoded", Advice: "Copy or download them again. Training skips them.", Drops: true, Useless: true}, false, findCorrupt},
	{Kind{Name: "lost", Title: "Classes without an image that can be decoded", Advice: "A model cannot learn them. Copy or download their images again."}, false, findLost},
	{Kind{Name: conflictKind, Title: "The same image in two classes", Advice: "At least one of the labels is wrong. Keep the image in one class.", Drops: true, Useless: true}, true, findConflicts},
	{Kind{Name: "leak", Title: "The same image in two parts", Advice: "The test measures what the model has memorized. Remove the image from one part.", Drops: true, Useless: true}, true, findLeaks},
	{Kind{Name: "duplicate", Title: "Files with the same content", Advice: "Copies count several times, and a split may put them on both sides. Keep one.", Drops: true, Useless: true}, true, findDuplicates},
	{Kind{Name: "near-duplicate", Title: "Nearly the same image", Advice: "Resized, recompressed, cropped or mirrored copies. A split may put them on both sides. Keep one.", Drops: true, Useless: true}, false, findNear},
	{Kind{Name: labelKind, Title: "Labels that are probably wrong", Advice: "Look at them. The model is confident of another class.", Drops: true, Model: true}, false, nil},
	{Kind{Name: "blank", Title: "Blank images", Advice: "They show nothing, so their label cannot be learned.", Drops: true, Useless: true}, false, findBlank},
	{Kind{Name: "dark", Title: "Images that are too dark", Advice: "Little can be seen in them. Brighten or remove them.", Drops: true}, false, findDark},
	{Kind{Name: "bright", Title: "Images that are too bright", Advice: "Little can be seen in them. Darken or remove them.", Drops: true}, false, findBright},
	{Kind{Name: "blurred", Title: "Blurred images", Advice: "No edge in them is sharp. Remove them, unless such images are to be classified later.", Drops: true}, false, findBlurred},
	{Kind{Name: "tiny", Title: "Tiny images", Advice: "They are enlarged for the model and show little detail.", Drops: true}, false, findTiny},
	{Kind{Name: "shape", Title: "Images of an unusual shape", Advice: "Resizing distorts them. Crop or remove them.", Drops: true}, false, findShape},
	{Kind{Name: "turned", Title: "Images with an EXIF orientation", Advice: "Keras and lince train on the pixels as they are stored, so the image lies on its side. Rotate the file."}, false, findTurned},
	{Kind{Name: "misnamed", Title: "File names with the wrong extension", Advice: "lince goes by the content, but other programs fail. Rename the file."}, false, findMisnamed},
	{Kind{Name: "unicode", Title: "Names that differ only in Unicode form", Advice: "They look the same, and on macOS they are the same: copying or unpacking there overwrites one of them. Rename one."}, false, findUnicode},
	{Kind{Name: "spelling", Title: "Classes that differ only by spelling", Advice: "They are probably one class. Join them, for example with --rename."}, true, findSpelling},
	{Kind{Name: "few", Title: "Classes with few images", Advice: "A model rarely predicts them. Add images, or leave the class out."}, true, findFew},
	{Kind{Name: "giveaway", Title: "Numbers that give the class away", Advice: "A model can learn this number instead of the content. Find out why the classes differ in it."}, true, findGiveaways},
}

// Kinds returns all kinds of faults, the gravest first.
func Kinds() []Kind {
	out := make([]Kind, len(kinds))
	for i, k := range kinds {
		out[i] = k.Kind
	}
	return out
}

// Names returns the names of all kinds.
func Names() []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = k.Name
	}
	return out
}
