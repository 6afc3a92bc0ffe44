package data

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// extensions lists the file name extensions of images: Keras' list, and those that Pillow knows for the formats that
// data/picture decodes. As in Keras, case does not matter.
var extensions = []string{"png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff", "gif", "webp", "jfif", "jpe", "mpo", "pgm", "pbm", "pnm", "dib", "apng"}

// foreignExtensions maps the extensions of images that data/picture does not decode to the formats' names.
var foreignExtensions = map[string]string{
	"heic": "HEIC", "heif": "HEIC", "avif": "AVIF", "jp2": "JPEG 2000", "j2k": "JPEG 2000", "j2c": "JPEG 2000", "jpx": "JPEG 2000", "jpf": "JPEG 2000",
	"jxl": "JPEG XL", "psd": "Photoshop", "svg": "SVG", "tga": "TGA", "pcx": "PCX", "exr": "OpenEXR", "dds": "DDS", "dcm": "DICOM", "ico": "icon",
	"heics": "HEIC", "hif": "HEIC", "avifs": "AVIF", "jxr": "JPEG XR", "psb": "Photoshop", "svgz": "SVG", "xcf": "GIMP", "eps": "EPS", "icns": "icon", "cur": "icon", "sgi": "SGI", "dpx": "DPX", "qoi": "QOI", "pam": "PAM", "pfm": "PFM",
	"cr2": "camera raw", "cr3": "camera raw", "nef": "camera raw", "arw": "camera raw", "dng": "camera raw", "orf": "camera raw", "rw2": "camera raw", "raf": "camera raw", "crw": "camera raw", "mrw": "camera raw", "nrw": "camera raw", "pef": "camera raw",
	"czi": "microscope (CZI)", "lsm": "microscope (LSM)", "nd2": "microscope (ND2)", "lif": "microscope (LIF)", "oib": "microscope (OIB)", "oif": "microscope (OIF)", "oir": "microscope (OIR)", "vsi": "microscope (VSI)",
	"svs": "microscope slide (SVS)", "ndpi": "microscope slide (NDPI)", "mrxs": "microscope slide (MRXS)", "scn": "microscope slide (SCN)", "svslide": "microscope slide (SVSLIDE)", "bif": "microscope slide (BIF)",
	"nii": "medical scan (NIfTI)", "nii.gz": "medical scan (NIfTI)", "mha": "medical scan (MetaImage)", "mhd": "medical scan (MetaImage)", "nrrd": "medical scan (NRRD)", "nhdr": "medical scan (NRRD)", "fits": "FITS", "fit": "FITS", "fts": "FITS",
	"srw": "camera raw", "sr2": "camera raw", "srf": "camera raw", "x3f": "camera raw", "3fr": "camera raw", "erf": "camera raw", "dcr": "camera raw", "kdc": "camera raw", "iiq": "camera raw", "mef": "camera raw", "mos": "camera raw", "rwl": "camera raw",
}

// scanExtensions are further extensions of medical images and of compressed ones, as tables name them whose images were converted.
var scanExtensions = []string{"dicom", "dic", "ima", "gz", "npy", "raw"}

// foreignExtension returns the extension of a file's name, without the dot: nii.gz for a compressed scan, else the last one.
func foreignExtension(name string) string {
	if ext := extension(name); ext != "gz" || extension(strings.TrimSuffix(name, path.Ext(name))) != "nii" {
		return ext
	}
	return "nii.gz"
}

// archiveExtensions are those of the archives that Open reads.
var archiveExtensions = []string{".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.zst", ".tzst"}

// isImage reports whether name is the name of an image file. Hidden files are not images: macOS
// adds a ._cat.0.jpg for each cat.0.jpg.
func isImage(name string) bool {
	return !strings.HasPrefix(path.Base(name), ".") && slices.Contains(extensions, extension(name))
}

// extension returns the lower-case extension of a file's name, without the dot.
func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// nameClass is what the name of a file tells.
type nameClass int

const (
	otherName   nameClass = iota
	imageName             // an image
	oddName               // no usual extension: the file may be an image
	archiveName           // an archive that Open reads
	foreignName           // an image of a format that data/picture does not decode
	hiddenName            // hidden, or in a folder that is no class
)

// classify tells what a file is by its name, which is relative to the source. kind is what Passed.Kinds counts.
func classify(name string) (class nameClass, kind string) {
	if isJunk(name) {
		return hiddenName, ""
	}
	ext := extension(name)
	kind = "." + ext
	switch {
	case slices.Contains(extensions, ext):
		return imageName, ""
	case isArchive(name):
		return archiveName, kind
	case foreignExtensions[foreignExtension(name)] != "":
		return foreignName, foreignExtensions[foreignExtension(name)]
	case ext == "":
		return oddName, "without an extension"
	case strings.HasSuffix(ext, "~"):
		return otherName, kind
	case strings.Trim(ext, "0123456789") == "", slices.ContainsFunc(extensions, func(e string) bool { return strings.HasPrefix(ext, e) }):
		return oddName, kind // cat.0, photo.jpg_large
	}
	return otherName, kind
}

func isArchive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(archiveExtensions, func(e string) bool { return strings.HasSuffix(name, e) })
}

// systemFolders are folders that programs and systems add to those of users: resource forks of macOS, thumbnails, snapshots and
// recycle bins of Synology, QNAP, NetApp and Windows, files that were recovered from a damaged disk, the packages of Python and JavaScript, what programs write about a training, and others. Case does not
// matter. A name that may be a class, such as trash or runs, is not here.
var systemFolders = []string{
	"__macosx", "@eadir", "@tmp", "@recycle", "@recently-snapshot", "@transcode", "#recycle", "#snapshot", "~snapshot", "$recycle.bin", "recycler", "system volume information",
	"lost+found", "lost.dir", "msdownld.tmp", "_gsdata_", "__pycache__", "site-packages", "dist-packages", "__pypackages__", "node_modules", "bower_components", "jspm_packages", "venv", "virtualenv",
	"anaconda3", "miniconda3", "miniforge3", "wandb", "mlruns", "mlartifacts", "lightning_logs", "tb_logs", "dvclive", "ray_results", "catboost_info",
}

// numberedFolder is the name of a system folder with a number or a time: of files that chkdsk has recovered from a damaged disk, and of a previous version that Samba keeps.
var numberedFolder = regexp.MustCompile(`(?i)^(?:found\.\d{3}|@gmt-\d{4}\.\d\d\.\d\d-\d\d\.\d\d\.\d\d)$`)

// runTasks are the folders in runs in which Ultralytics' YOLO writes its results.
var runTasks = []string{"classify", "detect", "segment", "pose", "obb"}

// programLibraries are the ends of the names of folders in which a program for photos keeps its files, with several sizes of each photo.
var programLibraries = []string{".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary", ".lrdata", ".lrlibrary", ".cocatalog"}

func isLibrary(folder string) bool {
	return strings.IndexByte(folder, '.') > 0 && slices.ContainsFunc(programLibraries, func(end string) bool { return strings.HasSuffix(strings.ToLower(folder), end) })
}

// isJunk reports whether name is that of a hidden file, or is in a folder that is hidden (.ipynb_checkpoints) or that a
// program added (__MACOSX).
func isJunk(name string) bool {
	around := ""
	for n := range strings.SplitSeq(name, "/") {
		if numberedFolder.MatchString(n) || strings.HasPrefix(n, ".") && n != "." || slices.Contains(systemFolders, strings.ToLower(n)) || isLibrary(n) || around == "runs" && slices.Contains(runTasks, n) {
			return true
		}
		around = n
	}
	return false
}
