package augment

import "slices"

// channelShift is Keras' apply_channel_shift: it adds v to every value and clips to the image's own range.
func channelShift(pix []float32, v float32) {
	lo, hi := slices.Min(pix), slices.Max(pix)
	for i, p := range pix {
		pix[i] = min(max(p+v, lo), hi)
	}
}

// brighten is Keras' apply_brightness_shift with scale=False, which calls Pillow's
// ImageEnhance.Brightness on the image rounded down to bytes. An image with values outside 0..255 is
// scaled to this range first and back afterwards. A fourth channel is opacity, which Pillow leaves alone.
func brighten(pix []float32, channels int, factor float32) {
	lo, hi := slices.Min(pix), slices.Max(pix)
	local := lo < 0 || hi > 255
	var span float32
	if local {
		span = hi - lo
	}
	for i, p := range pix {
		if local {
			p -= lo
			if span != 0 {
				p /= span
			}
			p *= 255
		}
		v := float32(int(p))
		if channels != 4 || i&3 != 3 {
			// float32 rounds the product; Pillow's blend computes 0 + factor*v.
			v = float32(int(min(max(float32(factor*v), 0), 255)))
		}
		if local {
			v = float32(v/255*(hi-lo)) + lo
		}
		pix[i] = v
	}
}
