package keras

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// maxText limits the JSON of a folder, which is not compressed.
const maxText = 256 << 20

// Folder returns the folder of an archive that has the members of a .keras file, with a slash at its end: "" if they are where Keras
// writes them, and "model/" if a .keras file was unpacked to a folder of this name, and the folder was packed again. It is "" also
// if there are no such members. If several folders have them, it returns an error.
func Folder(names []string) (string, error) {
	if slices.ContainsFunc(names, IsMember) {
		return "", nil
	}
	networks, others := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		folder, base := path.Split(name)
		networks[folder] = networks[folder] || base == configMember
		others[folder] = others[folder] || base != configMember && IsMember(base)
	}
	var found []string
	for folder := range networks {
		if networks[folder] && others[folder] {
			found = append(found, folder)
		}
	}
	slices.Sort(found)
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("the archive has the members of %d .keras files, in the folders %s; unpack it, and open one of the folders", len(found), strings.Join(found[:min(len(found), 5)], ", "))
}

// Members returns the names of the members that a .keras file can have at its top.
func Members() []string {
	return []string{configMember, metadataMember, weightsMember, npzMember}
}

// IsMember reports whether a .keras file has a member with this name at its top.
func IsMember(name string) bool { return slices.Contains(Members(), name) }

// IsFolder reports whether a folder has the members of a .keras file, where has reports whether it has a file. Keras opens such folders, too.
func IsFolder(has func(name string) bool) bool {
	return has(configMember) && (has(metadataMember) || has(weightsMember) || has(npzMember))
}

// ReadFolder reads the members of a .keras file that was unpacked to a folder. open opens a file of the folder, which must stay open until
// ReadFolder returns. Assets are not read.
func ReadFolder(open func(name string) (io.ReaderAt, int64, error)) (*File, error) {
	f, err := readFolder(open)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	return f, nil
}

func readFolder(open func(name string) (io.ReaderAt, int64, error)) (*File, error) {
	f := &File{}
	err := f.readTexts(func(name string) ([]byte, error) {
		r, size, err := open(name)
		if err != nil {
			return nil, err
		}
		if size > maxText {
			return nil, fmt.Errorf("%s: has %d bytes, want at most %d", name, size, maxText)
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), b); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return b, nil
	})
	if err != nil {
		return nil, err
	}
	r, size, err := open(weightsMember)
	if err != nil {
		if _, _, npz := open(npzMember); npz == nil {
			err = errNPZ
		}
		return nil, err
	}
	f.Weights, err = readWeights(weightsMember, r, size)
	return f, err
}

var errNPZ = errors.New("the weights are an npz file, which Keras writes where h5py is missing; open the model in Keras with h5py installed, and save it again")
