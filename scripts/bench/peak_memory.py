"""The largest resident set of this process so far."""

import resource
import sys


def peak_mib():
    """A process inherits ru_maxrss from the one that started it; VmHWM is its own."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 1024
