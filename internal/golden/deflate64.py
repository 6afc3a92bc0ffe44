"""Writes data/testdata/deflate64: text of several kinds, compressed by Deflate64 (inflate64 1.0.4, which is not in requirements.txt).

    pip install inflate64==1.0.4
    python internal/golden/deflate64.py          (from the root of the repository)

    NAME.bin       the compressed data
    sums.txt       for each, the name, and the length and the CRC-32 of the data
"""
import os
import random
import zlib

import inflate64

OUT = os.path.join("data", "testdata", "deflate64")


def main():
    os.makedirs(OUT, exist_ok=True)
    random.seed(1)
    words = ["cat", "dog", "emu", "the", "a", "image"]
    noise = bytes(random.randrange(256) for _ in range(300))
    inputs = {
        "empty": b"",
        "short": b"hello hello hello",
        "zeros": bytes(200_000),  # lengths beyond 258
        "text": " ".join(random.choice(words) for _ in range(3000)).encode(),
        "far": noise + bytes(50_000) + noise,  # a distance beyond 32 KiB
        "noise": noise,
    }
    with open(os.path.join(OUT, "sums.txt"), "w") as sums:
        for name, data in inputs.items():
            d = inflate64.Deflater()
            packed = d.deflate(data) + d.flush()
            assert inflate64.Inflater().inflate(packed) == data, name
            with open(os.path.join(OUT, name + ".bin"), "wb") as f:
                f.write(packed)
            sums.write("%s %d %d\n" % (name, len(data), zlib.crc32(data)))


main()
