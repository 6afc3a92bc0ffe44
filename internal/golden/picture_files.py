"""What the scripts of image files share. It is a module, not a script."""

import io
import struct


def saved(img, fmt, **o):
    b = io.BytesIO()
    img.save(b, fmt, **o)
    return b.getvalue()


def bmp(w, h, bits, pixels, compression=0, palette=b"", masks=b"", header=40, colors=0, offset=None):
    if header == 12:
        head = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        head = struct.pack("<IIiHHIIiiII", header, w, h, 1, bits, compression, len(pixels), 2835, 2835, colors, 0)
        if header > 40:
            masks = masks[: header - 40]
            head += masks + bytes(header - 40 - len(masks))
            masks = b""
    at = 14 + len(head) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at if offset is None else offset) + head + masks + palette + pixels
