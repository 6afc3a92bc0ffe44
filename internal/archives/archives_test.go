package archives

import "testing"

func TestKinds(t *testing.T) {
	for _, c := range []struct{ head, extension, name, file, command string }{
		{"7z\xbc\xaf\x27\x1c\x00", "7z", "a 7z archive", "my set.7z", "7z x 'my set.7z'"},
		{"\xfd7zXZ\x00", "xz", "an xz file", "x/a.tar.xz", "tar -xf a.tar.xz"},
		{"\xfd7zXZ\x00", "txz", "an xz file", "a.TXZ", "tar -xf a.TXZ"},
		{"LZIP", "lz", "an lzip file", "a.csv.lz", "lzip -d a.csv.lz"},
		{"", "iso", "a disk image", "a.iso", "7z x a.iso"},
		{Gzip, "gz", "", "", ""}, {Zip, "zip", "", "", ""}, {"", "", "", "", ""},
	} {
		name := func(k *Kind) string {
			if k == nil {
				return ""
			}
			return k.Name
		}
		if got := name(Of([]byte(c.head))); got != c.name && c.head != "" {
			t.Errorf("%q is %q, want %q", c.head, got, c.name)
		}
		k := Named(c.extension)
		if got := name(k); got != c.name {
			t.Errorf("%s is %q, want %q", c.extension, got, c.name)
		}
		if k != nil && k.Command(c.file) != c.command {
			t.Errorf("%s: %s, want %s", c.file, k.Command(c.file), c.command)
		}
	}
}
