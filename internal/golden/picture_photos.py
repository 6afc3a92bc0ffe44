"""Writes Pillow's pixels of every image in a ZIP file, for a test to compare.

    python picture_photos.py FILE.zip > pixels

For each member, sorted by name, it writes a line "NAME WIDTH HEIGHT MILLISECONDS NEAREST BILINEAR\n" (the time of decoding, and the SHA-256
of the pixels resized to 128x128), and then the RGB bytes row by row. For a member that Pillow cannot read, it writes "NAME 0 0 0 - -\n".
"""
import hashlib
import io
import sys
import time
import zipfile

from PIL import Image

out = sys.stdout.buffer
with zipfile.ZipFile(sys.argv[1]) as z:
    for name in sorted(z.namelist()):
        if name.endswith("/"):
            continue
        data = z.read(name)
        start = time.perf_counter()
        try:
            image = Image.open(io.BytesIO(data)).convert("RGB")
        except (OSError, SyntaxError):
            out.write(f"{name} 0 0 0 - -\n".encode())
            continue
        ms = (time.perf_counter() - start) * 1000
        sums = [hashlib.sha256(image.resize((128, 128), r).tobytes()).hexdigest()
                for r in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR)]
        out.write(f"{name} {image.width} {image.height} {ms:.4f} {sums[0]} {sums[1]}\n".encode())
        out.write(image.tobytes())
