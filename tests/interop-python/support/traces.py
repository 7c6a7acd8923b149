"""Reads spans back through the server's own query API."""

import json
import urllib.request
from dataclasses import dataclass

from .client import PATIENCE, until


@dataclass
class Span:
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    service: str
    start: int
    tags: dict

    @property
    def line(self):
        return f"{self.service} {self.name}: {self.kind}"


def spans(server, flush=True):
    """Every span that the server holds; with `flush`, after it has handed over what has ended."""
    if flush:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/flush", method="POST"), timeout=PATIENCE).close()
    with urllib.request.urlopen(f"{server.url}/jaeger/api/traces?limit=1500&lookback=1h", timeout=PATIENCE) as answer:
        traces = json.load(answer)["data"]
    return [_span(trace, span) for trace in traces for span in trace["spans"]]


def _span(trace, span):
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    parents = [reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF"]
    return Span(
        trace_id=trace["traceID"],
        span_id=span["spanID"],
        parent_id=parents[0] if parents else None,
        name=span["operationName"],
        kind=str(tags.get("span.kind", "internal")),
        service=trace["processes"][span["processID"]]["serviceName"],
        start=span["startTime"],
        tags=tags,
    )


def eventually(server, check, flush=True):
    """Reads spans until `check` asserts nothing. A handler's span ends a little after its answer."""
    return until(lambda: check(spans(server, flush)))


def one(found, name):
    """The only span of that name."""
    named = [span for span in found if span.name == name]
    assert len(named) == 1, f"{len(named)} spans are called {name}: {[span.name for span in found]}"
    return named[0]


def tree(found, trace_id):
    """A trace, one line for each span, indented below its parent. A span whose parent is missing says so."""
    chosen = sorted((span for span in found if span.trace_id == trace_id), key=lambda span: span.start)
    known = {span.span_id for span in chosen}

    def below(span, depth):
        orphan = " (its parent is missing)" if span.parent_id and span.parent_id not in known else ""
        children = [child for child in chosen if child.parent_id == span.span_id]
        # Siblings of equal rank run side by side: their order means nothing.
        blocks = sorted(below(child, depth + 1) for child in children)
        return ["  " * depth + span.line + orphan, *(line for block in blocks for line in block)]

    blocks = sorted(below(span, 0) for span in chosen if span.parent_id not in known)
    return [line for block in blocks for line in block]
