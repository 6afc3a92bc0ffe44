// Package hdf5 reads and writes the part of HDF5 that network weights need: nested
// groups, datasets of numbers, attributes of text and numbers. It is a codec and nothing
// more: it knows tensors and bytes. FORMAT.md tells what is read, what is written and
// what is refused.
//
// A Tree is written, a File is read. Files come from strangers: every length is checked
// against the bytes that are there before memory is claimed, and whatever would make the
// reader open another file (external storage, external and soft links, virtual datasets)
// is refused.
package hdf5
