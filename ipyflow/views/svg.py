"""The alphabet of the static pictures: escaping, numbers, bars, patterns, the document around them.

All looks are presentation attributes in mid-tones and ``currentColor``, so a picture that stands in a page takes the
page's text colour and survives a sanitiser that removes styles. As a document of its own it brings a ground and a
text colour, light or dark as the reader's system asks for.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as _escape

from ipyflow.model.status import State
from ipyflow.views.palette import LOOKS, ROLES
from ipyflow.views.words import shown

MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"
SANS = "system-ui,-apple-system,Segoe UI,Helvetica,Arial,DejaVu Sans,sans-serif"
MONO_LETTER = 0.605
"""Width of a letter of :data:`MONO` for each pixel of its size."""
SANS_LETTER = 0.6
PAGE = 760
"""Width of a page of pictures, in pixels."""

_TITLE = re.compile("<title>[^<]*</title>")
_MONO_ATTRIBUTE = f' font-family="{MONO}"'
_ALONE = (
    f"<style>.m{{font-family:{MONO}}}@media(prefers-color-scheme:dark){{svg{{color:#e6edf3}}.ground{{fill:#161b22}}}}"
    "</style>"
)


def esc(text: str) -> str:
    """Make task-given text safe inside an element or an attribute; control characters become visible."""
    return _escape(shown(text), quote=True)


def num(value: float) -> str:
    """Write a coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def text(
    x: float,
    y: float,
    words: str,
    size: float = 12,
    *,
    faint: float = 1.0,
    mono: bool = False,
    anchor: str = "",
    color: str = "",
    bold: bool = False,
) -> str:
    """Draw words, escaped. ``faint`` is the opacity, ``anchor`` ``middle`` or ``end``."""
    more = _MONO_ATTRIBUTE if mono else ""
    more += f' text-anchor="{anchor}"' if anchor else ""
    more += f' fill="{color}"' if color else ""
    more += f' fill-opacity="{num(faint)}"' if faint < 1 else ""
    more += ' font-weight="600"' if bold else ""
    more += f' font-size="{num(size)}"' if size != 12 else ""
    return f'<text x="{num(x)}" y="{num(y)}"{more}>{esc(words)}</text>'


def bar(x: float, y: float, width: float, height: float, state: State, key: str, radius: float = 2.5) -> str:
    """Draw a stretch of time in the look of ``state``. ``key`` is the picture's, for its patterns."""
    look = LOOKS[state]
    width = max(width, 1.5)
    box = f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" rx="{num(radius)}"'
    if look.texture == "solid":
        return f'{box} fill="{look.color}"/>'
    if look.texture == "hatched":
        fill = f"url(#{hatch(state, key)}) {look.color}"
        return f'{box} fill="{fill}" stroke="{look.color}" stroke-opacity=".8" stroke-width=".8"/>'
    if look.texture == "faint":
        return f'{box} fill="{look.color}" fill-opacity=".35"/>'
    dashes = ' stroke-dasharray="2 2"' if look.texture == "dotted" else ""
    return f'{box} fill="{look.color}" fill-opacity=".1" stroke="{look.color}" stroke-width=".8"{dashes}/>'


def hatch(state: State, key: str) -> str:
    """The id of the pattern of a hatched state in the picture ``key``."""
    return f"{key}-{state}"


def role_mark(role: str, x: float, y: float, *, size: float = 11, faint: float = 0.7) -> str:
    """Draw the mark of a role; ``y`` is the base line of the words beside it."""
    place = f'transform="translate({num(x)} {num(y - size + 1.5)})scale({size / 12:.2f})"'
    look = f'fill="none" stroke="currentColor" stroke-width="1.3" stroke-opacity="{num(faint)}"'
    return f'<path d="{ROLES[role].path}" {place} {look}/>'


def patterns(key: str, body: str) -> str:
    """Define the patterns that ``body`` uses. Their ids carry the picture's key, for pages with many pictures."""
    out = []
    for state, look in LOOKS.items():
        if look.texture == "hatched" and f"#{hatch(state, key)})" in body:
            out.append(
                f'<pattern id="{hatch(state, key)}" width="5" height="5" patternUnits="userSpaceOnUse"'
                f' patternTransform="rotate(45)"><rect width="5" height="5" fill="{look.color}" fill-opacity=".18"/>'
                f'<rect width="1.8" height="5" fill="{look.color}" fill-opacity=".85"/></pattern>'
            )
    return "".join(out)


def canvas(key: str, width: float, height: float) -> tuple[str, str]:
    """Give the dotted ground of a graph, and what it and its lines need defined: the dots and an arrow."""
    ground = f'<rect width="{num(width)}" height="{num(height)}" fill="url(#{key}-dots)"/>'
    dots = (
        f'<pattern id="{key}-dots" width="12" height="12" patternUnits="userSpaceOnUse">'
        '<circle cx="2" cy="2" r=".8" fill="currentColor" fill-opacity=".16"/></pattern>'
    )
    return ground, dots + arrow(f"{key}-arrow")


def arrow(name: str, color: str = "currentColor") -> str:
    """Define the point of a line."""
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9"'
        f' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="{color}"/></marker>'
    )


def pointed(line: Sequence[Sequence[float]]) -> str:
    """Write a path with rounded corners that ends a little before its end, where the tip of an arrow comes."""
    points = [(float(x), float(y)) for x, y in line]
    (x0, y0), (x1, y1) = points[-2:]
    points[-1] = (x1 - 2 * ((x1 > x0) - (x1 < x0)), y1 - 2 * ((y1 > y0) - (y1 < y0)))
    return rounded(points)


def rounded(points: Sequence[tuple[float, float]], radius: float = 6) -> str:
    """Write a path along ``points`` with its corners taken off."""
    path = f"M{num(points[0][0])} {num(points[0][1])}"
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x1 - x0) + abs(y1 - y0), abs(x2 - x1) + abs(y2 - y1)
        r = min(radius, before / 2, after / 2)
        ax, ay = x1 - (x1 - x0) / before * r, y1 - (y1 - y0) / before * r
        bx, by = x1 + (x2 - x1) / after * r, y1 + (y2 - y1) / after * r
        path += f"L{num(ax)} {num(ay)}Q{num(x1)} {num(y1)} {num(bx)} {num(by)}"
    return path + f"L{num(points[-1][0])} {num(points[-1][1])}"


def document(width: float, height: float, body: str, label: str, *, defs: str = "", inline: bool = False) -> str:
    """Wrap a picture.

    Args:
        width: pixels.
        height: pixels.
        body: the drawing.
        label: what a screen reader says.
        defs: definitions, such as :func:`patterns`.
        inline: to stand in an HTML page, in the page's colours, rather than alone.
    """
    size = f'width="{num(width)}" height="{num(height)}" viewBox="0 0 {num(width)} {num(height)}"'
    color = "" if inline else ' color="#1f2328"'
    ground = "" if inline else '<rect class="ground" width="100%" height="100%" rx="6" fill="#fff"/>'
    if not inline:
        body = body.replace(_MONO_ATTRIBUTE, ' class="m"')  # a document of its own keeps its styles; this is shorter
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{esc(label)}"{color}'
        f' fill="currentColor" font-family="{SANS}" font-size="12">'
        f"{'' if inline else _ALONE}{f'<defs>{defs}</defs>' if defs else ''}{ground}{body}</svg>"
    )


@dataclass(slots=True)
class Drawing:
    """A picture that may stand alone or beside others."""

    width: float
    height: float
    body: str
    defs: str
    label: str

    def document(self, *, inline: bool = False) -> str:
        """The picture alone; see :func:`document`."""
        return document(self.width, self.height, self.body, self.label, defs=self.defs, inline=inline)


def stacked(drawings: Sequence[tuple[str, Drawing]], *, inline: bool = False) -> str:
    """Put pictures beside and below each other, each under a title of its own.

    Args:
        drawings: titles and pictures; at least one.
        inline: to stand in an HTML page, in the page's colours.
    """
    most = max(PAGE, *(one.width for _, one in drawings))
    x, y, tall, width, body = 0.0, 0.0, 0.0, 0.0, ""
    for title, one in drawings:
        if x and x + one.width > most:
            x, y, tall = 0.0, y + tall, 0.0
        body += text(x + 16, y + 24, title, 13, bold=True)
        body += f'<g transform="translate({num(x)} {num(y + 32)})">{one.body}</g>'
        x, tall = x + one.width, max(tall, one.height + 40)
        width = max(width, x)
    label = "; ".join(one.label for _, one in drawings)
    return document(width, y + tall, body, label, defs="".join(one.defs for _, one in drawings), inline=inline)


def as_image(svg: str, label: str) -> str:
    """Turn a picture into an ``<img>``: what GitHub and notebooks that are not trusted show, where they drop SVG."""
    svg = _TITLE.sub("", svg)  # nobody can hover over what stands in an image
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{esc(label)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
