"""The pictures as PNG, drawn from the SVG by resvg (the package ``resvg_py``): no browser, no program to install."""

from __future__ import annotations

import re

ZOOM = 2.0
"""Pixels for each unit of the drawing: sharp on screens of today and in print."""
MOST = 16_000
"""Pixels that a picture is wide or high at most: larger ones take gigabytes."""
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
    longest = max(float(size[1]), float(size[2])) if size else 0.0
    zoom = min(ZOOM, MOST / longest) if longest else ZOOM
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom, background="#ffffff"))
