"""The certificates that an environment names: read, checked, held against what trusts them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from builder.core.base import CertificateValues
from builder.core.certificates import Certificate, Checked, check, missing
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested import NestedChart
from builder.core.text import count
from builder.files import read_bytes, shown
from builder.workspace import Overlay, settings_files

_NAMED = "certificates"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trusted:
    """The certificates to trust, and what is to be said of all that were named.

    ``inherited`` are those of the environment that is extended, as its patches may have set them.
    """

    certificates: tuple[Certificate, ...] = ()
    inherited: tuple[Certificate, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def gone(self) -> frozenset[str]:
        """The fingerprints of those that an extended environment trusts, and this one does not."""
        own = {one.fingerprint for one in self.certificates}
        return frozenset(one.fingerprint for one in self.inherited) - own


def load(overlay: Overlay, now: datetime | None = None) -> Trusted:
    """Read the certificates of an environment, and of those that it extends.

    ``now`` is the time to check them for, the clock's when left out. What has expired is left out,
    and is an error: no environment ships with it, so no byte of a bundle depends on the clock.
    Raises ConfigurationError for a file that is missing, or outside of the repository.
    """
    if not overlay.environment.certificates and not overlay.environment.extends:
        return Trusted()
    now = now or datetime.now(UTC)
    files = [(shown(path, overlay.root), value) for path, value in settings_files(overlay)]
    naming = next((source for source, entry in files if _NAMED in entry), None)
    if naming is None:
        return Trusted()
    found = _checked(overlay, overlay.environment.certificates, naming, now)
    inherited: dict[str, Certificate] = {}
    for source, entry in files[1:]:
        listed = entry.get(_NAMED)
        named = map(str, listed if isinstance(listed, list) else ())
        with suppress(ConfigurationError):  # it was put there once; that is all that counts here
            known = _checked(overlay, named, source, now).known
            inherited |= {one.fingerprint: one for one in known}
    return Trusted(
        certificates=found.good, inherited=tuple(inherited.values()), findings=found.findings
    )


def _checked(overlay: Overlay, paths: Iterable[str], source: str, now: datetime) -> Checked:
    root, named_in = overlay.root, f"{source} {_NAMED}"
    return check([(p, read_bytes(root / p, root, named_in=named_in)) for p in paths], now)


def findings(
    overlay: Overlay,
    manifests: Manifests,
    nested: Iterable[tuple[NestedChart, Sequence[Resource]]],
) -> Iterator[Finding]:
    """Yield what is wrong with the certificates, and what does not trust them although it has to.

    ``manifests`` are all that stands in Git, ``nested`` the charts that controllers render, with
    what they make.
    """
    trusted = load(overlay)
    yield from trusted.findings
    certificates, base = trusted.certificates, overlay.base.base
    hint = f"run `sealift airgap {overlay.name}`, which sets them, or says why it cannot"
    for chart, resources in nested:
        rule = overlay.base.rule(chart.resource.id)
        if rule is not None and rule.certificates != CertificateValues():
            holders = (*resources, *manifests)
            left = missing(certificates, resources, holders, chart.namespace)
            if left:
                yield not_trusted(chart.title, str(chart.resource.id), left, hint)
    for wanted in base.certificates if len(manifests) else ():
        left = missing(certificates, manifests, manifests)
        if left:
            yield not_trusted(wanted.chart, "the resources in Git", left, hint)
    rules = (rule.certificates for rule in base.nested_charts)
    if certificates and not base.certificates and all(r == CertificateValues() for r in rules):
        yield Finding(
            code="certificate-unused",
            severity="warning",
            subject="certificates",
            place=f"{shown(overlay.folder, overlay.root)}/environment.yaml certificates",
            cause="the base names no chart that takes certificates, so nothing trusts them",
            hint="say in base.yaml which value of which chart takes them: certificates",
        )


def not_trusted(
    chart: str, place: str, left: Sequence[Certificate], hint: str, cause: str = ""
) -> Finding:
    """Say that Pods of a chart do not have certificates among their files."""
    subjects = ", ".join(one.subject for one in left)
    return Finding(
        code="certificate-not-trusted",
        subject=chart,
        place=place,
        cause=f"no Pod has {count(len(left), 'certificate')} among its files: {subjects}"
        + (f"; {cause}" if cause else ""),
        hint=hint,
    )
