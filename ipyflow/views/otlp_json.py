"""Spans of the OpenTelemetry SDK as OTLP in JSON: what collectors, Jaeger and Grafana read from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link


def otlp_json(spans: Sequence[ReadableSpan]) -> str:
    """Write spans of one resource and scope, on one line.

    Ids are in hexadecimal and 64-bit numbers are strings, as OTLP's JSON has it.

    Args:
        spans: one or more.
    """
    first = spans[0]
    resource = json.dumps({"attributes": _attributes(first.resource.attributes)})
    scope = json.dumps({"name": first.instrumentation_scope.name if first.instrumentation_scope else ""})
    # One after the other: all of a large run as dicts would take ten times the room.
    written = ",".join([json.dumps(_span(span), separators=(",", ":")) for span in spans])
    of_scope = f'"scopeSpans":[{{"scope":{scope},"spans":[{written}]}}]'
    return f'{{"resourceSpans":[{{"resource":{resource},{of_scope}}}]}}\n'


def _span(span: ReadableSpan) -> dict[str, Any]:
    context = span.get_span_context()
    assert context is not None
    out: dict[str, Any] = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _attributes(span.attributes or {}),
        "events": [_event(event) for event in span.events],
        "links": [_link(link) for link in span.links],
        "status": {"code": span.status.status_code.value},
    }
    if span.parent is not None:
        out["parentSpanId"] = f"{span.parent.span_id:016x}"
    if span.status.description:
        out["status"]["message"] = span.status.description
    return out


def _event(event: Event) -> dict[str, Any]:
    return {
        "timeUnixNano": str(event.timestamp),
        "name": event.name,
        "attributes": _attributes(event.attributes or {}),
    }


def _link(link: Link) -> dict[str, Any]:
    return {"traceId": f"{link.context.trace_id:032x}", "spanId": f"{link.context.span_id:016x}"}


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": str(value)}
