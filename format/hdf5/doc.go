// Package hdf5 reads and writes the subset of HDF5 that files of network weights need: nested groups, datasets of numbers, and
// attributes with text and numbers. FORMAT.md lists which parts of the format are read, written and rejected.
//
// [Open] reads a file, and [Tree.WriteTo] writes one. Files may come from untrusted sources. Every length is checked against
// the size of the file before memory is allocated. Everything that would make the reader open another file (external storage,
// external and soft links, virtual datasets) is an error.
package hdf5
