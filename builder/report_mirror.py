"""What `sealift lock` and `sealift mirror` print."""

from builder.core.images_lock import ImagesLock
from builder.core.text import count

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(number: int) -> str:
    """Write a number of bytes for people, in decimal units: ``1.2 GB``."""
    value, unit = float(number), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{number} B"


def images_size(lock: ImagesLock) -> str:
    """Write how many images a lock has, and how large they are."""
    total = sum(image.size for image in lock.images)
    return f"{count(len(lock.images), 'image')}, {size(total)}"


def text_diff(before: str, after: str, name: str) -> str:
    """Write the difference of two texts, as a unified diff."""
    import difflib

    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, f"{name} (fresh)", lineterm=""
    )
    return "\n".join(lines)
