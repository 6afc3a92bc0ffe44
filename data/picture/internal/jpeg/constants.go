package jpeg

// dctConstants holds the constants of the assembly of the inverse DCT: factors and rounding terms, each for 8 lanes.
type dctConstants struct {
	factors [14][8]int32 // in the order of their use, then the rounding terms of both passes
	shuffle [16]byte     // transposes 4x4 bytes
}

var dctTable = newDCTConstants()

func newDCTConstants() *dctConstants {
	c := &dctConstants{shuffle: [16]byte{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}}
	for i, v := range [14]int32{
		fix0541196100, fix1847759065, fix0765366865, fix1175875602,
		fix0298631336, fix2053119869, fix3072711026, fix1501321110,
		-fix0899976223, -fix2562915447, -fix1961570560, -fix0390180644,
		half1, half2,
	} {
		for lane := range c.factors[i] {
			c.factors[i][lane] = v
		}
	}
	return c
}

// wordConstants holds the constants of the assembly of upsampling and color conversion.
type wordConstants struct {
	words   [9][16]int16 // 1, 2, 7, 8, 128, 26345, -14942, the pairs (-22554, 18734), and 1<<15 in 32-bit lanes
	shuffle [3][3][16]byte
}

var wordTable = newWordConstants()

func newWordConstants() *wordConstants {
	c := &wordConstants{}
	for i, v := range [9][2]int16{{1, 1}, {2, 2}, {7, 7}, {8, 8}, {128, 128}, {26345, 26345}, {-14942, -14942}, {-22554, 18734}, {-32768, 0}} {
		for lane := range c.words[i] {
			c.words[i][lane] = v[lane&1]
		}
	}
	// shuffle spreads 16 bytes of a channel over 48 bytes of RGB, for each third of these and each channel.
	for third := range c.shuffle {
		for channel := range c.shuffle[third] {
			for b := range c.shuffle[third][channel] {
				c.shuffle[third][channel][b] = 0x80 // gives 0
				if j := 16*third + b; j%3 == channel {
					c.shuffle[third][channel][b] = byte(j / 3)
				}
			}
		}
	}
	return c
}
