package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	unicodes "unicode"
	"unicode/utf8"

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

// decodedText returns a reader of the text of a table's file: without a byte order mark, and, with detect, UTF-16 and Shift JIS as UTF-8. The notes say so.
func decodedText(r io.Reader, detect bool) (_ io.Reader, notes []string, _ error) {
	br := bufio.NewReaderSize(r, 1<<16)
	head, err := br.Peek(1 << 16)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, err
	}
	order := unicode.LittleEndian
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = br.Discard(3) // it was just peeked
		return br, nil, nil
	case !detect:
		return br, nil, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return nil, nil, errors.New("is encoded in UTF-32; save it in UTF-8")
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		order = unicode.BigEndian
	case halfZero(head, 1):
	case halfZero(head, 0):
		order = unicode.BigEndian
	default:
		if isShiftJIS(head) {
			return japanese.ShiftJIS.NewDecoder().Reader(br), []string{"The text is encoded in Shift JIS (code page 932). If its letters are wrong, name its encoding (Encoding, --encoding)."}, nil
		}
		return br, nil, nil
	}
	return unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(br), []string{"The text is encoded in UTF-16."}, nil
}

// isShiftJIS reports whether a text is Japanese in Shift JIS: it is not UTF-8, all of its characters of two bytes are those of Japanese, and one
// begins with a byte that is a rare sign in Windows-1252. A half of a character at the end does not count.
func isShiftJIS(head []byte) bool {
	if utf8.Valid(head) {
		return false
	}
	sure := false
	for i := 0; i < len(head); {
		b := head[i]
		switch {
		case b < 0x80:
			i++
			continue
		case b < 0x81 || b > 0x9f && b < 0xe0 || b > 0xfc: // half-width letters are letters of Western Europe in Windows-1252
			return false
		case i+1 == len(head):
			return sure
		}
		text, err := japanese.ShiftJIS.NewDecoder().Bytes(head[i : i+2])
		r, n := utf8.DecodeRune(text)
		if err != nil || r == utf8.RuneError || n != len(text) || !isJapanese(r) {
			return false
		}
		sure = sure || b < 0xa0
		i += 2
	}
	return sure
}

// isJapanese reports whether a character of two bytes is one that Japanese text has: letters, punctuation and full-width forms.
func isJapanese(r rune) bool {
	return unicodes.In(r, unicodes.Han, unicodes.Hiragana, unicodes.Katakana) || r >= 0x3000 && r < 0x3040 || r >= 0xff00 && r < 0xfff0 || r == 'ー'
}

// halfZero reports whether most bytes at odd (1) or even (0) positions are zero, and none of the others: the text is UTF-16.
func halfZero(head []byte, odd int) bool {
	zeros := 0
	for i, b := range head {
		if b == 0 {
			if i%2 != odd {
				return false
			}
			zeros++
		}
	}
	return len(head) >= 4 && zeros*4 > len(head)
}

// textOf returns the text of a field: UTF-8, or else Windows-1252, of which Latin-1 is a part.
func textOf(field []byte) string {
	if utf8.Valid(field) {
		return string(field)
	}
	var b strings.Builder
	for _, x := range field {
		b.WriteRune(charmap.Windows1252.DecodeByte(x))
	}
	return b.String()
}
