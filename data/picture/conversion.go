package picture

import "strings"

// The beginnings of the names that Foreign gives to formats of microscopes, and of scans of medicine with several layers.
const (
	microscopeName = "microscope"
	slideName      = "microscope slide"
	scanName       = "medical scan"
)

// rawToJPEG and scanToPNG are statements of Python that convert a file p. Of a scan with several layers, the middle one is taken, and its values are scaled to 8 bits.
const (
	rawToJPEG = `Image.fromarray(rawpy.imread(str(p)).postprocess(use_camera_wb=True)).save(p.with_suffix(".jpg"))`
	scanToPNG = `[Image.fromarray(((a - a.min()) / max(a.max() - a.min(), 1e-9) * 255).astype("uint8")).save(f"{p}.png") for a in [SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(p))).astype(float)] for a in [a if a.ndim == 2 else a[len(a) // 2]]]`
	toPNG     = "bfconvert -series 0 -z 0 -timepoint 0 -channel 0 "
	toTiles   = "vips dzsave "
	tiles     = " --depth one --tile-size 512 --suffix .png"
)

// conversions are the programs and commands that convert formats whose name begins with a text. EXT stands for the extension.
var conversions = []struct{ name, program, one, many string }{
	{rawName, "rawpy in Python", `python3 -c 'import pathlib, rawpy, sys; from PIL import Image; p = pathlib.Path(sys.argv[1]); ` + rawToJPEG + `' FILE`,
		`python3 -c 'import pathlib, rawpy; from PIL import Image; [` + rawToJPEG + ` for p in pathlib.Path(".").rglob("*EXT")]'`},
	{slideName, "vips, which cuts it into tiles", toTiles + "FILE FILE-tiles" + tiles, `find . -name '*EXT' -exec sh -c '` + toTiles + `"$1" "$1-tiles"` + tiles + `' sh {} \;`},
	{microscopeName, "Bio-Formats", toPNG + "FILE FILE.png", `find . -name '*EXT' -exec sh -c '` + toPNG + `"$1" "$1.png"' sh {} \;`},
	{scanName, "SimpleITK in Python", `python3 -c 'import SimpleITK, sys; from PIL import Image; p = sys.argv[1]; ` + scanToPNG + `' FILE`,
		`python3 -c 'import pathlib, SimpleITK; from PIL import Image; [` + scanToPNG + ` for p in pathlib.Path(".").rglob("*EXT")]'`},
	{"", "ImageMagick", "magick FILE FILE.jpg", "find . -name '*EXT' -exec magick mogrify -format jpg {} +"},
}

// Conversion returns the name of a program and a command that converts an image FILE of a format that this package does not support, as Foreign names it, to to: JPEG or PNG. many is the
// command for the images with this extension (such as ".heic") in the current folder and those in it.
func Conversion(name, ext string) (to, program, one, many string) {
	for _, c := range conversions {
		if strings.HasPrefix(name, c.name) {
			if to = "JPEG"; strings.Contains(c.one, "png") {
				to = "PNG"
			}
			return to, c.program, c.one, strings.ReplaceAll(c.many, "EXT", ext)
		}
	}
	return "", "", "", "" // the last one has every name
}
