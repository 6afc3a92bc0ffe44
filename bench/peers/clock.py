"""What the peers' scripts share: a clock, and how results are printed."""

import json
import statistics
import time

# A step is run a few times to warm up, then for LEAST times and SECONDS at least.
WARM, LEAST, SECONDS = 2, 5, 0.1


def milliseconds(step):
    """The median of the times of step()."""
    for _ in range(WARM):
        step()
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def report(results):
    """Prints a dictionary of numbers as the last line, for the bench to read."""
    print(json.dumps(results))
