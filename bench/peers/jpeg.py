"""The milliseconds that libjpeg-turbo takes to decode a photograph to RGB, on one core: jpeg.py THREADS"""

import os
import zipfile

import simplejpeg

import clock

PICTURES = 300


def jpegs(name):
    """The first pictures of an archive, in its order, or of train.zip inside it."""
    archive = zipfile.ZipFile(os.path.join(os.environ["LINCE_SHARED"], "data", name))
    if "train.zip" in archive.namelist():
        archive = zipfile.ZipFile(archive.open("train.zip"))
    return [archive.read(n) for n in [n for n in archive.namelist() if n.endswith(".jpg")][:PICTURES]]


results = {}
for name, archive in {"200x200": "dogs-vs-cats.zip", "about 400x360": "photos-original-size.zip"}.items():
    files = jpegs(archive)

    def decode():
        for f in files:
            simplejpeg.decode_jpeg(f, "RGB")

    results[name] = clock.milliseconds(decode) / len(files)
clock.report(results)
