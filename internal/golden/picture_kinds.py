"""Writes data/picture/testdata/kinds: image files of kinds that picture.py does not cover, and kinds.json with the SHA-256 of their pixels by
Pillow in each color mode ("error" if Pillow refuses the file).

    python internal/golden/picture_kinds.py      (from the root of the repository; requirements.txt has the versions)

It needs jpegtran of libjpeg-turbo (apt install libjpeg-turbo-progs), since Pillow writes no JPEG files with arithmetic coding.
"""
import hashlib
import io
import json
import os
import struct
import subprocess

import numpy as np
from PIL import Image

from picture_files import bmp, saved

OUT = os.path.join("data", "picture", "testdata", "kinds")


def drawing(h, w, seed):
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    a = np.stack([127 + 120 * np.sin(x / 4.0 + seed), 255 * y / max(h - 1, 1), np.where((x - w / 2) ** 2 + (y - h / 2) ** 2 < 40, 230, 40)], -1)
    return np.clip(np.round(a + rng.normal(0, 9, a.shape)), 0, 255).astype(np.uint8)


def rows(a, bits):
    """Bottom-up rows of whole words."""
    out = b""
    for row in a[::-1]:
        b = row.tobytes()
        out += b + bytes(-len(b) % 4)
    return out


def rle8(a):
    out = bytearray()
    for i, row in enumerate(a[::-1]):
        x = 0
        while x < len(row):
            n = 1
            while x + n < len(row) and n < 255 and row[x + n] == row[x]:
                n += 1
            if n >= 3 or len(row) - x < 3:
                out += bytes([n, row[x]])
                x += n
                continue
            n = min(len(row) - x, 5)  # as they are
            out += bytes([0, n]) + row[x : x + n].tobytes() + bytes(n % 2)
            x += n
        out += b"\0\0"
    return bytes(out + b"\0\1")


def main():
    os.makedirs(OUT, exist_ok=True)
    files = {}
    a = drawing(13, 17, 1)
    h, w = a.shape[:2]
    wide = a.astype(np.uint32)
    v565 = ((wide[..., 0] >> 3) << 11 | (wide[..., 1] >> 2) << 5 | wide[..., 2] >> 3).astype("<u2")
    v555 = ((wide[..., 0] >> 3) << 10 | (wide[..., 1] >> 3) << 5 | wide[..., 2] >> 3).astype("<u2")
    files["565.bmp"] = bmp(w, h, 16, rows(v565, 16), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    files["555-fields.bmp"] = bmp(w, h, 16, rows(v555, 16), 3, masks=struct.pack("<III", 0x7C00, 0x3E0, 0x1F))
    files["555.bmp"] = bmp(w, h, 16, rows(v555, 16))
    files["444.bmp"] = bmp(w, h, 16, rows(v555, 16), 3, masks=struct.pack("<III", 0xF00, 0xF0, 0xF))
    alpha = (np.arange(h * w).reshape(h, w) * 7 % 256).astype(np.uint32)
    argb = (alpha << 24 | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]).astype("<u4")
    abgr = (alpha << 24 | wide[..., 2] << 16 | wide[..., 1] << 8 | wide[..., 0]).astype("<u4")
    rgbx = (wide[..., 0] << 24 | wide[..., 1] << 16 | wide[..., 2] << 8 | alpha).astype("<u4")
    for name, v, m in [("argb", argb, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)), ("abgr", abgr, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
                       ("rgbx", rgbx, (0xFF000000, 0xFF0000, 0xFF00, 0)), ("rgba-fields", rgbx, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)), ("none", argb, (0, 0, 0, 0))]:
        files[name + "-v4.bmp"] = bmp(w, h, 32, rows(v, 32), 3, masks=struct.pack("<IIII", *m), header=108)
    files["xrgb-fields.bmp"] = bmp(w, h, 32, rows(argb, 32), 3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF))
    files["32.bmp"] = bmp(w, h, 32, rows(argb, 32))
    files["24-fields.bmp"] = bmp(w, h, 24, rows(a[..., ::-1].copy(), 24), 3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF))
    files["top-down.bmp"] = bmp(w, -h, 24, rows(a[::-1, :, ::-1].copy(), 24))
    files["os2.bmp"] = bmp(w, h, 24, rows(a[..., ::-1].copy(), 24), header=12)
    index = (a[..., 1] // 16).astype(np.uint8)
    palette = b"".join(bytes([(37 * i) % 256, (91 * i) % 256, (53 * i) % 256, 0]) for i in range(256))
    files["rle8.bmp"] = bmp(w, h, 8, rle8(index), 1, palette)
    files["rle8-top-down.bmp"] = bmp(w, -h, 8, rle8(index), 1, palette)
    files["rle8-delta.bmp"] = bmp(4, 3, 8, bytes([2, 5, 0, 2, 1, 1, 3, 9, 0, 0, 4, 7, 0, 0, 0, 1]), 1, palette)
    files["rle4.bmp"] = bmp(5, 3, 4, bytes([5, 0x12, 0, 0, 0, 5, 0x12, 0x34, 0x50, 0, 0, 0, 3, 0x77, 2, 0x8A, 0, 1]), 2, palette[:64])
    files["rle8-short.bmp"] = bmp(4, 3, 8, bytes([4, 1, 0, 0, 2, 2, 0, 1]), 1, palette)
    files["few-colors.bmp"] = bmp(w, h, 8, rows(index * 3, 8), palette=palette[:40], colors=10)
    files["no-offset.bmp"] = bmp(w, h, 8, rows(index, 8), palette=palette, offset=0)
    files["header-offset.bmp"] = bmp(w, h, 8, rows(index, 8), palette=palette, offset=54)
    files["4.bmp"] = bmp(8, 2, 4, bytes([0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0]), palette=palette[:64])
    files["jpeg-inside.bmp"] = bmp(w, h, 24, bytes(40), 4)

    frames = [Image.fromarray(drawing(20, 30, s)) for s in range(3)]
    clear = []
    for s in range(2):
        f = frames[s].convert("RGBA")
        f.putalpha(Image.fromarray((np.arange(600).reshape(20, 30) * 3 % 256).astype(np.uint8)))
        clear.append(f)
    for name, fs, o in [("anim-lossy", frames, {}), ("anim-lossless", frames, {"lossless": True}), ("anim-alpha", clear, {}), ("anim-alpha-lossless", clear, {"lossless": True})]:
        files[name + ".webp"] = saved(fs[0], "WEBP", save_all=True, append_images=fs[1:], duration=100, **o)
    empty = Image.new("RGBA", (30, 20))
    empty.paste(clear[0].crop((0, 0, 12, 8)), (10, 6))
    files["anim-offset.webp"] = saved(empty, "WEBP", save_all=True, append_images=[clear[1]], duration=100, lossless=True)

    gif = bytearray(saved(frames[0], "GIF"))
    gif[6:10] = struct.pack("<HH", 21, 11)
    files["frame-larger.gif"] = bytes(gif)
    png = saved(frames[0], "PNG")
    files["no-end.png"] = png[:-12]
    files["cut-end.png"] = png[:-5]
    files["mpo.mpo"] = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])
    files["jfif.jfif"] = saved(frames[1], "JPEG")

    big = Image.fromarray(drawing(96, 96, 5))
    for wrong in (3, 6, 7):  # the number is ahead by this; libjpeg treats them differently
        j = bytearray(saved(big, "JPEG", restart_marker_blocks=4))
        at = j.index(b"\xff\xd2")
        j[at + 1] = 0xD0 + (2 + wrong) % 8
        files["restart-plus-%d.jpg" % wrong] = bytes(j)
    # Coefficients that overflow 16 bits: a large quantization table.
    j = bytearray(saved(big, "JPEG", quality=95))
    at = j.index(b"\xff\xdb")
    for step, name in ((60, "coefficients-60.jpg"), (255, "coefficients-255.jpg")):
        k = bytearray(j)
        k[at + 5 : at + 69] = bytes([step] * 64)
        files[name] = bytes(k)
    k = bytearray(saved(big, "JPEG", quality=95, progressive=True))
    at = k.index(b"\xff\xdb")
    k[at + 5 : at + 69] = bytes([200] * 64)
    files["coefficients-progressive.jpg"] = bytes(k)

    # Faults that photos of the web have. Pillow reads the first ones.
    j = saved(big, "JPEG")
    start = 4 + struct.unpack(">H", j[4:6])[0]
    files["fault-jfif-version-0.jpg"] = j[:11] + b"\0\0" + j[13:]
    files["fault-no-app0.jpg"] = j[:2] + j[start:]
    files["fault-stray-bytes.jpg"] = j[:start] + b"\0\x11\x22" + j[start:]
    files["fault-bytes-after-end.jpg"] = j + bytes(range(256)) * 8
    flipped = bytearray(j)
    flipped[len(j) // 2] ^= 16
    files["fault-bit.jpg"] = bytes(flipped)
    restarts = saved(big, "JPEG", restart_marker_blocks=4)
    at = restarts.index(b"\xff\xd1")
    files["fault-before-restart.jpg"] = restarts[:at] + b"\x12\x34\x56" + restarts[at:]
    files["fault-half.jpg"] = j[: len(j) // 2]
    files["fault-zeros.jpg"] = j[:700] + bytes(len(j) - 700)
    files["fault-zeros-300.jpg"] = j[:300] + bytes(2000)
    files["fault-empty.jpg"] = b""
    files["fault-page.jpg"] = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
    for kind in ("BMP", "GIF", "PNG", "WEBP"):
        files["fault-%s.jpg" % kind.lower()] = saved(frames[0], kind)
    files["animated.png"] = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])

    for source in ("pillow-420", "pillow-444", "pillow-gray", "drawn-ycck-420", "drawn-420-scans", "drawn-440", "drawn-mixed", "size-17x33"):
        for name, options in {"": [], "-progressive": ["-progressive"], "-restart": ["-restart", "3B"]}.items():
            files["arithmetic-%s%s.jpg" % (source, name)] = subprocess.run(
                ["jpegtran", "-arithmetic", *options, os.path.join("data", "picture", "testdata", "decode", source + ".jpg")], check=True, stdout=subprocess.PIPE).stdout
    j = files["arithmetic-pillow-420.jpg"]
    files["arithmetic-cut.jpg"] = j[: len(j) // 2]
    files["arithmetic-zeros.jpg"] = j[: j.index(b"\xff\xda") + 14] + b"\xff\xd9"  # the marker of the end stands for zeros
    at = j.index(b"\xff\xda")
    files["arithmetic-conditioned.jpg"] = j[:at] + b"\xff\xcc\0\x06\0\x42\x10\x01" + j[at:]  # other pixels

    # Fax compressions store black as 1, whatever PhotometricInterpretation says of the color.
    bits = Image.fromarray(drawing(21, 37, 6)).convert("1")
    for compression in ("group3", "group4"):
        for photometric in (0, 1):
            files["%s-%d.tif" % (compression, photometric)] = saved(bits, "TIFF", compression=compression, tiffinfo={262: photometric})
    values = np.array([1, 300, 255, 256, 65535, 0], ">u2")
    files["deep.pgm"] = b"P5 3 2 65535\n" + values.tobytes()
    files["deep-1000.pgm"] = b"P5 3 2 1000\n" + (values % 1001).astype(">u2").tobytes()
    files["deep-text.pgm"] = b"P2 3 1 4095\n1 16 4095\n"

    out = {}
    for name, data in sorted(files.items()):
        with open(os.path.join(OUT, name), "wb") as f:
            f.write(data)
        entry = {}
        for mode in ("RGB", "L", "RGBA"):
            try:
                img = Image.open(io.BytesIO(data))
                img.load()
                entry["size"] = [img.height, img.width]
                entry[mode] = hashlib.sha256(img.convert(mode).tobytes()).hexdigest()
            except Exception:
                entry[mode] = "error"
        out[name] = entry
    with open(os.path.join(os.path.dirname(OUT), "kinds.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


main()
