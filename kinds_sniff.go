package lince

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/format/safetensors"
	"github.com/lince-ml/lince/format/torch"
	"github.com/lince-ml/lince/internal/archives"
)

// sniffSize is the number of bytes at the start of a file that the kinds are recognized by. Zip archives, HDF5 files and
// protocol buffers are looked into further.
const sniffSize = 4096

// at reports whether text is in the file at offset n.
func at(head []byte, n int, text string) bool {
	return len(head) >= n && bytes.HasPrefix(head[n:], []byte(text))
}

// inFolder returns what reports whether a folder has a file or a folder.
func inFolder(path string) func(name string) bool {
	return func(name string) bool {
		_, err := os.Stat(filepath.Join(path, name))
		return err == nil
	}
}

func isZip(head []byte) bool { return at(head, 0, archives.Zip) }

// members returns the names in a zip archive. If the archive is cut short, it is the name of the first member alone.
func members(f source, head []byte) (names []string) {
	if !isZip(head) {
		return nil
	}
	if z, err := zip.NewReader(f.r, f.size); z != nil && (err == nil || len(z.File) > 0) {
		for _, m := range z.File {
			names = append(names, m.Name)
		}
		return names
	}
	const fixed = 30 // the size of a local header without the name
	if len(head) >= fixed {
		if n := int(binary.LittleEndian.Uint16(head[26:])); len(head) >= fixed+n {
			names = append(names, string(head[fixed:fixed+n]))
		}
	}
	return names
}

func isKeras(f source, head []byte) bool {
	names := members(f, head)
	folder, err := keras.Folder(names)
	return err != nil || folder != "" || slices.ContainsFunc(names, keras.IsMember)
}

// torchMembers are in the archives of torch.save and torch.jit.save, below a folder with the archive's name.
func torchMembers(f source, head []byte) (data, code bool) {
	for _, name := range members(f, head) {
		_, inner, _ := strings.Cut(name, "/")
		data = data || inner == "data.pkl"
		code = code || inner == "constants.pkl" || inner == "bytecode.pkl"
	}
	return data, code
}

func isTorchScript(f source, head []byte) bool {
	data, code := torchMembers(f, head)
	return data && code
}

func isTorchExport(f source, head []byte) bool {
	return slices.ContainsFunc(members(f, head), func(name string) bool {
		_, inner, _ := strings.Cut(name, "/")
		return name == "serialized_exported_program.json" || inner == "archive_format" || strings.HasPrefix(inner, "models/") && strings.HasSuffix(inner, ".json")
	})
}

func isTorch(f source, head []byte) bool {
	data, _ := torchMembers(f, head)
	return data || !isZip(head) && torch.Is(head)
}

// isPickle recognizes the opcode PROTO with a protocol from 2 to 5.
func isPickle(_ source, head []byte) bool {
	return len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
}

// isKerasPickle recognizes a pickle that begins with a class of Keras, and not with one that wraps it.
func isKerasPickle(f source, head []byte) bool {
	const begin = 256 // bytes with the names of the first classes
	first := head[:min(len(head), begin)]
	has := func(text string) bool { return bytes.Contains(first, []byte(text)) }
	return isPickle(f, head) && has("keras.") && !has("scikeras") && !has("sklearn")
}

func isNPZ(f source, head []byte) bool {
	names := members(f, head)
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".npy") })
}

// hdf5Start reports whether the file is HDF5. The signature may come after a block of 512, 1024, 2048, ... bytes.
func hdf5Start(f source) bool {
	const signature = "\x89HDF\r\n\x1a\n"
	var b [len(signature)]byte
	for start := int64(0); start+int64(len(b)) <= f.size; start = max(512, 2*start) {
		if _, err := f.r.ReadAt(b[:], start); err != nil {
			return false
		}
		if string(b[:]) == signature {
			return true
		}
	}
	return false
}

// hdf5Root returns the names of the attributes and members of the root group. ok is false if the file is not HDF5.
// attributes is nil if they cannot be read.
func hdf5Root(f source) (attributes, children []string, ok bool) {
	if !hdf5Start(f) {
		return nil, nil, false
	}
	h, err := hdf5.Open(f.r, f.size)
	if err != nil {
		return nil, nil, true
	}
	root, err := h.Root()
	if err != nil {
		return nil, nil, true
	}
	attributes, _ = root.AttrNames() // the reader of the file reports what is damaged
	return attributes, root.Names(), true
}

// isKerasHDF5 also takes files whose root is damaged, so that the reader says what is wrong.
func isKerasHDF5(f source, _ []byte) bool {
	attributes, _, ok := hdf5Root(f)
	return ok && (slices.Contains(attributes, "model_config") || attributes == nil)
}

func isKerasWeights(f source, _ []byte) bool {
	_, children, _ := hdf5Root(f)
	return slices.Contains(children, "layers") || slices.Contains(children, "_layer_checkpoint_dependencies")
}

func isLegacyWeights(f source, _ []byte) bool {
	attributes, _, _ := hdf5Root(f)
	return slices.Contains(attributes, "layer_names") || slices.Contains(attributes, "layer_names0")
}

func isSafetensors(f source, head []byte) bool { return safetensors.Is(head, f.size) }

// text returns the start of a text file without a byte order mark and white space; nil if it is not text.
func text(head []byte) []byte {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.IndexByte(head, 0) >= 0 {
		return nil
	}
	return head
}

// jsonKeys returns the keys of the start of a JSON object, at any depth; nil if the file is not such an object. Old
// versions of Keras wrote the object into a JSON string.
func jsonKeys(head []byte) map[string]bool {
	t := text(head)
	if bytes.HasPrefix(t, []byte(`"{\"`)) {
		t = bytes.ReplaceAll(t[1:], []byte(`\"`), []byte(`"`))
	}
	if !bytes.HasPrefix(t, []byte("{")) {
		return nil
	}
	keys := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(t))
	for {
		token, err := d.Token() // fails where the start of the file ends
		if err != nil {
			return keys
		}
		if s, ok := token.(string); ok {
			keys[s] = true
		}
	}
}

func isShardMap(_ source, head []byte) bool { return jsonKeys(head)["weight_map"] }

// isKerasJSON also takes objects of other programs, so that the reader says what is missing.
func isKerasJSON(_ source, head []byte) bool { return jsonKeys(head) != nil }

func isTensorFlowJS(_ source, head []byte) bool {
	keys := jsonKeys(head)
	return keys["modelTopology"] || keys["layers-model"] || keys["graph-model"]
}

func isMXNetSymbol(_ source, head []byte) bool {
	keys := jsonKeys(head)
	return keys["nodes"] && keys["op"] && !keys["class_name"]
}

var yamlKeys = regexp.MustCompile(`(?m)^(class_name|backend|config|keras_version): `)

func isKerasYAML(_ source, head []byte) bool {
	return yamlKeys.Match(text(head)) && bytes.Contains(head, []byte("class_name: "))
}

func isHTML(_ source, head []byte) bool {
	t := bytes.ToLower(text(head))
	return bytes.HasPrefix(t, []byte("<!doctype html")) || bytes.HasPrefix(t, []byte("<html"))
}

func isOpenVINO(_ source, head []byte) bool {
	t := text(head)
	return bytes.HasPrefix(t, []byte("<")) && bytes.Contains(t, []byte("<net ")) && bytes.Contains(t, []byte("<layers"))
}

var darknetStart = regexp.MustCompile(`^(\s*([#;].*)?\n)*\s*\[(net|network)\]`)

func isDarknet(_ source, head []byte) bool { return darknetStart.Match(text(head)) }

var prototxtLayer = regexp.MustCompile(`(?m)^\s*layers?\s*\{`)

func isPrototxt(_ source, head []byte) bool { return prototxtLayer.Match(text(head)) }

const savedModelFile = "saved_model.pb"

// field is a field at the top level of a protocol buffer.
type field struct {
	number protowire.Number
	wire   protowire.Type
	n      uint64 // the value of a varint
	start  []byte // the first bytes of a field of bytes, at most 64
}

// maxFields limits the fields that are looked at. Networks have few at their top level, except frozen graphs.
const maxFields = 64

// fields returns the first fields of a protocol buffer, nil if the file is no such thing. Only headers are read. The last
// field may be cut short, so that a truncated file is still recognized.
func fields(f source) (list []field) {
	var b [96]byte
	for off := int64(0); off < f.size && len(list) < maxFields; {
		head := b[:min(f.size-off, int64(len(b)))]
		if _, err := f.r.ReadAt(head, off); err != nil {
			return nil
		}
		number, wire, n := protowire.ConsumeTag(head)
		if n < 0 {
			return nil
		}
		x := field{number: number, wire: wire}
		rest := head[n:]
		off += int64(n)
		switch wire {
		case protowire.VarintType:
			if x.n, n = protowire.ConsumeVarint(rest); n < 0 {
				return nil
			}
			off += int64(n)
		case protowire.Fixed32Type:
			off += 4
		case protowire.Fixed64Type:
			off += 8
		case protowire.BytesType:
			size, n := protowire.ConsumeVarint(rest)
			if n < 0 || size > 1<<40 {
				return nil
			}
			x.start = slices.Clone(rest[n:][:min(size, 64, uint64(len(rest)-n))])
			off += int64(n) + int64(size)
		default:
			return nil
		}
		list = append(list, x)
	}
	return list
}

// isONNX recognizes a ModelProto, whose first field is the version of ONNX's intermediate representation, 3 or more in all
// files since 2017. The fields of a ModelProto are 1 to 8, 14 and those from 20 to 26.
func isONNX(f source, _ []byte) bool {
	graph, version := false, false
	for _, x := range fields(f) {
		switch x.number {
		case 1, 5:
			if x.wire != protowire.VarintType {
				return false
			}
			version = version || x.number == 1 && x.n >= 1 && x.n < 1000
		case 2, 3, 4, 6, 7, 8, 14, 20, 25, 26:
			if x.wire != protowire.BytesType {
				return false
			}
			graph = graph || x.number == 7 || x.number == 8
		default:
			return false
		}
	}
	return version && graph
}

// isCoreML recognizes a Model of Core ML: the version of the specification, a description, and one network.
func isCoreML(f source, _ []byte) bool {
	list := fields(f)
	return len(list) > 1 && list[0].number == 1 && list[0].wire == protowire.VarintType &&
		slices.ContainsFunc(list, func(x field) bool { return x.number >= 200 && x.number <= 3000 && x.wire == protowire.BytesType })
}

// isSavedModel recognizes version 1 and the first MetaGraphDef, which begins with its MetaInfoDef.
func isSavedModel(f source, _ []byte) bool {
	list := fields(f)
	return len(list) > 1 && list[0].number == 1 && list[0].wire == protowire.VarintType && list[0].n == 1 &&
		list[1].number == 2 && at(list[1].start, 0, "\x0a") && !isONNX(f, nil)
}

// isPaddle recognizes a ProgramDesc, whose first block has the index 0 and a parent.
func isPaddle(f source, _ []byte) bool {
	list := fields(f)
	return len(list) > 0 && list[0].number == 1 && at(list[0].start, 0, "\x08\x00\x10")
}

// isCaffe recognizes a NetParameter: a name, and layers in the field 100, or 2 before 2014.
func isCaffe(f source, _ []byte) bool {
	list := fields(f)
	return len(list) > 1 && list[0].number == 1 && list[0].wire == protowire.BytesType &&
		slices.ContainsFunc(list, func(x field) bool {
			return x.number == 100 || x.number == 2 && x.wire == protowire.BytesType && len(x.start) > 8
		})
}

// isGraphDef recognizes nodes, each of which begins with a name and an op.
func isGraphDef(f source, _ []byte) bool {
	list := fields(f)
	if len(list) == 0 || list[0].number != 1 {
		return false
	}
	name, n := protowire.ConsumeBytes(bytes.TrimPrefix(list[0].start, []byte("\x0a")))
	return at(list[0].start, 0, "\x0a") && n > 0 && len(name) > 0 && at(list[0].start, 1+n, "\x12")
}

// isCheckpoint recognizes the index of a checkpoint by the magic number at its end, and the graph beside it by its name.
func isCheckpoint(f source, _ []byte) bool {
	const magic = "\x57\xfb\x80\x8b\x24\x75\x47\xdb"
	var end [len(magic)]byte
	if f.size < int64(len(end)) {
		return false
	}
	_, err := f.r.ReadAt(end[:], f.size-int64(len(end)))
	return err == nil && string(end[:]) == magic || strings.HasSuffix(f.path, ".ckpt.meta")
}

// checkpointData matches the names of the files of a checkpoint that are numbers alone.
var checkpointData = regexp.MustCompile(`\.data-\d{5}-of-\d{5}$`)

// isDarknetWeights recognizes the version, 0.1 or 0.2, in a file with this name. The rest are numbers.
func isDarknetWeights(f source, head []byte) bool {
	return strings.HasSuffix(strings.ToLower(f.path), ".weights") &&
		(at(head, 0, "\x00\x00\x00\x00\x01\x00\x00\x00") || at(head, 0, "\x00\x00\x00\x00\x02\x00\x00\x00"))
}
