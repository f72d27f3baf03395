"""What `sealift lock` and `sealift mirror` print."""

import json
from typing import Any

from builder import log
from builder.core.images_lock import ImagesLock
from builder.core.text import count, table
from builder.mirror.plan import Plan
from builder.mirror.run import Outcome
from builder.progress import Progress

_STATES = {
    "copy": "to copy",
    "present": "is there",
    "replace": "is another there",
    "stays": "stays where it is",
    "unsourced": "missing, source unknown",
    "unasked": "",
}
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


def plan_table(plan: Plan) -> str:
    """Write a plan for people: each image and chart, then what it comes to."""
    rows = [
        (
            step.image.source or "unknown",
            step.image.image,
            size(step.image.size),
            _STATES[step.state],
        )
        for step in plan.images
    ]
    rows += [
        (
            f"chart {step.chart.name}-{step.chart.version}",
            step.target,
            size(step.size),
            _STATES[step.state],
        )
        for step in plan.charts
    ]
    todo = [s for s in plan.images if s.state in ("copy", "replace", "unasked")]
    charts = [s for s in plan.charts if s.state in ("copy", "replace", "unasked")]
    total = "nothing to copy"
    if todo or charts:
        most = size(sum(s.image.size for s in todo) + sum(s.size for s in charts))
        counts = [count(len(todo), "image")] + ([count(len(charts), "chart")] if charts else [])
        total = f"{', '.join(counts)} to copy, at most {most}"
    head = ("FROM", "TO", "SIZE", "STATE")
    return f"{table(head, rows)}\n\n{total}"


def plan_json(plan: Plan) -> str:
    """Write a plan as JSON; sizes are in bytes."""
    images = [
        {
            "source": step.image.source,
            "image": step.image.image,
            "digest": step.image.digest,
            "mediaType": step.image.media_type,
            "size": step.image.size,
            "platforms": [p.platform for p in step.image.platforms],
            "state": step.state,
            **({"found": step.found} if step.found else {}),
        }
        for step in plan.images
    ]
    charts = [
        {
            "name": step.chart.name,
            "version": step.chart.version,
            "sha256": step.chart.sha256,
            "size": step.size,
            "target": step.target,
            "state": step.state,
        }
        for step in plan.charts
    ]
    value: dict[str, Any] = {"images": images, "charts": charts}
    return json.dumps(value, indent=2, ensure_ascii=False)


def outcome_text(outcome: Outcome) -> str:
    """Write what a copy came to."""
    done = [count(len(outcome.copied), "image")]
    done += [count(len(outcome.charts), "chart")] if outcome.charts else []
    total = sum(copied.size for copied in outcome.copied)
    lines = [f"copied: {', '.join(done)}, {size(total)}; {outcome.present} were there already"]
    failed = len({f.subject for f in outcome.findings})
    return "\n".join(lines + ([f"failed: {failed}, see above"] if failed else []))


class Copying(Progress):
    """Says how a copy goes on, by its bytes, and which images are there.

    Leaving the ``with`` by an error makes all that copies break off.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what, unit=size)
        self._stopped = False

    def __exit__(self, *failed: object) -> None:
        self._stopped = any(failed)
        super().__exit__(*failed)

    def stop(self) -> None:
        """Make all that copies break off."""
        self._stopped = True

    def planned(self, size: int) -> None:
        """Take in how many bytes are to be copied, at most."""
        self.total = size

    def advanced(self, size: int) -> None:
        """Take in that so many bytes are dealt with."""
        if self._stopped:
            raise KeyboardInterrupt
        self.step(count=size)

    def finished(self, image: str, copied: int) -> None:
        """Take in that an image is there."""
        log.say("info", "copied", f"{image}  {size(copied)}", image=image, size=copied)
