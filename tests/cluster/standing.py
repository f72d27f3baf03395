"""How a cluster stands: what somebody wants to know who reads of a test that failed."""

from collections.abc import Callable

from tests.cluster.api import ApiError, Object
from tests.cluster.chain import Chain

_EVENTS = 15


def describe(chain: Chain) -> str:
    """Programs, engine, platform, what is not ready, the last warnings: a line each."""
    parts: list[Callable[[Chain], list[str]]] = [_programs, _engine, _pods, _warnings]
    lines: list[str] = []
    for part in parts:
        try:
            lines += part(chain)
        except (ApiError, LookupError, AssertionError) as error:
            lines.append(f"{part.__name__.strip('_')}: cannot be told: {error!r}")
    return "\n".join(lines)


def _programs(chain: Chain) -> list[str]:
    forge = chain.desk.site.forge.process
    found = [*chain.server.processes, *chain.engine.processes, chain.operator]
    return [
        f"{process.name}: {'runs' if process.alive else 'DOES NOT RUN'}, log {process.log}"
        for process in [*found, *([forge] if forge else [])]
    ]


def _engine(chain: Chain) -> list[str]:
    head = chain.desk.head
    return [f"head of the branch: {head}", *(chain.unfinished(head) or ["all of it is applied"])]


def _pods(chain: Chain) -> list[str]:
    return [
        f"Pod {_name(body)}: {(body.get('status') or {}).get('phase')}"
        for body in chain.api.list("v1", "Pod")
        if (body.get("status") or {}).get("phase") not in ("Running", "Succeeded")
    ]


def _warnings(chain: Chain) -> list[str]:
    found = [event for event in chain.api.list("v1", "Event") if event.get("type") == "Warning"]
    found.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime")))
    return [
        f"{event['involvedObject'].get('kind')} {event['involvedObject'].get('name')}: "
        f"{event.get('reason')}: {event.get('message')}"
        for event in found[-_EVENTS:]
    ]


def _name(body: Object) -> str:
    return f"{body['metadata'].get('namespace', '')}/{body['metadata']['name']}"
