// Package keras reads and writes the files in which Keras 3 keeps models: the .keras
// archive and the .weights.h5 inside it. It is a codec: it knows the archive, the JSON
// objects, how the config of a model names its layers and their calls (Network), the order
// that Keras gives them (Graph), and where in the HDF5 file a layer's variables lie. Which
// layer has which configuration is known to those who build layers. FORMAT.md tells the format.
//
// Files come from strangers: nothing in them names code, a path or an address that would
// be followed, and memory is bounded by what is stored.
package keras
