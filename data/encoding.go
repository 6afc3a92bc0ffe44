package data

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// textEncodings are the encodings of tables that can be named, with the other names that Python has for them. UTF-8 has no decoder, since it is what texts are read in.
var textEncodings = []struct {
	name   string
	others string
	of     encoding.Encoding
}{
	{"utf-8", "utf8 utf-8-sig", nil},
	{"utf-16", "utf16", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
	{"utf-16le", "utf-16-le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"utf-16be", "utf-16-be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{"latin-1", "latin1 l1 iso-8859-1 iso8859-1 8859", charmap.ISO8859_1},
	{"iso-8859-2", "latin2 latin-2 l2 iso8859-2", charmap.ISO8859_2},
	{"iso-8859-5", "cyrillic iso8859-5", charmap.ISO8859_5},
	{"iso-8859-7", "greek iso8859-7", charmap.ISO8859_7},
	{"iso-8859-9", "latin5 latin-5 l5 iso8859-9", charmap.ISO8859_9},
	{"iso-8859-15", "latin9 latin-9 l9 iso8859-15", charmap.ISO8859_15},
	{"cp1250", "windows-1250", charmap.Windows1250},
	{"cp1251", "windows-1251", charmap.Windows1251},
	{"cp1252", "windows-1252 ansi", charmap.Windows1252},
	{"cp1253", "windows-1253", charmap.Windows1253},
	{"cp1254", "windows-1254", charmap.Windows1254},
	{"cp1255", "windows-1255", charmap.Windows1255},
	{"cp1256", "windows-1256", charmap.Windows1256},
	{"cp1257", "windows-1257", charmap.Windows1257},
	{"cp1258", "windows-1258", charmap.Windows1258},
	{"cp437", "ibm437 437", charmap.CodePage437},
	{"cp850", "ibm850 850", charmap.CodePage850},
	{"cp852", "ibm852 852", charmap.CodePage852},
	{"cp866", "ibm866 866", charmap.CodePage866},
	{"koi8-r", "koi8r", charmap.KOI8R},
	{"koi8-u", "koi8u", charmap.KOI8U},
	{"mac-roman", "macroman macintosh", charmap.Macintosh},
	{"shift-jis", "shiftjis sjis s-jis cp932 932 ms932 windows-31j", japanese.ShiftJIS},
	{"euc-jp", "eucjp ujis", japanese.EUCJP},
	{"gbk", "gb2312 cp936 936 ms936 chinese", simplifiedchinese.GBK},
	{"gb18030", "gb18030-2000", simplifiedchinese.GB18030},
	{"big5", "big5-tw cp950 950", traditionalchinese.Big5},
	{"euc-kr", "euckr cp949 949 ms949 uhc", korean.EUCKR},
}

// CheckEncoding returns an error if a name is not that of an encoding for OpenOptions.Encoding.
func CheckEncoding(name string) error {
	_, err := encodingOf(name)
	return err
}

// encodingOf returns an encoding by its name, nil for UTF-8. Case, _ and spaces do not matter.
func encodingOf(name string) (encoding.Encoding, error) {
	plain := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(strings.TrimSpace(name)))
	var names []string
	for _, e := range textEncodings {
		if e.name == plain || strings.Contains(" "+e.others+" ", " "+plain+" ") && plain != "" {
			return e.of, nil
		}
		names = append(names, e.name)
	}
	return nil, fmt.Errorf("unknown encoding %q; want one of %s", name, strings.Join(names, ", "))
}

// inUTF8 returns a reader of a text in UTF-8, for a text in the encoding with the given name.
func inUTF8(r io.Reader, name string) (io.Reader, error) {
	e, err := encodingOf(name)
	if err != nil || e == nil {
		return r, err
	}
	return e.NewDecoder().Reader(r), nil
}
