"""Writes data/picture/testdata: generated image files of every format that lince reads, and their pixels by Pillow and TensorFlow.

    python internal/golden/picture.py            (from the root of the repository; requirements.txt has the versions)

    decode/NAME.EXT       a file
    decode/NAME.EXT.png   its pixels after Image.convert("RGB")
    golden.json           for each file, the SHA-256 of the pixels in each color mode ("error" if Pillow fails);
                          for each resize, the SHA-256 of its pixels; the output of NumPy's print
    tf_bilinear.bin       float32 pixels of tf.image.resize
"""
import hashlib
import io
import json
import os
import shutil
import struct

import numpy as np
from PIL import Image

OUT = os.path.join("data", "picture", "testdata")
DECODE = os.path.join(OUT, "decode")


def drawing(h, w, seed):
    """An RGB image with smooth colors, sharp edges and noise."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    r = 127 + 120 * np.sin(x / 5.0 + seed)
    g = 255 * y / max(h - 1, 1)
    b = np.where((x - w / 2) ** 2 + (y - h / 2) ** 2 < (min(h, w) / 3.0) ** 2, 230, 40)
    a = np.stack([r, g, b], -1) + rng.normal(0, 12, (h, w, 3))
    a[h // 2 :, : w // 3] = [250, 5, 5]
    return np.clip(np.round(a), 0, 255).astype(np.uint8)


# ---- a small JPEG encoder: Pillow's cannot choose every sampling, scan order or color space -------------------------

ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
DCT = np.array([[(np.sqrt(1 / 8) if u == 0 else np.sqrt(2 / 8)) * np.cos((2 * x + 1) * u * np.pi / 16) for x in range(8)]
                for u in range(8)])


def flat_table(symbols):
    """A Huffman table whose codes have the same length, or one bit more."""
    length = max(1, int(np.ceil(np.log2(len(symbols) + 1))))
    counts = [0] * 16
    counts[length - 1] = len(symbols)
    return counts, symbols, {s: (i, length) for i, s in enumerate(symbols)}


DC_TABLE = flat_table(list(range(12)))
AC_TABLE = flat_table([0x00, 0xF0] + [r << 4 | s for r in range(16) for s in range(1, 11)])


class Bits:
    def __init__(self):
        self.out, self.acc, self.n = bytearray(), 0, 0

    def put(self, value, length):
        self.acc, self.n = self.acc << length | value, self.n + length
        while self.n >= 8:
            self.n -= 8
            byte = self.acc >> self.n & 255
            self.out.append(byte)
            if byte == 255:
                self.out.append(0)
        self.acc &= (1 << self.n) - 1

    def flush(self):
        if self.n:
            self.put((1 << 8 - self.n) - 1, 8 - self.n)


def put_value(bits, v):
    size = int(abs(v)).bit_length()
    if size:
        bits.put(v if v > 0 else v + (1 << size) - 1, size)


def put_block(bits, coefs, pred):
    diff = int(coefs[0]) - pred
    bits.put(*DC_TABLE[2][int(abs(diff)).bit_length()])
    put_value(bits, diff)
    run = 0
    last = max((k for k in range(64) if coefs[k]), default=0)
    for k in range(1, last + 1):
        v = int(coefs[k])
        if v == 0:
            run += 1
            continue
        while run > 15:
            bits.put(*AC_TABLE[2][0xF0])
            run -= 16
        bits.put(*AC_TABLE[2][run << 4 | int(abs(v)).bit_length()])
        put_value(bits, v)
        run = 0
    if last < 63:
        bits.put(*AC_TABLE[2][0])
    return int(coefs[0])


def segment(marker, payload):
    return struct.pack(">BBH", 255, marker, len(payload) + 2) + payload


def jpeg(planes, sampling, step=6, restart=0, interleaved=True, adobe=None, ids=None, jfif=False, tail=b"", wide=False):
    """planes: full-size uint8 arrays, which are downsampled by averaging; sampling: (h, v) for each."""
    height, width = planes[0].shape
    hmax, vmax = max(h for h, _ in sampling), max(v for _, v in sampling)
    quant = np.clip(np.array([step + i // 4 for i in range(64)]), 1, 65535 if wide else 255)  # in zigzag order
    mx, my = -(-width // (8 * hmax)), -(-height // (8 * vmax))
    blocks = []
    for p, (h, v) in zip(planes, sampling):
        fh, fv = hmax // h, vmax // v  # (a fraction is rounded down and still gives a file)
        padded = np.pad(p.astype(np.float64), ((0, my * 8 * vmax - height), (0, mx * 8 * hmax - width)), mode="edge")
        small = padded.reshape(padded.shape[0] // fv, fv, padded.shape[1] // fh, fh).mean((1, 3)) - 128
        grid = {}
        for y in range(small.shape[0] // 8):
            for x in range(small.shape[1] // 8):
                c = DCT @ small[8 * y : 8 * y + 8, 8 * x : 8 * x + 8] @ DCT.T
                grid[y, x] = np.round(c.ravel()[ZIGZAG] / quant).astype(int)
        blocks.append(grid)
    ids = ids or list(range(1, len(planes) + 1))
    out = bytearray(b"\xff\xd8")
    if jfif:
        out += segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    if adobe is not None:
        out += segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([adobe]))
    out += segment(0xDB, b"\x10" + quant.astype(">u2").tobytes() if wide else b"\0" + bytes(quant.tolist()))
    out += segment(0xC1 if wide else 0xC0, struct.pack(">BHHB", 8, height, width, len(planes))
                   + b"".join(bytes([i, h << 4 | v, 0]) for i, (h, v) in zip(ids, sampling)))
    for klass, t in ((0x00, DC_TABLE), (0x10, AC_TABLE)):
        out += segment(0xC4, bytes([klass]) + bytes(t[0]) + bytes(t[1]))
    if restart:
        out += segment(0xDD, struct.pack(">H", restart))

    def scan(which):
        nonlocal out
        out += segment(0xDA, bytes([len(which)]) + b"".join(bytes([ids[c], 0]) for c in which) + b"\0\x3f\0")
        if len(which) > 1:
            units = [[(c, y * sampling[c][1] + v, x * sampling[c][0] + h) for c in which for v in range(sampling[c][1])
                      for h in range(sampling[c][0])] for y in range(my) for x in range(mx)]
        else:
            c = which[0]
            h, v = sampling[c]
            w, hh = -(-(-(-width * h // hmax)) // 8), -(-(-(-height * v // vmax)) // 8)
            units = [[(c, y, x)] for y in range(hh) for x in range(w)]
        bits, pred = Bits(), [0] * len(planes)
        for i, unit in enumerate(units):
            if restart and i and i % restart == 0:
                bits.flush()
                bits.out += bytes([255, 0xD0 + (i // restart - 1) % 8])
                pred = [0] * len(planes)
            for c, y, x in unit:
                pred[c] = put_block(bits, blocks[c][y, x], pred[c])
        bits.flush()
        out += bits.out

    if interleaved:
        scan(list(range(len(planes))))
    else:
        for c in range(len(planes)):
            scan([c])
    return bytes(out + tail + b"\xff\xd9")


def without_tables(data):
    """A JPEG file without Huffman tables, like the frames of Motion JPEG. Decoders use the standard tables."""
    while (at := data.find(b"\xff\xc4")) >= 0:
        data = data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]
    return data


def ycc(rgb):
    return [np.asarray(c) for c in Image.fromarray(rgb).convert("YCbCr").split()]


# ---- the files -------------------------------------------------------------------------------------------------------


def save(image, fmt, **options):
    b = io.BytesIO()
    image.save(b, fmt, **options)
    return b.getvalue()


def files():
    rgb = Image.fromarray(drawing(43, 61, 1))
    for name, sub in (("444", 0), ("422", 1), ("420", 2)):
        yield f"pillow-{name}.jpg", save(rgb, "JPEG", quality=85, subsampling=sub)
        yield f"pillow-{name}-progressive.jpg", save(rgb, "JPEG", quality=80, subsampling=sub, progressive=True)
    yield "pillow-420-low.jpg", save(rgb, "JPEG", quality=5)
    yield "pillow-420-high.jpg", save(rgb, "JPEG", quality=100, optimize=True)
    yield "pillow-420-restart.jpg", save(rgb, "JPEG", restart_marker_blocks=3)
    yield "pillow-420-progressive-restart.jpg", save(rgb, "JPEG", restart_marker_rows=1, progressive=True)
    yield "pillow-rgb.jpg", save(rgb, "JPEG", keep_rgb=True)
    yield "pillow-gray.jpg", save(rgb.convert("L"), "JPEG")
    yield "pillow-gray-progressive.jpg", save(rgb.convert("L"), "JPEG", progressive=True)
    yield "pillow-cmyk.jpg", save(rgb.convert("CMYK"), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "pillow-exif-rotated.jpg", save(rgb, "JPEG", exif=exif)
    for h, w in ((1, 1), (1, 40), (40, 1), (2, 2), (3, 5), (5, 3), (4, 4), (17, 33), (16, 16), (8, 9), (33, 17)):
        yield f"size-{h}x{w}.jpg", save(Image.fromarray(drawing(h, w, 2)), "JPEG", quality=90)
        yield f"size-{h}x{w}-progressive.jpg", save(Image.fromarray(drawing(h, w, 2)), "JPEG", quality=90, progressive=True)
    y, cb, cr = ycc(drawing(37, 45, 3))
    one = (1, 1)
    for name, s in {
        "440": [(1, 2), one, one], "411": [(4, 1), one, one], "410": [(4, 2), one, one], "441": [(1, 4), one, one],
        "420": [(2, 2), one, one], "422": [(2, 1), one, one], "444": [one, one, one], "mixed": [(2, 2), (2, 1), (1, 2)],
        "311": [(3, 1), one, one], "133": [(1, 3), one, one], "331": [(3, 3), one, (3, 1)], "fraction": [(3, 1), (2, 1), one],
        "tall": [(1, 4), (1, 2), (2, 1)], "too-many-blocks": [(2, 2), (2, 2), (2, 2)],
    }.items():
        yield f"drawn-{name}.jpg", jpeg([y, cb, cr], s, jfif=True)
    yield "drawn-420-scans.jpg", jpeg([y, cb, cr], [(2, 2), one, one], interleaved=False)
    yield "drawn-420-scans-restart.jpg", jpeg([y, cb, cr], [(2, 2), one, one], interleaved=False, restart=5)
    yield "drawn-444-as-22.jpg", jpeg([y, cb, cr], [(2, 2)] * 3, interleaved=False)
    yield "drawn-440-restart.jpg", jpeg([y, cb, cr], [(1, 2), one, one], restart=2)
    yield "drawn-wide-quant.jpg", jpeg([y, cb, cr], [(2, 2), one, one], step=300, wide=True)
    yield "motion-jpeg.jpg", without_tables(save(rgb, "JPEG"))
    yield "drawn-coarse.jpg", jpeg([y, cb, cr], [(2, 2), one, one], step=90)
    yield "drawn-gray-as-22.jpg", jpeg([y], [(2, 2)])
    yield "drawn-stray-bytes.jpg", jpeg([y, cb, cr], [(2, 2), one, one], tail=b"stray bytes before the end")
    yield "drawn-adobe-rgb.jpg", jpeg([y, cb, cr], [one, one, one], adobe=0)
    yield "drawn-adobe-ycc.jpg", jpeg([y, cb, cr], [one, one, one], adobe=1)
    yield "drawn-rgb-ids.jpg", jpeg([y, cb, cr], [one, one, one], ids=[82, 71, 66])
    yield "drawn-odd-ids.jpg", jpeg([y, cb, cr], [one, one, one], ids=[5, 0, 9])
    k = drawing(37, 45, 4)[..., 0]
    yield "drawn-ycck.jpg", jpeg([y, cb, cr, k], [one] * 4, adobe=2)
    yield "drawn-ycck-420.jpg", jpeg([y, cb, cr, k], [(2, 2), one, one, (2, 2)], adobe=2)
    yield "drawn-cmyk.jpg", jpeg([y, cb, cr, k], [one] * 4)

    small = drawing(13, 18, 5)
    img, alpha = Image.fromarray(small), Image.fromarray(drawing(13, 18, 6)[..., 0])
    gray = img.convert("L")
    with_alpha = img.copy()
    with_alpha.putalpha(alpha)
    la = gray.copy()
    la.putalpha(alpha)
    palette = img.quantize(11)
    yield "rgb.png", save(img, "PNG")
    yield "rgba.png", save(with_alpha, "PNG")
    yield "gray.png", save(gray, "PNG")
    yield "gray-alpha.png", save(la, "PNG")
    yield "bits.png", save(img.convert("1"), "PNG")
    yield "palette.png", save(palette, "PNG")
    yield "palette-transparent.png", save(palette, "PNG", transparency=3)
    yield "palette-alphas.png", save(palette, "PNG", transparency=bytes(range(0, 110, 10)))
    yield "gray-transparent.png", save(gray, "PNG", transparency=int(np.asarray(gray)[3, 3]))
    yield "rgb-transparent.png", save(img, "PNG", transparency=tuple(int(v) for v in small[3, 3]))
    for name, a, kind, depth in (("gray16", small[..., 0].astype(np.uint16) * 3, 0, 16), ("rgb16", small.astype(np.uint16) * 251 + 7, 2, 16),
                                 ("rgba16", np.asarray(with_alpha).astype(np.uint16) * 251 + 7, 6, 16),
                                 ("gray-alpha16", np.asarray(la).astype(np.uint16) * 251 + 7, 4, 16)):
        yield f"{name}.png", png(a.astype(">u2").tobytes(), 18, 13, depth, kind)
    yield "gray2.png", png(pack(small[..., 0] >> 6, 2), 18, 13, 2, 0)
    yield "gray4.png", png(pack(small[..., 0] >> 4, 4), 18, 13, 4, 0)
    yield "palette.gif", save(img, "GIF")
    yield "gray.gif", save(gray, "GIF")
    yield "transparent.gif", save(palette, "GIF", transparency=2)
    yield "interlaced.gif", save(img.resize((18, 21)), "GIF", interlace=1)
    yield "animated.gif", save(img, "GIF", save_all=True, append_images=[Image.fromarray(255 - small)], duration=50)
    yield "offset.gif", offset_gif(save(palette, "GIF"))
    yield "offset-transparent.gif", offset_gif(save(palette, "GIF", transparency=2))
    for name, i in (("rgb", img), ("gray", gray), ("palette", palette), ("bits", img.convert("1")), ("rgba", with_alpha)):
        yield f"{name}.bmp", save(i, "BMP")
    for name, i in (("rgb", img), ("gray", gray), ("palette", palette), ("bits", img.convert("1")), ("rgba", with_alpha)):
        yield f"{name}.tif", save(i, "TIFF")
    for c in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"rgb-{c}.tif", save(img, "TIFF", compression=c)
    yield "gray16.tif", save(Image.fromarray(small[..., 0].astype(np.uint16) * 3), "TIFF")
    for h, w in ((13, 18), (16, 16), (17, 23), (1, 1), (2, 5), (5, 2)):
        yield f"lossy-{h}x{w}.webp", save(Image.fromarray(drawing(h, w, 7)), "WEBP", quality=70)
    yield "lossless.webp", save(img, "WEBP", lossless=True)
    yield "lossy-alpha.webp", save(with_alpha, "WEBP", quality=70)
    yield "lossless-alpha.webp", save(with_alpha, "WEBP", lossless=True, exact=True)
    yield "rgb.ppm", save(img, "PPM")
    yield "gray.pgm", save(gray, "PPM")
    yield "bits.pbm", save(img.convert("1"), "PPM")
    yield "text.ppm", b"P3\n# a comment\n3 2\n15\n0 1 2 3 4 5 6 7 8\n9 10 11 12 13 14 15 0 7\n"
    yield "text.pgm", b"P2 3 2 255 0 10 20\n30 40 255\n"
    yield "text.pbm", b"P1\n5 2\n01010\n1 1 1 0 0\n"
    yield "small-range.ppm", b"P6 2 1 100\n" + bytes([0, 1, 50, 51, 99, 100])
    yield "wide.ppm", b"P6 2 1 1000\n" + np.array([0, 1, 500, 501, 999, 1000], ">u2").tobytes()


def pack(a, bits):
    out = bytearray()
    for row in a:
        acc, n = 0, 0
        for v in row:
            acc, n = acc << bits | int(v), n + bits
        out += (acc << -n % 8).to_bytes((n + 7) // 8, "big")
    return bytes(out)


def png(rows, w, h, depth, kind):
    import zlib

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    stride = len(rows) // h
    raw = b"".join(b"\0" + rows[y * stride : (y + 1) * stride] for y in range(h))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def offset_gif(data):
    """The same frame at (2, 1) on a canvas that is 4 pixels wider and 3 higher."""
    b = bytearray(data)
    w, h = struct.unpack("<HH", b[6:10])
    b[6:10] = struct.pack("<HH", w + 4, h + 3)
    at = 13 + 3 * (2 << (b[10] & 7))
    while b[at : at + 1] == b"!":
        at += 2
        while b[at]:
            at += 1 + b[at]
        at += 1
    assert b[at : at + 1] == b","
    b[at + 1 : at + 5] = struct.pack("<HH", 2, 1)
    return bytes(b)


def sha(b):
    return hashlib.sha256(b).hexdigest()


def decode_goldens():
    table = {}
    for name, data in files():
        with open(os.path.join(DECODE, name), "wb") as f:
            f.write(data)
        row = {}
        for mode, key in (("RGB", "rgb"), ("L", "grayscale"), ("RGBA", "rgba")):
            try:
                im = Image.open(io.BytesIO(data))
                # like keras.utils.load_img, which does not convert 16-bit gray images in grayscale mode
                if mode == "L" and im.mode in ("I;16", "I"):
                    row[key] = "error"
                    continue
                im = im.convert(mode)
                row[key] = sha(im.tobytes())
                row["size"] = [im.height, im.width]
                if mode == "RGB":
                    im.save(os.path.join(DECODE, name + ".png"), optimize=True)
            except (OSError, SyntaxError, ValueError) as e:
                print(name, mode, e)
                row[key] = "error"
        table[name] = row
    return table


def resize_goldens():
    rows = []
    sources = {"rgb": Image.fromarray(drawing(47, 61, 8))}
    sources["rgba"] = sources["rgb"].copy()
    sources["rgba"].putalpha(Image.fromarray(drawing(47, 61, 9)[..., 1]))
    sources["grayscale"] = sources["rgb"].convert("L")
    sources["rgba"].save(os.path.join(OUT, "resize.png"), optimize=True)
    sizes = [(1, 1), (1, 61), (47, 1), (47, 61), (47, 30), (20, 61), (128, 128), (7, 90), (64, 64), (94, 122), (32, 17), (3, 2), (150, 151)]
    sizes += [(n, 200 - n) for n in range(10, 190, 13)]
    methods = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
    for mode, im in sources.items():
        for name, method in methods.items():
            for h, w in sizes:
                rows.append([mode, name, h, w, sha(im.resize((w, h), method).tobytes())])
    # One hash of the positions of NEAREST for many sizes: a ramp of n pixels resized to m.
    for n in (100, 224, 333, 500, 1024):
        ramp = Image.fromarray(np.stack([np.arange(n) // 256, np.arange(n) % 256, 0 * np.arange(n)], -1).astype(np.uint8)[None])
        rows.append(["ramp", "nearest", n, 0, sha(b"".join(ramp.resize((m, 1), 0).tobytes() for m in range(1, 600)))])
    return rows


def tf_goldens():
    import tensorflow as tf

    src = np.asarray(Image.open(os.path.join(OUT, "resize.png")).convert("RGB"))
    rows, blob = [], b""
    for h, w in ((16, 16), (47, 61), (20, 61), (47, 20), (90, 100), (1, 1), (5, 128), (33, 7)):
        a = tf.image.resize(src, (h, w), method="bilinear").numpy()
        assert a.dtype == np.float32
        if a.nbytes > 20000:
            a = a[:5]  # the first rows are enough
        rows.append([h, w, a.shape[0]])
        blob += a.astype("<f4").tobytes()
    with open(os.path.join(OUT, "tf_bilinear.bin"), "wb") as f:
        f.write(blob)
    return rows


def keras_goldens():
    """keras.utils.load_img itself, with and without keep_aspect_ratio, and smart_resize (the crop of image_dataset_from_directory)."""
    import keras

    path = os.path.join(OUT, "resize.png")
    rows = []
    for mode in ("rgb", "grayscale", "rgba"):
        for method in ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"):
            for size in ((32, 32), (20, 90), (100, 20), (7, 60), (47, 61), (30, 61), (47, 10), (128, 64)):
                for keep in (False, True):
                    im = keras.utils.load_img(path, color_mode=mode, target_size=size, interpolation=method, keep_aspect_ratio=keep)
                    rows.append([mode, method, *size, keep, sha(keras.utils.img_to_array(im).astype(np.uint8).tobytes())])
    src = np.asarray(Image.open(path).convert("RGB"))
    for size in ((32, 32), (20, 90), (100, 20)):
        a = keras.preprocessing.image.smart_resize(src.astype(np.float32), size, "bilinear")
        rows.append(["rgb", "bilinear-tf", *size, True, sha(a.astype("<f4").tobytes())])
    return rows


def print_goldens():
    rows = []
    for h, w, c in ((374, 500, 3), (4, 5, 3), (20, 20, 3), (1, 400, 3), (400, 1, 3), (100, 7, 1), (3, 200, 4), (6, 60, 3), (7, 50, 3), (1, 1, 3),
                    (2, 1, 1), (18, 18, 3), (19, 18, 3)):
        a = np.arange(h * w * c).reshape(h, w, c) * 7 % 251
        a = a.astype(np.uint8)
        rows.append([h, w, c, str(a)])
    return rows


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(DECODE)
    golden = {"decode": decode_goldens(), "resize": resize_goldens(), "tf_bilinear": tf_goldens(),
              "load_img": keras_goldens(), "print": print_goldens()}
    with open(os.path.join(OUT, "golden.json"), "w") as f:
        json.dump(golden, f, indent=0)
        f.write("\n")


main()
