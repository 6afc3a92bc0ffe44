"""Shared by the peers' scripts: timing, and the output of results."""

import json
import statistics
import time

# A step is run WARM times to warm up, and then at least MIN_STEPS times and for at least SECONDS.
WARM, MIN_STEPS, SECONDS = 2, 5, 0.1


def milliseconds(step):
    """Returns the median time of step()."""
    for _ in range(WARM):
        step()
    times, end = [], time.perf_counter() + SECONDS
    while len(times) < MIN_STEPS or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def report(results):
    """Prints a dictionary of numbers as the last line, which the bench reads."""
    print(json.dumps(results))
