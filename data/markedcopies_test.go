package data

import (
	"strings"
	"testing"
)

// TestMarkedCopies opens folders that programs have made beside others of the same name.
func TestMarkedCopies(t *testing.T) {
	for _, c := range []struct {
		name  string
		files string // with their content
		want  string // the rows
		said  string
	}{
		{"a second download", "archive/cats/1.png=a archive/dogs/2.png=b archive_(1)/cats/1.png=a archive_(1)/dogs/2.png=b", "cats/1.png=cats dogs/2.png=dogs", "2 images in copies of the data"},
		{"an incomplete first one", "archive/cats/1.png=a archive(1)/cats/1.png=a archive(1)/dogs/2.png=b", "cats/1.png=cats dogs/2.png=dogs", "1 image in a copy"},
		{"a copy of Windows", "X/cats/1.png=a X/dogs/2.png=b X_-_Copy/cats/1.png=a X_-_Copy/dogs/2.png=b", "cats/1.png=cats dogs/2.png=dogs", "in copies"},
		{"its second copy, in German", "X/cats/1.png=a X/dogs/2.png=b X_-_Kopie_(2)/dogs/2.png=b", "cats/1.png=cats dogs/2.png=dogs", "in a copy"},
		{"a copy of macOS", "X/cats/1.png=a X/dogs/2.png=b X_copy_2/cats/1.png=a", "cats/1.png=cats dogs/2.png=dogs", "in a copy"},
		{"a copy of Google Drive", "X/cats/1.png=a X/dogs/2.png=b Copy_of_X/cats/1.png=a", "cats/1.png=cats dogs/2.png=dogs", "in a copy"},
		{"iCloud", "X/cats/1.png=a X/dogs/2.png=b X_2/cats/1.png=a X_2/dogs/2.png=b", "cats/1.png=cats dogs/2.png=dogs", "in copies"},
		{"with parts", "X/train/cats/1.png=a X/train/dogs/2.png=b X/test/cats/3.png=c X_(1)/train/cats/1.png=a X_(1)/train/dogs/2.png=b X_(1)/test/cats/3.png=c", "cats/1.png=cats dogs/2.png=dogs", "in copies"},
		{"a copy of a class", "cats/1.png=a dogs/2.png=b cats_(1)/1.png=a", "cats/1.png=cats dogs/2.png=dogs", "in a copy"},
		{"other images", "archive/cats/1.png=a archive/dogs/2.png=b archive_(1)/cats/3.png=c archive_(1)/dogs/4.png=d", "archive (1)/cats/3.png=cats archive (1)/dogs/4.png=dogs archive/cats/1.png=cats archive/dogs/2.png=dogs", "The classes are the folders inside them: cats, dogs"},
		{"some other images", "archive/cats/1.png=a archive/dogs/2.png=b archive_(1)/cats/1.png=a archive_(1)/dogs/2.png=d", "archive (1)/cats/1.png=cats archive (1)/dogs/2.png=dogs archive/cats/1.png=cats archive/dogs/2.png=dogs", "The folders archive, archive (1)"},
		{"other folders inside", "X/cats/1.png=a X/dogs/2.png=b X_(1)/owls/3.png=c X_(1)/dogs/4.png=d", "X (1)/dogs/4.png=X (1) X (1)/owls/3.png=X (1) X/cats/1.png=X X/dogs/2.png=X", ""},
		{"classes with numbers", "stage_1/left/1.png=a stage_1/right/2.png=b stage_2/left/3.png=c stage_2/right/4.png=d", "stage 1/left/1.png=stage 1 stage 1/right/2.png=stage 1 stage 2/left/3.png=stage 2 stage 2/right/4.png=stage 2", ""},
		{"classes, one without a number", "type/left/1.png=a type/right/2.png=b type_2/left/3.png=c type_2/right/4.png=d", "type 2/left/3.png=type 2 type 2/right/4.png=type 2 type/left/1.png=type type/right/2.png=type", ""},
	} {
		var entries []entryOf
		for f := range strings.FieldsSeq(c.files) {
			name, content, _ := strings.Cut(f, "=")
			entries = append(entries, entryOf{name: "down/" + strings.ReplaceAll(name, "_", " "), content: append(png(t), content...)})
		}
		tab := open(t, file1(t, "set.zip", archive(t, entries...)), OpenOptions{})
		if got := list1(tab); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		said := strings.Join(append(tab.Notes(), tab.Warnings()...), "\n")
		for _, p := range tab.Passed() {
			said += "\n" + p.String()
		}
		if !strings.Contains(said, c.said) {
			t.Errorf("%s: said %s, want %s", c.name, said, c.said)
		}
	}
}
