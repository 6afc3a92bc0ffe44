// Package keras reads and writes the files of Keras 3 models: the .keras archive and the .weights.h5 inside it. FORMAT.md describes the
// format.
//
// The package handles the archive ([Read], [Write]), JSON objects ([Object]), the layers and calls in the config of a model ([Network]), the
// order of layers ([Graph]), and the paths of their variables in the HDF5 file ([Weights]). It does not interpret the configs of individual
// layers.
//
// Files may come from untrusted sources. Reading a file never runs code from it and never opens another file or address. The size of the file
// bounds the memory.
package keras
