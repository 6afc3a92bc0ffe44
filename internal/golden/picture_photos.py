"""Writes the pixels that Pillow gives for every image of a ZIP file, for a test to compare.

    python picture_photos.py FILE.zip > pixels

For each member, sorted by name: a line "NAME WIDTH HEIGHT MILLISECONDS\n" (the time of decoding), then the
RGB bytes row by row. A member that Pillow refuses gives "NAME 0 0 0\n".
"""
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
            out.write(f"{name} 0 0 0\n".encode())
            continue
        ms = (time.perf_counter() - start) * 1000
        out.write(f"{name} {image.width} {image.height} {ms:.4f}\n".encode())
        out.write(image.tobytes())
