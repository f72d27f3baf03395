"""Findings of the guard: each credential with its place and file, never its value."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from builder.core import mirror, unmatched
from builder.core.credentials import is_placeholder
from builder.core.environment import CredentialAllowance
from builder.core.findings import Finding
from builder.core.guard.model import Suspect
from builder.core.manifests import Resource
from builder.core.pointer import pointer, tokens

_CODE = "plaintext-credential"
_FILE = re.compile(r"^(.*?):\d+(?: \(operation \d+\))?$")
# Shorter texts are found in any file, and are equal by chance.
_TELLING = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipped:
    """A suspect in what ships: in a resource, or in another file of the bundle."""

    suspect: Suspect
    resource: Resource | None = None
    file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A suspect in a file of the sources.

    ``owner`` is the resource that it is for, as ``Kind/name``, where that is known; ``remains``
    tells that no patch can take it out: it stands in settings of the environment, or the base.
    """

    suspect: Suspect
    file: str
    owner: str = ""
    remains: bool = False

    @property
    def place(self) -> str:
        """The file, and what is known of the place in it."""
        at = pointer(self.suspect.path)
        return " ".join(filter(None, (self.file, self.owner, at, self.suspect.within)))


def judge(
    shipped: Sequence[Shipped],
    written: Sequence[Written],
    texts: Mapping[str, str],
    allowances: Sequence[CredentialAllowance],
    environment: str,
) -> list[Finding]:
    """Return the findings: what ships in the open, and what stands in the sources beside that.

    ``texts`` are the files of the sources. An allowed one is a note, an allowance that nothing
    needs a warning.
    """
    found = [_of_shipped(one, written, texts, environment) for one in _once(shipped)]
    found += (_of_written(one) for one in written if _stands_alone(one, shipped))
    places = [place for finding in found for place in _names(finding)]
    return [
        *(_allowed(finding, allowances) or finding for finding in dict.fromkeys(found)),
        *unmatched.credentials(allowances, places),
    ]


def _once(shipped: Iterable[Shipped]) -> Iterator[Shipped]:
    """Leave out what other files of the bundle repeat: the resource's place says it."""
    listed = list(shipped)
    known = {one.suspect.value for one in listed if one.resource is not None}
    yield from (one for one in listed if one.resource or one.suspect.value not in known)


def _of_shipped(
    one: Shipped, written: Sequence[Written], texts: Mapping[str, str], environment: str
) -> Finding:
    suspect = one.suspect
    owner = str(one.resource.id) if one.resource else one.file
    place = " ".join(filter(None, (owner, pointer(suspect.path), suspect.within)))
    file = _file(one.resource, suspect, written, texts) if one.resource else ""
    return Finding(
        code=_CODE,
        subject=suspect.name or suspect.looks or "text",
        place=f"{place} ({file})" if file else place,
        cause=_cause(suspect),
        hint=_hint(suspect, environment),
    )


def _of_written(one: Written) -> Finding:
    suspect = one.suspect
    if one.remains:
        return Finding(
            code=_CODE,
            subject=suspect.name or suspect.looks or "text",
            place=one.place,
            cause=_cause(suspect),
            hint="take it out: settings name no credentials, the environment of a process does",
        )
    return Finding(
        code="credential-in-source",
        severity="warning",
        subject=suspect.name or suspect.looks or "text",
        place=one.place,
        cause="does not ship, but stands in a file that is committed to Git",
        hint="take it out there, and change it where it was used: Git's history keeps it",
    )


def _cause(suspect: Suspect) -> str:
    if suspect.form == "content":
        return "a Secret whose content would be committed to Git"
    said = {
        "declared": "a credential in the open",
        "named": "named as a credential, and in the open",
        "shape": f"looks like {suspect.looks}, in the open",
        "random": "looks random, as keys and passwords do, and is in the open",
    }[suspect.form]
    return f"{said}, in a file that is committed to Git"


_ALLOW = "or, if it is none, add its place to environment.yaml allowCredentials: with a reason"


def _hint(suspect: Suspect, environment: str) -> str:
    if suspect.form == "content":
        return (
            "create the Secret in the cluster, or let a SealedSecret, an ExternalSecret or SOPS "
            "bring it, and leave it out of the bundle"
        )
    if suspect.form == "declared":
        return f"run `sealift secrets {environment} --write`: the resource refers to a Secret then"
    return f"refer to a Secret instead, {_ALLOW}"


def _file(
    resource: Resource, suspect: Suspect, written: Sequence[Written], texts: Mapping[str, str]
) -> str:
    """Return the file in Git that a resource's suspect comes from, as far as that can be told."""
    for operation in reversed(resource.origin.patches):
        at = tokens(operation.path)
        if suspect.path[: len(at)] == at and (match := _FILE.match(operation.place)):
            return match[1]
    owner = f"{resource.id.kind}/{resource.id.name}"
    same = [one for one in written if one.suspect.value == suspect.value]
    theirs = [one for one in same if one.owner == owner and one.suspect.path == suspect.path]
    alike = [one for one in same if _is_alike(one.suspect, suspect)]
    for found in (theirs, alike):
        if found:
            return found[-1].file
    holding = (file for file, text in texts.items() if suspect.value.strip() in text)
    known = next(holding, "") if len(suspect.value) >= _TELLING else ""
    return known or resource.origin.source


def _is_alike(one: Suspect, other: Suspect) -> bool:
    """Tell whether two suspects are of one credential: equal, and not by chance."""
    if one.value != other.value:
        return one.form == "shape" and one.value in other.value
    return one.path[-1:] == other.path[-1:] or len(one.value) >= _TELLING


def _stands_alone(one: Written, shipped: Sequence[Shipped]) -> bool:
    """Tell whether nothing that ships says already what is to be said of a file."""
    if is_placeholder(one.suspect.value):
        return False
    return not any(_is_alike(one.suspect, other.suspect) for other in shipped)


def _names(finding: Finding) -> Iterator[str]:
    """Yield the place of a finding, and the place without the file that is named behind it."""
    yield finding.place
    bare, sign, _ = finding.place.rpartition(" (")
    if sign:
        yield bare


def _allowed(finding: Finding, allowances: Iterable[CredentialAllowance]) -> Finding | None:
    for allowance in allowances:
        if any(mirror.matches(allowance.place, name) for name in _names(finding)):
            return Finding(
                code="allowed-credential",
                severity="note",
                subject=finding.subject,
                place=finding.place,
                cause=f"allowed: {allowance.reason}",
                hint="nothing to do",
            )
    return None
