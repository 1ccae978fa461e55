"""The pictures as PNG, drawn from the SVG by resvg (the package ``resvg_py``): no browser, no program to install."""

from __future__ import annotations

import math
import re

ZOOM = 2.0
"""Pixels for each unit of the drawing: sharp on screens of today and in print."""
LONGEST = 16_000
"""Pixels that a picture is wide or high at most."""
AREA = 120_000_000
"""Pixels of a picture in all, which are half a gigabyte while it is drawn: larger drawings get fewer for each unit."""
_SIZE = re.compile(r'<svg[^>]* width="([\d.]+)" height="([\d.]+)"')
MISSING = (
    "PNG needs the package resvg_py: pip install 'ipyflow-parallel[png]' (or resvg_py). "
    "SVG needs nothing: run.export('run.svg')"
)


def png(svg: str) -> bytes:
    """Draw an SVG document of ours on white.

    Args:
        svg: a picture made in this package: its first element says how large it is.

    Raises:
        ImportError: the package is not installed; the message says how to get it.
    """
    try:
        import resvg_py  # only for those who ask
    except ImportError:
        raise ImportError(MISSING) from None
    size = _SIZE.search(svg)
    width, height = (max(float(side), 1.0) for side in size.groups()) if size else (1.0, 1.0)
    zoom = min(ZOOM, LONGEST / width, LONGEST / height, math.sqrt(AREA / (width * height)))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom, background="#ffffff"))
