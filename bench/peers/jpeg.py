"""Measures how long libjpeg-turbo takes to decode a photo to RGB on one core, in ms: jpeg.py THREADS"""

import os
import zipfile

import simplejpeg

import clock

IMAGES = 300


def jpegs(name):
    """Returns the first images of an archive, or of train.zip inside it."""
    archive = zipfile.ZipFile(os.path.join(os.environ["LINCE_SHARED"], "data", name))
    if "train.zip" in archive.namelist():
        archive = zipfile.ZipFile(archive.open("train.zip"))
    return [archive.read(n) for n in [n for n in archive.namelist() if n.endswith(".jpg")][:IMAGES]]


results = {}
for name, archive in {"200x200": "dogs-vs-cats.zip", "about 400x360": "photos-original-size.zip"}.items():
    files = jpegs(archive)

    def decode():
        for f in files:
            simplejpeg.decode_jpeg(f, "RGB")

    results[name] = clock.milliseconds(decode) / len(files)
clock.report(results)
