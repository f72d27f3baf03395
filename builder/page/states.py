"""The worst that findings say of each thing on the page."""

from collections.abc import Iterable

from builder.core.findings import Finding
from builder.core.manifests import ResourceId
from builder.core.references import Reference

_RANK = {"": 0, "note": 1, "warning": 2, "error": 3}
_WORDS = {
    "outside-reference": "outside",
    "floating-tag": "floating tag",
    "test-hook-reference": "tests only",
    "allowed-reference": "allowed",
    "runtime-image": "known at run time",
    "unreadable-image": "no image name",
}


class States:
    """Severities by what findings are about: ``error``, ``warning``, ``note``, or nothing."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._about: dict[tuple[str, str], list[Finding]] = {}
        self._subjects: dict[str, str] = {}
        self._places: dict[str, str] = {}
        for finding in findings:
            place = finding.place.rpartition(" (")[0] or finding.place
            self._about.setdefault((finding.subject, place), []).append(finding)
            _raise(self._subjects, finding.subject, finding.severity)
            _raise(self._places, place.partition(" ")[0], finding.severity)

    def of_reference(self, reference: Reference) -> str:
        """Return the worst that is said of a reference at its place."""
        found = self._about.get((reference.shown, str(reference)), ())
        return max((f.severity for f in found), key=_RANK.__getitem__, default="")

    def of_subject(self, subject: str) -> str:
        """Return the worst that is said of an image, a chart or a URL, wherever it stands."""
        return self._subjects.get(subject, "")

    def of_resource(self, resource: ResourceId) -> str:
        """Return the worst that is said of a place in a resource: notes do not count."""
        state = self._places.get(str(resource), "")
        return "" if state == "note" else state

    def word(self, reference: Reference, *, outside: bool) -> str:
        """Say in a word or two what is the matter with a reference."""
        found = self._about.get((reference.shown, str(reference)), ())
        words = dict.fromkeys(_WORDS[f.code] for f in found if f.code in _WORDS)
        return ", ".join(words) or ("outside" if outside else "")


def _raise(known: dict[str, str], key: str, severity: str) -> None:
    if _RANK[severity] > _RANK[known.get(key, "")]:
        known[key] = severity
