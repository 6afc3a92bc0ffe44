"""Writes data/picture/testdata/forms.tar.gz: small image files of many forms of BMP and PNG, and files with an orientation, and forms.json with what Pillow makes of each in each
color mode, and after ImageOps.exif_transpose: height, width and the start of the SHA-256 of the pixels, or "error".

    python internal/golden/picture_forms.py      (from the root of the repository; requirements.txt has the versions)
"""
import gzip
import hashlib
import io
import json
import os
import struct
import tarfile
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin

from picture_files import bmp, saved

OUT = os.path.join("data", "picture", "testdata", "forms.tar.gz")
rng = np.random.RandomState(1)


# ---- BMP -----------------------------------------------------------------------------------------------------------


def packed(a, bits):
    """Rows of indexes from the bottom up, each of whole words."""
    out = b""
    for row in a[::-1]:
        s = "".join(format(int(v), "0%db" % bits) for v in row)
        s += "0" * (-len(s) % 32)
        out += int(s, 2).to_bytes(len(s) // 8, "big")
    return out


def words(a):
    out = b""
    for row in a[::-1]:
        out += row.tobytes() + bytes(-len(row.tobytes()) % 4)
    return out


PALETTES = {
    "color": lambda i: ((37 * i + 11) % 256, (91 * i + 3) % 256, (53 * i + 200) % 256),
    "gray": lambda i: (i % 256,) * 3,
    "black-white": lambda i: (255 * (i % 2),) * 3,
    "white-black": lambda i: (255 - 255 * (i % 2),) * 3,
}


def palette(kind, n, header=40):
    return b"".join(bytes(PALETTES[kind](i))[::-1] + bytes(header > 12) for i in range(n))


def runs(a, bits):
    """Run lengths, and pixels without them."""
    out = bytearray()
    for row in a[::-1]:
        x = 0
        while x < len(row):
            n = min(len(row) - x, 5)
            if x % 2 and n > 2:
                v = list(row[x : x + n]) + [0, 0, 0]
                b = bytes(v[:n]) if bits == 8 else bytes(int(v[i]) << 4 | int(v[i + 1]) for i in range(0, n, 2))
                out += bytes([0, n]) + b + bytes(len(b) % 2)
            else:
                n = min(n, 1 if bits == 8 else 2)
                v = list(row[x : x + n]) + [0]
                out += bytes([n, int(v[0]) if bits == 8 else int(v[0]) << 4 | int(v[1])])
            x += n
        out += b"\0\0"
    return bytes(out + b"\0\1")


MASKS = {
    32: [(0xFF0000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0), (0xFF000000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
         (0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0xFF000000, 0xFF00, 0xFF, 0xFF0000), (0, 0, 0, 0), (0xFF, 0xFF00, 0xFF0000, 0), (0x3FF, 0xFFC00, 0x3FF00000, 0)],
    24: [(0xFF0000, 0xFF00, 0xFF, 0), (0xFF, 0xFF00, 0xFF0000, 0)],
    16: [(0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0x8000), (0xF00, 0xF0, 0xF, 0xF000), (0x1F, 0x3E0, 0x7C00, 0)],
}


def bmps():
    for bits in (1, 4, 8):
        for n in (0, 1, 2, 3, 16, 255, 256, 257):
            real = n or 1 << bits
            for kind in PALETTES:
                for header in (12, 40, 124) if n < 4 else (40,):
                    for beyond in (False, True):
                        most = 1 << bits if beyond else min(real, 1 << bits)
                        if beyond and real >= 1 << bits:
                            continue
                        a = rng.randint(0, most, (4, 11))
                        yield "palette-%d-%d-%s-header-%d%s.bmp" % (bits, n, kind, header, "-beyond" * beyond), bmp(11, 4, bits, packed(a, bits), palette=palette(kind, real, header), header=header, colors=n)
    for n in (1, 2, 3, 255):
        for kind in PALETTES:
            p = Image.new("P", (9, 5))
            p.putdata([int(v) for v in rng.randint(0, n, 45)])
            p.putpalette([c for i in range(n) for c in PALETTES[kind](i)])
            yield "pillow-%d-%s.bmp" % (n, kind), saved(p, "BMP")
    for bits in (4, 8):
        for n in (1, 2, 3, 16):
            for kind in PALETTES:
                for beyond in (False, True):
                    for up in (1, -1):
                        a = rng.randint(0, 16 if beyond else n, (5, 12)).astype(np.uint8)
                        yield "runs-%d-%d-%s%s%s.bmp" % (bits, n, kind, "-beyond" * beyond, "-down" * (up < 0)), bmp(12, 5 * up, bits, runs(a, bits), 1 if bits == 8 else 2, palette(kind, n), colors=n)
    for mode in ("1", "L", "P", "RGB"):
        yield "pillow-%s.dib" % mode, saved(Image.fromarray(rng.randint(0, 256, (5, 9, 3)).astype(np.uint8)).convert(mode), "DIB")
    p = palette("color", 256)
    for name, b in {"overrun": b"\x09\1\0\0\4\2\0\0\4\3\0\1", "no-row-ends": b"\4\1\4\2\4\3\0\1", "move": b"\4\1\0\2\2\1\4\2", "cut": b"\4\1\0\0\4"}.items():
        yield "runs-%s.bmp" % name, bmp(4, 3, 8, b, 1, p)
    yield "runs-of-4-in-8.bmp", bmp(4, 3, 8, b"\4\x12\0\0\4\x23\0\0\4\3\0\1", 2, p)
    yield "runs-of-8-in-4.bmp", bmp(4, 3, 4, b"\4\1\0\0\4\2\0\0\4\3\0\1", 1, p[:64])
    yield "runs-of-8-in-24.bmp", bmp(4, 3, 24, b"\4\1\0\0\4\2\0\0\4\3\0\1", 1)
    wide = rng.randint(0, 1 << 32, (5, 7), dtype=np.uint64).astype("<u4")
    pixels = {32: words(wide), 16: words((wide & 0xFFFF).astype("<u2")), 24: words(rng.randint(0, 256, (5, 7, 3)).astype(np.uint8))}
    for header in (40, 52, 56, 64, 108, 124):
        for bits, masks in MASKS.items():
            for i, m in enumerate(masks):
                m = struct.pack("<IIII", *m)
                yield "fields-%d-%d-header-%d.bmp" % (bits, i, header), bmp(7, 5 if i % 2 else -5, bits, pixels[bits], 3, masks=m[:12] if header == 40 else m, header=header)
    for bits, b in pixels.items():
        for header in (12, 16, 40, 64, 108, 124):
            yield "plain-%d-header-%d.bmp" % (bits, header), bmp(7, 5, bits, b, header=header)
        for compression in (1, 2, 4, 5, 6, 11):
            yield "plain-%d-compression-%d.bmp" % (bits, compression), bmp(7, 5, bits, b, compression)
        for cut in (1, 2, 4):
            yield "plain-%d-cut-%d.bmp" % (bits, cut), bmp(7, 5, bits, b)[:-cut]
        yield "plain-%d-with-colors.bmp" % bits, bmp(7, 5, bits, b, palette=bytes(12), colors=3)
    eight = packed(rng.randint(0, 256, (5, 7)), 8)
    for at in (0, 54, 54 + 512, 60, 54 + 1030):
        yield "offset-%d.bmp" % at, bmp(7, 5, 8, eight, palette=p, offset=at)
    for n in (65536, 65537, 1 << 31):
        yield "colors-%d.bmp" % n, bmp(7, 5, 8, eight, palette=p, colors=n)


# ---- PNG -----------------------------------------------------------------------------------------------------------

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data, checksum=None):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data) if checksum is None else checksum)


def rows(a, depth, interlaced):
    out = b""
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = a[y::dy, x::dx]
        for row in part if part.shape[1] else []:
            s = "".join(format(int(v), "0%db" % depth) for v in row.reshape(-1))
            s += "0" * (-len(s) % 8)
            out += b"\0" + int(s, 2).to_bytes(len(s) // 8, "big")
    return out


def png(a, depth, kind, interlaced=0, before=b"", after=b"", pack=zlib.compress, extra=b"", split=0, header=None):
    h, w = a.shape[:2]
    z = pack(rows(a, depth, interlaced)) + extra
    parts = [z[i : i + split] for i in range(0, len(z), split)] if split else [z]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *(header or (w, h, depth, kind, 0, 0, interlaced))))
    return SIGNATURE + head + before + b"".join(chunk(b"IDAT", p) for p in parts) + after + chunk(b"IEND", b"")


def numbers(*v):
    return struct.pack(">%dH" % len(v), *[int(x) for x in v])


def pngs():
    for kind, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            for interlaced in (0, 1):
                for w, h in ((1, 1), (3, 5), (9, 4)):
                    name = "%d-%d-%dx%d%s" % (kind, depth, w, h, "-interlaced" * interlaced)
                    a = rng.randint(0, 1 << depth, (h, w, SAMPLES[kind]))
                    colors = chunk(b"PLTE", bytes(rng.randint(0, 256, 3 << depth).astype(np.uint8))) if kind == 3 else b""
                    yield name + ".png", png(a, depth, kind, interlaced, colors)
                    if kind == 0:
                        yield name + "-clear.png", png(a, depth, kind, interlaced, chunk(b"tRNS", numbers(a[0, 0, 0])))
                        yield name + "-clear-high.png", png(a, depth, kind, interlaced, chunk(b"tRNS", numbers(int(a[0, 0, 0]) | 0xFF00)))
                    if kind == 2:
                        a[-1, -1] = a[0, 0] ^ 1
                        yield name + "-clear.png", png(a, depth, kind, interlaced, chunk(b"tRNS", numbers(*a[0, 0])))
                        yield name + "-clear-low.png", png(a, depth, kind, interlaced, chunk(b"tRNS", numbers(*(a[0, 0] >> (depth - 8)))))
                    if kind == 3:
                        for n in sorted({0, 1, (1 << depth) // 2, 1 << depth}):
                            yield name + "-%d-alphas.png" % n, png(a, depth, kind, interlaced, colors + chunk(b"tRNS", bytes(rng.randint(0, 256, n).astype(np.uint8))))
                        yield name + "-one-color.png", png(a, depth, kind, interlaced, chunk(b"PLTE", b"\x10\x20\x30") + chunk(b"tRNS", b"\xff\0"))
    a = rng.randint(0, 256, (4, 5, 4))
    colors, few = chunk(b"PLTE", bytes(rng.randint(0, 256, 768).astype(np.uint8))), chunk(b"PLTE", bytes(rng.randint(0, 256, 30).astype(np.uint8)))
    for name, depth, kind, before, after in [
        ("none", 8, 3, b"", b""), ("late", 8, 3, b"", colors), ("after-alphas", 8, 3, chunk(b"tRNS", b"\0\x80") + colors, b""), ("in-rgb", 8, 2, colors, b""), ("in-gray", 8, 0, colors, b""),
        ("long", 4, 3, colors, b""), ("odd", 8, 3, chunk(b"PLTE", bytes(range(31))), b""), ("300", 8, 3, chunk(b"PLTE", bytes(900)), b""), ("empty", 8, 3, chunk(b"PLTE", b""), b""),
        ("two", 8, 3, colors + few, b""), ("two-alphas", 8, 3, colors + chunk(b"tRNS", b"\0") + chunk(b"tRNS", b"\x80\x80"), b""), ("long-alphas", 4, 3, few + chunk(b"tRNS", bytes(200)), b""),
        ("gray-long-clear", 8, 0, chunk(b"tRNS", bytes(4)), b""), ("gray-short-clear", 8, 0, chunk(b"tRNS", bytes(1)), b""), ("rgb-short-clear", 8, 2, chunk(b"tRNS", bytes(2)), b""),
        ("alpha-clear", 8, 6, chunk(b"tRNS", bytes(6)), b""), ("late-clear", 8, 2, b"", chunk(b"tRNS", bytes(6))),
    ]:
        yield "palette-%s.png" % name, png((a >> (8 - depth))[..., : SAMPLES[kind]], depth, kind, 0, before, after)
    a = rng.randint(0, 256, (7, 9, 3))
    for interlaced in (0, 1):
        end = "-interlaced.png" if interlaced else ".png"
        one = lambda **o: png(a, 8, 2, interlaced, **o)
        yield "data-after" + end, one(extra=b"abcdef")
        for name, pack in {
            "more": lambda r: zlib.compress(r + b"abcdef"), "less": lambda r: zlib.compress(r[:-1]), "no-checksum": lambda r: zlib.compress(r)[:-4], "half-checksum": lambda r: zlib.compress(r)[:-2],
            "wrong-checksum": lambda r: zlib.compress(r)[:-4] + b"abcd", "cut": lambda r: zlib.compress(r)[:-20], "bare": lambda r: zlib.compress(r)[2:-4], "two": lambda r: zlib.compress(r[:40]) + zlib.compress(r[40:]), "none": lambda r: b"",
        }.items():
            yield "data-" + name + end, one(pack=pack)
        for v in (1, 2, 3, 4, 5):
            yield "filter-%d" % v + end, one(pack=lambda r: zlib.compress(bytes([v]) + r[1:]))
        yield "split-1" + end, one(split=1)
        yield "split-0" + end, one(before=chunk(b"IDAT", b""))
        for name in (b"tEXt", b"eXIf", b"abCd", b"ABCD", b"tIME", b"\0\1\2\3"):
            for where in ("before", "after"):
                for checksum in (None, 1):
                    yield "chunk-%s-%s%s" % (name.decode() if name.isalpha() else "bytes", where, "-wrong" * bool(checksum)) + end, one(**{where: chunk(name, b"hello\0world", checksum)})
        g = one(split=100)
        at = g.index(b"IDAT", 50)
        for name, data in {
            "wrong-image": g[:-16] + b"1234" + g[-12:], "wrong-first-image": g[: at - 8] + b"1234" + g[at - 4 :], "wrong-header": g[:29] + b"1234" + g[33:], "wrong-end": g[:-4] + b"1234", "no-end": g[:-12], "no-checksum": g[:-16],
            "half-checksum": g[:-18], "cut-end": g[:-5], "tail": g + b"hello", "between": g[: at - 4] + chunk(b"tEXt", b"a\0b") + g[at - 4 :], "apple": SIGNATURE + chunk(b"CgBI", b"\x50\0\x20\2") + g[8:], "two-headers": g[:33] + g[8:33] + g[33:],
        }.items():
            yield "file-" + name + end, data
    for header in ((9, 7, 3, 0, 0, 0, 0), (9, 7, 16, 3, 0, 0, 0), (9, 7, 4, 2, 0, 0, 0), (9, 7, 8, 1, 0, 0, 0), (9, 7, 8, 2, 1, 0, 0), (9, 7, 8, 2, 0, 1, 0), (9, 7, 8, 2, 0, 0, 2), (0, 7, 8, 2, 0, 0, 0), (9, 0, 8, 2, 0, 0, 0)):
        yield "header-%s.png" % "-".join(map(str, header)), png(a, 8, 2, header=header)
    frames = [Image.fromarray(rng.randint(0, 256, (5, 6, 4)).astype(np.uint8)) for _ in range(2)]
    for mode in ("RGB", "RGBA", "P", "L", "LA"):
        for default in (False, True):
            yield "animated-%s%s.png" % (mode, "-default" * default), saved(frames[0].convert(mode), "PNG", save_all=True, append_images=[frames[1].convert(mode)], default_image=default)


# ---- orientations --------------------------------------------------------------------------------------------------

MARK, XMP_MARK = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
XMP = ['<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%s"/></x:xmpmeta>', "<x:xmpmeta><tiff:Orientation>%s</tiff:Orientation></x:xmpmeta>"]


def exif(value, order="<", kind=3, count=1):
    """A TIFF structure with the tag of the orientation, if it has a value."""
    b = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, value is not None)
    if value is not None:
        fields = struct.pack(order + "%d%s" % (count, {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I"}[kind]), *[value] * count)
        b += struct.pack(order + "HHI", 274, kind, count) + fields.ljust(4, b"\0")
    return b + bytes(4)


def orientations():
    img = Image.fromarray(rng.randint(0, 256, (4, 6, 3)).astype(np.uint8))
    jpeg, png, webp = saved(img, "JPEG", subsampling=0), saved(img, "PNG"), saved(img, "WEBP", lossless=True)

    def app1(*contents):
        return jpeg[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(c) + 2) + c for c in contents) + jpeg[2:]

    def chunks(before, after=b""):
        return png[:33] + before + png[33:-12] + after + png[-12:]

    def text(name, key, value):
        value = {b"tEXt": b"", b"zTXt": b"\0", b"iTXt": b"\1\0\0\0"}[name] + (value if name == b"tEXt" else zlib.compress(value))
        return chunk(name, key + b"\0" + value)

    def riff(flags, *parts):
        body = b"WEBPVP8X" + struct.pack("<IIHBHB", 10, flags, 5, 0, 3, 0) + webp[12:] + b"".join(n + struct.pack("<I", len(c)) + c + bytes(len(c) % 2) for n, c in parts)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    for o in range(10):
        little, big, xmp = exif(o), exif(o, ">"), [(x % o).encode() for x in XMP]
        yield "exif-%d.jpg" % o, app1(MARK + little)
        yield "exif-%d-big.jpg" % o, app1(MARK + big)
        yield "exif-%d.png" % o, chunks(chunk(b"eXIf", big))
        yield "exif-%d.webp" % o, riff(8, (b"EXIF", little))
        yield "exif-%d.tif" % o, saved(img, "TIFF", tiffinfo={274: o})
        yield "xmp-%d.jpg" % o, app1(XMP_MARK + xmp[0])
        yield "xmp-%d-element.jpg" % o, app1(XMP_MARK + xmp[1])
        yield "xmp-%d.png" % o, chunks(text(b"iTXt", b"XML:com.adobe.xmp", xmp[o % 2]))
        yield "xmp-%d.webp" % o, riff(4, (b"XMP ", xmp[o % 2]))
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700] = xmp[0]
        tags.tagtype[700] = 1
        yield "xmp-%d.tif" % o, saved(img, "TIFF", tiffinfo=tags)
        yield "exif-%d-and-xmp.jpg" % o, app1(MARK + little, XMP_MARK + (XMP[0] % 3).encode())
        raw = "\nexif\n%8d\n%s\n" % (len(little), (MARK + little).hex())
        yield "profile-%d.png" % o, chunks(text((b"tEXt", b"zTXt", b"iTXt")[o % 3], b"Raw profile type exif", raw.encode()))
    x3, x6 = [XMP_MARK + (XMP[0] % o).encode() for o in (3, 6)]
    for kind in (1, 3, 4, 6, 7, 8, 9, 13):
        yield "kind-%d.jpg" % kind, app1(MARK + exif(6, "<", kind))
        yield "kind-%d-big.jpg" % kind, app1(MARK + exif(6, ">", kind), x3)
    yield "count-2.jpg", app1(MARK + exif(6, count=2))
    yield "count-0.jpg", app1(MARK + exif(6, count=0), x3)
    yield "no-tag.jpg", app1(MARK + exif(None), x3)
    yield "no-exif.jpg", app1(MARK, x3)
    yield "broken-exif.jpg", app1(MARK + b"II*\0\xff\xff\0\0", x3)
    for n in (2, 3):
        yield "marks-%d.jpg" % n, app1(MARK * n + exif(6))
    yield "exif-divided.jpg", app1(MARK + exif(8)[:20], MARK + exif(8)[20:])
    yield "exif-two.jpg", app1(MARK + exif(6), MARK + exif(3))
    yield "exif-two.png", chunks(chunk(b"eXIf", exif(6)), chunk(b"eXIf", exif(3)))
    yield "exif-after.png", chunks(b"", chunk(b"eXIf", exif(6)))
    yield "exif-and-profile.png", chunks(chunk(b"eXIf", exif(None)) + text(b"tEXt", b"Raw profile type exif", b"\nexif\n0\n" + exif(6).hex().encode()))
    yield "xmp-two.jpg", app1(x6, x3)
    yield "xmp-quotes.jpg", app1(x6.replace(b'"', b"'"))
    for i, packet in enumerate((b'tiff:Orientation = "6"', b'tiff:Orientation tiff:Orientation="3" tiff:Orientation="6"', b'tiff:Orientation="x" tiff:Orientation="6"', b'tiff:Orientation="80"', b'tiff:Orientation="0" tiff:Orientation="6"')):
        yield "xmp-text-%d.jpg" % i, app1(XMP_MARK + packet)
    yield "flags-0.webp", riff(0, (b"EXIF", exif(6)), (b"XMP ", x6))
    yield "exif-and-xmp.webp", riff(12, (b"EXIF", exif(6)), (b"XMP ", x3))
    at = jpeg.index(b"\xff\xda")
    yield "exif-late.jpg", jpeg[:at] + app1(MARK + exif(6))[2:-len(jpeg) + 2] + jpeg[at:]
    yield "exif-after-bytes.jpg", jpeg[:20] + b"\0\1\2" + app1(MARK + exif(6))[2:-len(jpeg) + 2] + jpeg[20:]
    yield "two-images.jpg", saved(img, "MPO", save_all=True, append_images=[img], exif=MARK + exif(6))


# --------------------------------------------------------------------------------------------------------------------


def made(data):
    """What Pillow makes of a file."""
    row = {}
    for mode in ("RGB", "L", "RGBA"):
        try:
            with Image.open(io.BytesIO(data)) as img:
                if mode == "L" and img.mode in ("I;16", "I"):  # like keras.utils.load_img, which does not convert 16-bit gray images in grayscale mode
                    row[mode] = "error"
                    continue
                img = img.convert(mode)
                row[mode] = "%d %d %s" % (img.height, img.width, hashlib.sha256(img.tobytes()).hexdigest()[:16])
        except Exception:
            row[mode] = "error"
    try:
        with Image.open(io.BytesIO(data)) as img:
            try:
                img = ImageOps.exif_transpose(img)
            except SyntaxError:  # a broken EXIF; lince reads no orientation then
                pass
            img = img.convert("RGB")
            row["turned"] = "%d %d %s" % (img.height, img.width, hashlib.sha256(img.tobytes()).hexdigest()[:16])
    except Exception:
        row["turned"] = "error"
    return row


def main():
    warnings.simplefilter("ignore")
    files = {}
    for make in (bmps, pngs, orientations):
        for name, data in make():
            assert name not in files, name
            files[name] = data
    goldens = {name: made(data) for name, data in files.items()}
    files["forms.json"] = json.dumps(goldens, indent=0, sort_keys=True).encode()
    with open(OUT, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as z, tarfile.open(fileobj=z, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    print(len(goldens), "files,", os.path.getsize(OUT), "bytes")


main()
