"""What this process asks of its garbage collector and of the allocator of the C library."""

import ctypes
import gc

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2
_LIBC = ctypes.CDLL(None)


def limit_arenas() -> None:
    """Call before there are threads.

    Each would get an arena of its own, and keep there what large bodies leave behind.
    """
    if hasattr(_LIBC, "mallopt"):
        _LIBC.mallopt(_M_ARENA_MAX, _ARENAS)


def settle() -> None:
    """Call when all is loaded: the collector need not look at it again."""
    gc.collect()
    gc.freeze()


def trim() -> None:
    """Return free memory. Hyperscan's compiler leaves 20 MiB that glibc would keep for ever."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
