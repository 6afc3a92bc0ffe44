"""Writes data/picture/testdata/tiff: TIFF files of many kinds, and tiff.json with the SHA-256 of their pixels by Pillow in each color mode ("error" if
Pillow refuses the file).

    python internal/golden/picture_tiff.py      (from the root of the repository; requirements.txt has the versions)
"""
import hashlib
import io
import json
import os
import struct
import zlib

import numpy as np
from PIL import Image

OUT = os.path.join("data", "picture", "testdata", "tiff")


def drawing(h, w, seed):
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    a = np.stack([127 + 120 * np.sin(x / 4.0 + seed), 255 * y / max(h - 1, 1), np.where((x - w / 2) ** 2 + (y - h / 2) ** 2 < 40, 230, 40)], -1)
    return np.clip(np.round(a + rng.normal(0, 9, a.shape)), 0, 255).astype(np.uint8)


def saved(img, fmt="TIFF", **o):
    b = io.BytesIO()
    img.save(b, fmt, **o)
    return b.getvalue()


TYPES = {1: "B", 3: "H", 4: "I", 5: "II", 7: "B", 16: "Q"}


def tiff(w, h, blocks, tags, order="<", big=False, block=None):
    """Writes a file with the given blocks. tags maps tags to (type, values). block is the size of tiles; without it, there are strips."""
    t = {256: (4, [w]), 257: (4, [h]), 259: (3, [1])}
    wide = 16 if big else 4
    at, size, tail = (325, 324, (322, 323)) if block else (279, 273, None)
    t.update(tags)
    head = (b"II" if order == "<" else b"MM") + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0))
    data, offsets = b"", []
    for b in blocks:
        offsets.append(len(head) + len(data))
        data += b + bytes(len(b) % 2)
    t[size], t[at] = (wide, offsets), (wide, [len(b) for b in blocks])
    if block:
        t[tail[0]], t[tail[1]] = (4, [block[0]]), (4, [block[1]])
    directory = len(head) + len(data)
    extra_at = directory + (8 + 20 * len(t) + 8 if big else 2 + 12 * len(t) + 4)
    entries, extra = b"", b""
    for tag in sorted(t):
        kind, values = t[tag]
        packed = b"".join(struct.pack(order + TYPES[kind], *(v if isinstance(v, tuple) else (v,))) for v in values)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(values))
        field = 8 if big else 4
        if len(packed) <= field:
            entries += packed + bytes(field - len(packed))
        else:
            entries += struct.pack(order + ("Q" if big else "I"), extra_at + len(extra))
            extra += packed + bytes(len(packed) % 2)
    if big:
        head = head[:8] + struct.pack(order + "Q", directory)
        return head + data + struct.pack(order + "Q", len(t)) + entries + bytes(8) + extra
    head = head[:4] + struct.pack(order + "I", directory)
    return head + data + struct.pack(order + "H", len(t)) + entries + bytes(4) + extra


def strips(a, rows=16):
    return [a[y : y + rows].tobytes() for y in range(0, len(a), rows)]


def tiles(a, w, h):
    out = []
    for y in range(0, a.shape[0], h):
        for x in range(0, a.shape[1], w):
            t = np.zeros((h, w) + a.shape[2:], a.dtype)
            part = a[y : y + h, x : x + w]
            t[: part.shape[0], : part.shape[1]] = part
            out.append(t)
    return out


def packed(a, bits):
    """Rows of samples with fewer than 8 bits, or 12."""
    out = []
    for row in a:
        s = "".join(format(int(v), "0%db" % bits) for v in row.ravel())
        s += "0" * (-len(s) % 8)
        out.append(bytes(int(s[i : i + 8], 2) for i in range(0, len(s), 8)))
    return b"".join(out)


def S(*v):
    return (3, list(v))


def main():
    os.makedirs(OUT, exist_ok=True)
    files = {}
    a = drawing(37, 45, 1)
    h, w = a.shape[:2]
    img = Image.fromarray(a)
    for c in ["raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg", "zstd", "lzma"]:
        files["rgb-%s.tif" % c] = saved(img, compression=c)
    for mode in ["CMYK", "L", "YCbCr", "LAB", "RGBA", "LA", "1", "P", "I", "F", "I;16"]:
        m = img.quantize(40) if mode == "P" else Image.fromarray(a[..., 0].astype(np.uint16) * 37) if mode == "I;16" else img.convert("L").convert(mode) if mode in "IF" else img.convert(mode)
        m.info.pop("icc_profile", None)  # that of LAB has the time at which it was made
        for c in ["raw", "tiff_lzw", "packbits", "jpeg"]:
            try:
                files["%s-%s.tif" % (mode.replace(";", ""), c)] = saved(m, compression=c)
            except OSError:
                pass
    files["jpeg-gray-strips.tif"] = saved(drawing_gray(90, 70), compression="jpeg", strip_size=70 * 16)
    files["jpeg-quality.tif"] = saved(Image.fromarray(drawing(90, 70, 3)), compression="jpeg", quality=60)
    files["big.tif"] = saved(img, big_tiff=True)
    wide = a.astype(np.uint32)
    deep = (wide * 257 + np.arange(h * w * 3).reshape(h, w, 3) % 200).clip(0, 65535)
    alpha = (np.arange(h * w).reshape(h, w, 1) * 7 % 256).astype(np.uint8)
    cmyk = np.concatenate([255 - a, alpha // 2], -1)
    for order, name in (("<", "le"), (">", "be")):
        d16 = deep.astype(order + "u2")
        rgb16 = {258: S(16, 16, 16), 262: S(2), 277: S(3), 278: S(16)}
        files["rgb16-%s.tif" % name] = tiff(w, h, strips(d16), rgb16, order)
        files["rgb16-%s-big.tif" % name] = tiff(w, h, strips(d16), rgb16, order, big=True)
        files["rgb16-%s-deflate.tif" % name] = tiff(w, h, [zlib.compress(s) for s in strips(d16)], {**rgb16, 259: S(8)}, order)
        diff = d16.astype(np.int64)
        diff[:, 1:] -= d16.astype(np.int64)[:, :-1]
        diff = (diff % 65536).astype(order + "u2")
        files["rgb16-%s-predictor.tif" % name] = tiff(w, h, [zlib.compress(s) for s in strips(diff)], {**rgb16, 259: S(8), 317: S(2)}, order)
        files["rgba16-%s.tif" % name] = tiff(w, h, strips(np.concatenate([deep, alpha.astype(np.uint32) * 257], -1).astype(order + "u2")), {258: S(16, 16, 16, 16), 262: S(2), 277: S(4), 278: S(16), 338: S(2)}, order)
        files["cmyk16-%s.tif" % name] = tiff(w, h, strips((cmyk.astype(np.uint32) * 257).astype(order + "u2")), {258: S(16, 16, 16, 16), 262: S(5), 277: S(4), 278: S(16)}, order)
        g = deep[..., 0]
        for photometric in (0, 1):
            files["gray16-%s-%d.tif" % (name, photometric)] = tiff(w, h, strips(g.astype(order + "u2")), {258: S(16), 262: S(photometric), 277: S(1), 278: S(16)}, order)
        files["gray16-%s-lzw.tif" % name] = tiff(w, h, [zlib.compress(s) for s in strips(g.astype(order + "u2"))], {258: S(16), 262: S(1), 277: S(1), 278: S(16), 259: S(8)}, order)
        signed = g.astype(np.int64) - 20000
        files["signed16-%s.tif" % name] = tiff(w, h, strips((signed // 100).astype(order + "i2")), {258: S(16), 262: S(1), 277: S(1), 278: S(16), 339: S(2)}, order)
        files["signed32-%s.tif" % name] = tiff(w, h, strips((signed // 100).astype(order + "i4")), {258: S(32), 262: S(1), 277: S(1), 278: S(16), 339: S(2)}, order)
        files["unsigned32-%s.tif" % name] = tiff(w, h, strips((g // 200).astype(order + "u4")), {258: S(32), 262: S(1), 277: S(1), 278: S(16)}, order)
        real = ((g.astype(np.float64) - 5000) / 200).astype(order + "f4")
        float32 = {258: S(32), 262: S(1), 277: S(1), 278: S(16), 339: S(3)}
        files["float-%s.tif" % name] = tiff(w, h, strips(real), float32, order)
        rows = []
        for row in real.astype(">f4"):
            b = np.frombuffer(row.tobytes(), np.uint8).reshape(-1, 4).T.ravel().astype(np.int64)
            b[1:] -= b[:-1].copy()
            rows.append((b % 256).astype(np.uint8).tobytes())
        files["float-%s-predictor.tif" % name] = tiff(w, h, [zlib.compress(b"".join(rows[y : y + 16])) for y in range(0, h, 16)], {**float32, 259: S(8), 317: S(3)}, order)
    gray = a[..., 0]
    for bits in (1, 2, 4, 8):
        for photometric in (0, 1):
            p = packed(gray >> (8 - bits), bits)
            line = len(p) // h
            for order in (1, 2):
                q = p if order == 1 else bytes(int(format(v, "08b")[::-1], 2) for v in p)
                files["gray%d-%d-order%d.tif" % (bits, photometric, order)] = tiff(w, h, [q[: 16 * line], q[16 * line : 32 * line], q[32 * line :]], {258: S(bits), 262: S(photometric), 277: S(1), 278: S(16), 266: S(order)})
    files["gray12.tif"] = tiff(w, h, [packed(gray.astype(np.uint16) * 16 + 5, 12)], {258: S(12), 262: S(1), 277: S(1), 278: S(h)})
    colors = [(37 * i * 255) % 65536 for i in range(768)]
    for bits in (1, 2, 4, 8):
        files["palette%d.tif" % bits] = tiff(w, h, [packed(gray >> (8 - bits), bits)], {258: S(bits), 262: S(3), 277: S(1), 278: S(h), 320: S(*colors[: 3 * 2**bits])})
    files["palette-alpha.tif"] = tiff(w, h, [np.stack([gray, alpha[..., 0]], -1).tobytes()], {258: S(8, 8), 262: S(3), 277: S(2), 278: S(h), 320: S(*colors), 338: S(2)})
    for extra in (0, 1, 2, 999):
        files["rgb-extra%d.tif" % extra] = tiff(w, h, [np.concatenate([a, alpha], -1).tobytes()], {258: S(8, 8, 8, 8), 262: S(2), 277: S(4), 278: S(h), 338: S(extra)})
    files["rgb-extra-none.tif"] = tiff(w, h, [np.concatenate([a, alpha], -1).tobytes()], {258: S(8, 8, 8, 8), 262: S(2), 277: S(4), 278: S(h)})
    files["rgb-extra2-more.tif"] = tiff(w, h, [np.concatenate([a, alpha, alpha], -1).tobytes()], {258: S(8, 8, 8, 8, 8), 262: S(2), 277: S(5), 278: S(h), 338: S(2, 0)})
    files["rgb16-premultiplied.tif"] = tiff(w, h, [np.concatenate([deep, alpha.astype(np.uint32) * 257], -1).astype("<u2").tobytes()], {258: S(16, 16, 16, 16), 262: S(2), 277: S(4), 278: S(h), 338: S(1)})
    files["gray-extra0.tif"] = tiff(w, h, [np.stack([gray, alpha[..., 0]], -1).tobytes()], {258: S(8, 8), 262: S(1), 277: S(2), 278: S(h), 338: S(0)})
    files["cmyk-extra.tif"] = tiff(w, h, [np.concatenate([cmyk, alpha], -1).tobytes()], {258: S(8, 8, 8, 8, 8), 262: S(5), 277: S(5), 278: S(h), 338: S(0)})
    rgb = {258: S(8, 8, 8), 262: S(2), 277: S(3)}
    planes = [b for c in range(3) for b in strips(a[..., c])]
    files["planar.tif"] = tiff(w, h, planes, {**rgb, 278: S(16), 284: S(2)})
    files["planar-deflate.tif"] = tiff(w, h, [zlib.compress(b) for b in planes], {**rgb, 278: S(16), 284: S(2), 259: S(8)})
    files["planar-cmyk.tif"] = tiff(w, h, [b for c in range(4) for b in strips(cmyk[..., c])], {258: S(8, 8, 8, 8), 262: S(5), 277: S(4), 278: S(16), 284: S(2)})
    files["tiles.tif"] = tiff(w, h, [t.tobytes() for t in tiles(a, 16, 32)], rgb, block=(16, 32))
    files["tiles-deflate.tif"] = tiff(w, h, [zlib.compress(t.tobytes()) for t in tiles(a, 32, 16)], {**rgb, 259: S(8)}, block=(32, 16))
    files["tiles-gray16.tif"] = tiff(w, h, [t.tobytes() for t in tiles(g.astype("<u2"), 16, 16)], {258: S(16), 262: S(1), 277: S(1)}, block=(16, 16))
    files["tiles-larger.tif"] = tiff(w, h, [t.tobytes() for t in tiles(a, 64, 64)], rgb, block=(64, 64))
    files["tiles-planar.tif"] = tiff(w, h, [zlib.compress(t.tobytes()) for c in range(3) for t in tiles(a[..., c], 16, 16)], {**rgb, 284: S(2), 259: S(8)}, block=(16, 16))
    for sub, name in ((0, "444"), (2, "420")):
        files["tiles-jpeg-%s.tif" % name] = tiff(w, h, [saved(Image.fromarray(t), "JPEG", quality=90, subsampling=sub) for t in tiles(a, 32, 32)], {258: S(8, 8, 8), 262: S(6), 277: S(3), 259: S(7), 530: S(2, 2) if sub else S(1, 1)}, block=(32, 32))
    files["strips-jpeg-420.tif"] = tiff(w, h, [saved(Image.fromarray(a[y : y + 16]), "JPEG", quality=80, subsampling=2) for y in range(0, h, 16)], {258: S(8, 8, 8), 262: S(6), 277: S(3), 259: S(7), 278: S(16), 530: S(2, 2)})
    # Tables that all tiles share, as GDAL writes them. The restart interval among them is not one of the tiles.
    cut = [abbreviated(saved(Image.fromarray(t), "JPEG", quality=70)) for t in tiles(gray, 16, 16)]
    shared = b"\xff\xd8\xff\xfe\x00\x04hi\xff\xdd\x00\x04\x00\x01" + cut[0][0] + b"\xff\xd9"
    files["tiles-jpeg-tables.tif"] = tiff(w, h, [b for _, b in cut], {258: S(8), 262: S(1), 277: S(1), 259: S(7), 347: (7, list(shared))}, block=(16, 16))
    ycc = np.asarray(img.convert("YCbCr"))
    for sx, sy in ((1, 1), (2, 1), (2, 2), (4, 1), (1, 2)):
        ph, pw = -(-h // sy) * sy, -(-w // sx) * sx
        p = np.pad(ycc, ((0, ph - h), (0, pw - w), (0, 0)), mode="edge")
        units = b""
        for y in range(0, ph, sy):
            for x in range(0, pw, sx):
                units += p[y : y + sy, x : x + sx, 0].tobytes() + p[y, x, 1:].tobytes()
        files["ycc-%d%d-deflate.tif" % (sx, sy)] = tiff(w, h, [zlib.compress(units)], {258: S(8, 8, 8), 262: S(6), 277: S(3), 278: S(h), 259: S(8), 530: S(sx, sy)})
    files["ycc-levels-deflate.tif"] = tiff(w, h, [zlib.compress(ycc.tobytes())], {258: S(8, 8, 8), 262: S(6), 277: S(3), 278: S(h), 259: S(8), 530: S(1, 1), 529: (5, [(2126, 10000), (7152, 10000), (722, 10000)]), 532: (5, [(16, 1), (235, 1), (128, 1), (240, 1), (128, 1), (240, 1)])})
    cube = np.mgrid[0:256:5, 0:256:15, 0:256:15].reshape(3, -1).T.astype(np.uint8).reshape(52, -1, 3)
    files["ycc-colors.tif"] = saved(Image.fromarray(cube, "YCbCr"), compression="raw")
    files["ycc-colors-lzw.tif"] = saved(Image.fromarray(cube, "YCbCr"), compression="tiff_lzw")
    for o in range(2, 9):
        files["orientation-%d.tif" % o] = tiff(w, h, [a.tobytes()], {**rgb, 278: S(h), 274: S(o)}, big=o == 6)
    files["no-photometric.tif"] = tiff(w, h, [packed(gray >> 7, 1)], {258: S(1), 277: S(1), 278: S(h)})
    files["one-bits-value.tif"] = tiff(w, h, [a.tobytes()], {258: S(8), 262: S(2), 277: S(3), 278: S(h)})

    out = {}
    for name, data in sorted(files.items()):
        with open(os.path.join(OUT, name), "wb") as f:
            f.write(data)
        entry = {}
        for mode in ("RGB", "L", "RGBA"):
            try:
                m = Image.open(io.BytesIO(data))
                m.load()
                entry["size"] = [m.height, m.width]
                entry[mode] = hashlib.sha256(m.convert(mode).tobytes()).hexdigest()
                entry["mode"] = m.mode
            except Exception:
                entry[mode] = "error"
        out[name] = entry
        if name in ("YCbCr-raw.tif", "ycc-colors.tif"):  # whose pixels may differ by 1
            Image.open(io.BytesIO(data)).convert("RGB").save(os.path.join(OUT, name + ".png"))
    with open(os.path.join(os.path.dirname(OUT), "tiff.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


def abbreviated(jpeg):
    """Divides a JPEG file into the segments with its tables, and a file without them."""
    tables, rest, at = b"", b"\xff\xd8", 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        if jpeg[at + 1] in (0xDB, 0xC4):
            tables += jpeg[at:end]
        else:
            rest += jpeg[at:end]
        at = end
    return tables, rest + jpeg[at:]


def drawing_gray(h, w):
    return Image.fromarray(drawing(h, w, 4)[..., 0])


main()
