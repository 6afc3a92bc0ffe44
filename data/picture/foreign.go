package picture

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// foreign lists formats that this package names and does not read.
var foreign = []struct {
	name  string
	at    int
	magic string // ? is any byte
}{
	{"HEIC", 4, "ftypheic"}, {"HEIC", 4, "ftypheix"}, {"HEIC", 4, "ftyphevc"}, {"HEIC", 4, "ftypheim"}, {"HEIC", 4, "ftypheis"}, {"HEIC", 4, "ftyphevx"},
	{"AVIF", 4, "ftypavif"}, {"AVIF", 4, "ftypavis"},
	{"HEIC", 4, "ftypmif1"}, {"HEIC", 4, "ftypmsf1"}, // of any image in HEIF; Foreign recognizes AVIF files among them
	{"JPEG 2000", 0, "\x00\x00\x00\x0cjP  \r\n\x87\n"}, {"JPEG 2000", 0, "\xff\x4f\xff\x51"},
	{"JPEG XL", 0, "\x00\x00\x00\x0cJXL \r\n\x87\n"}, {"JPEG XL", 0, "\xff\x0a"},
	{"JPEG XR", 0, "II\xbc"},
	{"Photoshop", 0, "8BPS"}, {"DICOM", 128, "DICM"}, {"OpenEXR", 0, "v/1\x01"}, {"DDS", 0, "DDS "}, {"FITS", 0, "SIMPLE  ="},
	{"PAM", 0, "P7\n"}, {"PFM", 0, "PF\n"}, {"PFM", 0, "Pf\n"}, {"QOI", 0, "qoif"}, {"Windows icon", 0, "\x00\x00\x01\x00"},
	{rawName + " (CR3)", 4, "ftypcrx "}, {rawName + " (CR2)", 0, "II*\x00????CR"}, {rawName + " (ORF)", 0, "IIRO"}, {rawName + " (ORF)", 0, "IIRS"}, {rawName + " (ORF)", 0, "MMOR"}, {rawName + " (RW2)", 0, "IIU\x00"},
	{rawName + " (RAF)", 0, "FUJIFILMCCD-RAW"}, {rawName + " (CRW)", 0, "II\x1a\x00\x00\x00HEAPCCDR"}, {rawName + " (MRW)", 0, "\x00MRM"}, {rawName + " (X3F)", 0, "FOVb"},
	{"DICOM", 0, "\x08\x00\x05\x00\x0a\x00\x00\x00"},
	{scanName + " (NIfTI)", 0, "\x5c\x01\x00\x00"}, {scanName + " (NRRD)", 0, "NRRD000"}, {scanName + " (MetaImage)", 0, "ObjectType = Image"},
	{microscopeName + " (CZI)", 0, "ZISRAWFILE"}, {microscopeName + " (ND2)", 0, "\xda\xce\xbe\x0a"}, {microscopeName + " (LIF)", 0, "\x70\x00\x00\x00????\x2a"}, {"PCX", 0, "\x0a\x05\x01"}, {"PCX", 0, "\x0a\x02\x01"}, {"PCX", 0, "\x0a\x03\x01"},
	{"TGA", 0, "\x00\x00\x02\x00\x00\x00\x00\x00"}, {"TGA", 0, "\x00\x00\x0a\x00\x00\x00\x00\x00"}, {"TGA", 0, "\x00\x00\x03\x00\x00\x00\x00\x00"}, {"TGA", 0, "\x00\x00\x0b\x00\x00\x00\x00\x00"},
	{"TGA", 0, "\x00\x01\x01\x00\x00"}, {"TGA", 0, "\x00\x01\x09\x00\x00"}, {"Windows cursor", 0, "\x00\x00\x02\x00?\x00"},
	{"SGI", 0, "\x01\xda\x00"}, {"SGI", 0, "\x01\xda\x01"}, {"macOS icon", 0, "icns"}, {"GIMP", 0, "gimp xcf "}, {"Radiance HDR", 0, "#?RADIANCE"}, {"Radiance HDR", 0, "#?RGBE"}, {"DPX", 0, "SDPX"}, {"DPX", 0, "XPDS"},
	{"Cineon", 0, "\x80\x2a\x5f\xd7"}, {"FLIF", 0, "FLIF"}, {"BPG", 0, "BPG\xfb"}, {"DjVu", 0, "AT&TFORM"}, {"KTX", 0, "\xabKTX "}, {"BLP", 0, "BLP1"}, {"BLP", 0, "BLP2"}, {"XPM", 0, "/* XPM */"},
	{"EPS", 0, "%!PS"}, {"EPS", 0, "\xc5\xd0\xd3\xc6"}, {"WMF", 0, "\xd7\xcd\xc6\x9a"}, {"IFF", 0, "FORM????ILBM"},
}

// Foreign returns the name of the format of an image file that this package does not support, such as "HEIC". It looks only at the
// first bytes. It returns "" for other files.
func Foreign(data []byte) string {
	for _, f := range foreign {
		if len(data) >= f.at && hasMagic(data[f.at:], f.magic) {
			if f.name == "HEIC" && bytes.Contains(data[:min(len(data), 64)], []byte("avif")) {
				return "AVIF"
			}
			return f.name
		}
	}
	return ""
}

// otherKinds lists kinds of files that are often found under the name of an image.
var otherKinds = []struct{ name, magic string }{
	{"a web page, probably an error of a download", "<!DOCTYPE"}, {"a web page, probably an error of a download", "<!doctype"}, {"a web page, probably an error of a download", "<html"},
	{"an SVG drawing", "<svg"}, {"an XML file, perhaps an SVG drawing", "<?xml"}, {"a PDF file", "%PDF"},
	{"a pointer of Git LFS; get the file with git lfs pull", "version https://git-lfs"},
	{"an SVG drawing or another XML file", "<!--"},
	{"a zip archive", "PK\x03\x04"}, {"a RAR archive", "Rar!"}, {"a 7z archive", "7z\xbc\xaf"}, {"a gzip file", "\x1f\x8b"}, {"a program", "MZ\x90"}, {"a program", "\x7fELF"}, {"a sound (WAV)", "RIFF????WAVE"}, {"a sound (MP3)", "ID3"}, {"a macOS resource fork", "\x00\x05\x16\x07"},
	{"a video" + frames, "\x00\x00\x01\xba"}, {"a video (MP4 or MOV)" + frames, "????ftyp"}, {"a video (MOV)" + frames, "????moov"}, {"a video (WebM or Matroska)" + frames, "\x1a\x45\xdf\xa3"}, {"a video (AVI)" + frames, "RIFF????AVI "},
	{"a NumPy array", "\x93NUMPY"}, {"an OLE file, such as Thumbs.db or an old document of Office", "\xd0\xcf\x11\xe0"}, {"JSON text, probably an error of a download", "{\""},
	{"an answer of a web server with its headers; download it again, without the headers (curl without -i)", "HTTP/"},
	{"an image as text (a data URI); decode what is after the comma, for example with base64 -d", "data:image/"},
	{"a JPEG image in base64; decode it, for example with base64 -d", "/9j/"}, {"a PNG image in base64; decode it, for example with base64 -d", "iVBORw0KGgo"},
	{"a GIF image in base64; decode it, for example with base64 -d", "R0lGODlh"}, {"a WebP image in base64; decode it, for example with base64 -d", "UklGR"},
	{"a PNG image whose line ends were changed, as by FTP in text mode; copy it again as a binary file", "\x89PNG\n\x1a\n"}, {"a PNG image whose line ends were changed, as by FTP in text mode; copy it again as a binary file", "\x89PNG\r\r\n"},
	{"a JPEG image that was read as text and written as UTF-8; copy it again as a binary file", "\xc3\xbf\xc3\x98"}, {"a file that was read as text and written as UTF-8, which loses its content; copy it again as a binary file", "\xef\xbf\xbd"},
	{"a JPEG image after other bytes, such as a blank line, which a program has put before it; copy it again", "\xff\xd8\xff"}, {"a PNG image after other bytes, such as a blank line, which a program has put before it; copy it again", "\x89PNG"},
}

// frames says what to do with a video.
const frames = "; take images out of it, for example with ffmpeg -i VIDEO frame%05d.jpg"

// converters are programs that convert images of formats that ImageMagick does not read.
var converters = map[string]string{"DICOM": "dcmj2pnm of DCMTK"}

// Recognize returns an error if the first bytes of a file are not those of a format that this package supports. The error names the format if it
// is known.
func Recognize(data []byte) error {
	switch {
	case len(data) == 0:
		return errEmpty
	case Format(data) == "":
		return unknown(data)
	}
	if raw := rawTIFF(data); raw != "" {
		return rawError(raw, data)
	}
	return nil
}

var errEmpty = errors.New("not an image: the file is empty")

const supported = "JPEG, PNG, GIF, BMP, TIFF, WebP and PPM"

// unsupported is the error of a file of a format that Foreign names.
func unsupported(format string) error {
	with := cmp.Or(converters[format], "ImageMagick")
	for _, name := range []string{rawName, microscopeName, scanName} {
		if strings.HasPrefix(format, name) {
			_, program, one, _ := Conversion(format, "")
			with = program + ": " + one
		}
	}
	return fmt.Errorf("%s images are not supported: convert it to JPEG or PNG, for example with %s (supported are %s)", format, with, supported)
}

// unknown is the error of a file of no supported format.
func unknown(data []byte) error {
	if f := Foreign(data); f != "" {
		return unsupported(f)
	}
	for _, k := range otherKinds {
		if hasMagic(bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n\ufeff"), k.magic) {
			return fmt.Errorf("not an image: it is %s (supported are %s)", k.name, supported)
		}
	}
	return fmt.Errorf("not an image: starts with %s (supported are %s)", start(data), supported)
}
