// Package safetensors reads and writes .safetensors files: named tensors and a map of text. FORMAT.md describes the
// format.
//
// Open reads the header, and Tensor.Read reads the elements of one tensor. Files may come from untrusted sources: the size
// of the file bounds the memory, and nothing in a file is executed.
package safetensors
