package main

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// layersCSV lists the convolutions of networks, each shape once. peers/torch_conv.py reads it too.
//
//go:embed layers.csv
var layersCSV string

// convLayer is a convolution of a network, with a square kernel and same padding. A depthwise one
// has as many groups as channels.
type convLayer struct {
	network, layer                                           string
	height, width, channels, filters, kernel, stride, groups int
}

// name returns the name that the peer's script uses.
func (l convLayer) name() string {
	return fmt.Sprintf("%s %dx%dx%d->%d %dx%d/%d", l.layer, l.height, l.width, l.channels, l.filters, l.kernel, l.kernel, l.stride)
}

// work returns the work of one pass, which is the same in all directions.
func (l convLayer) work(batch int) work {
	oh, ow := (l.height+l.stride-1)/l.stride, (l.width+l.stride-1)/l.stride
	weights := l.kernel * l.kernel * l.channels / l.groups * l.filters
	return work{
		flops: 2 * float64(batch*oh*ow*weights),
		bytes: 4 * float64(batch*(l.height*l.width*l.channels+oh*ow*l.filters)+weights),
	}
}

var layers = parseLayers(layersCSV)

// parseLayers parses the embedded table. It panics on errors, which are bugs.
func parseLayers(text string) (list []convLayer) {
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic("bench/layers.csv: " + err.Error())
	}
	for _, r := range records[1:] {
		l := convLayer{network: r[0], layer: r[1]}
		for i, p := range []*int{&l.height, &l.width, &l.channels, &l.filters, &l.kernel, &l.stride, &l.groups} {
			if *p, err = strconv.Atoi(r[2+i]); err != nil {
				panic("bench/layers.csv: " + err.Error())
			}
		}
		list = append(list, l)
	}
	return list
}

// networks returns the names of the networks, in the order of the table.
func networks() (names []string) {
	for _, l := range layers {
		if !slices.Contains(names, l.network) {
			names = append(names, l.network)
		}
	}
	return names
}
