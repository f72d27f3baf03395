"""A certificate that is to be trusted, and what a look at the environment's files came to."""

from dataclasses import dataclass

from builder.core.findings import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """One certificate: its PEM form, written alike whatever the file had, and where it stands."""

    pem: str
    subject: str
    place: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """The certificates of some files, in order.

    ``good`` are those to use; ``known`` are all that could be read, whatever speaks against them.
    """

    good: tuple[Certificate, ...] = ()
    known: tuple[Certificate, ...] = ()
    findings: tuple[Finding, ...] = ()
