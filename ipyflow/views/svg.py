"""The alphabet of the static pictures: escaping, numbers, bars, patterns, the document around them.

All looks are presentation attributes in mid-tones and ``currentColor``, so a picture that stands in a page takes the
page's text colour and survives a sanitiser that removes styles. As a document of its own it brings a ground and a
text colour, light or dark as the reader's system asks for.
"""

from __future__ import annotations

import base64
import re
from html import escape as _escape

from ipyflow.model.status import State
from ipyflow.views.palette import LOOKS, ROLES
from ipyflow.views.words import shown

MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"
SANS = "system-ui,-apple-system,Segoe UI,Helvetica,Arial,DejaVu Sans,sans-serif"
MONO_LETTER = 0.605
"""Width of a letter of :data:`MONO` for each pixel of its size."""
SANS_LETTER = 0.6

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


def as_image(svg: str, label: str) -> str:
    """Turn a picture into an ``<img>``: what GitHub and notebooks that are not trusted show, where they drop SVG."""
    svg = _TITLE.sub("", svg)  # nobody can hover over what stands in an image
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{esc(label)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
