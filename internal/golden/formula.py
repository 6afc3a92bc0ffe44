"""Numbers that the Go tests also compute (internal/graphtest.Formula)."""

import numpy as np


def formula(salt, lo, hi, shape):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    k = (i * 7919 + salt * 104729 + 12345) % 10007
    return (lo + (hi - lo) * (k / 10007)).astype(np.float32).reshape(shape)


def rounded(x):
    """float32 numbers for JSON; nine digits are exact."""
    return [float(f"{v:.9g}") for v in np.asarray(x, np.float32).reshape(-1).tolist()]
