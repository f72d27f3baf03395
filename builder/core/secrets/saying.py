"""What is to be said of credentials that no reference can take the place of, or not alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from builder.core import versions
from builder.core.base import NestedChartRule
from builder.core.environment import CredentialAllowance
from builder.core.findings import Finding
from builder.core.mirror import matches
from builder.core.nested import NestedChart
from builder.core.pointer import pointer
from builder.core.secrets.finding import copies, from_elsewhere, without_rule
from builder.core.secrets.model import Credential, WantedSecret
from builder.core.secrets.proof import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Unproven:
    """A credential whose reference does not do, and why: by a render, or because none came."""

    credential: Credential
    verdict: Verdict | None = None
    message: str = ""


def no_form(chart: NestedChart, base: str, found: Unproven) -> Iterator[Finding]:
    """Yield for each value of a credential that the chart's version cannot do without it."""
    credential = found.credential
    since = credential.rule.since
    if since and versions.older(chart.version, since):
        hint = (
            f"{chart.name} {since} is the first version that takes a Secret here: move to it, or "
            "to a later one"
        )
    else:
        hint = f"look at this rule's reference in base/{base}/base.yaml: this version has another"
    for path in credential.literals or credential.references:
        yield Finding(
            code="no-reference-form",
            subject=credential.rule.name,
            place=f"{chart.resource.id} {pointer(path)}",
            cause=_why(chart, found),
            hint=hint,
        )


def _why(chart: NestedChart, found: Unproven) -> str:
    if found.verdict is None:
        return f"{chart.title} does not render with a reference: {found.message}"
    secret = found.credential.secret
    if found.verdict.missing:
        keys = ", ".join(found.verdict.missing)
        return f"nothing that {chart.title} makes refers to {keys} of a Secret {secret}"
    return (
        f"{chart.title} refers to a Secret, but writes the value itself too, into "
        f"{', '.join(found.verdict.shown)}"
    )


def no_rule(
    chart: NestedChart,
    rule: NestedChartRule | None,
    base: str,
    allowed: Sequence[CredentialAllowance],
) -> Iterator[Finding]:
    """Yield the values that are named as credentials, and that no rule of the base knows."""
    for path in without_rule(chart, rule):
        # As a build names it: what stands in a text has a place in the text.
        text = chart.values_text
        where = f"{pointer(text)} " if text else pointer(chart.values_path or ())
        place = f"{chart.resource.id} {where}{pointer(path)}"
        if any(matches(one.place, place) for one in allowed):
            continue
        yield Finding(
            code="no-credential-rule",
            subject=path[-1],
            place=place,
            cause=f"base/{base}/base.yaml does not say how {chart.name} takes it from a Secret",
            hint="refer to a Secret in its place, where the chart can, and write how under "
            "credentials: in base.yaml; what is no credential goes to allowCredentials:",
        )


def elsewhere(chart: NestedChart, rule: NestedChartRule) -> Iterator[Finding]:
    """Yield the credentials that stand in another source of the chart's values."""
    for own, path in from_elsewhere(chart, rule):
        yield Finding(
            code="credential-elsewhere",
            subject=own.name,
            place=f"{chart.resource.id} {pointer(path)}",
            cause="another source of the chart's values holds it, which no patch of the resource "
            "changes",
            hint="take it out there: a Secret that is merged into the values, for one",
        )


def copied(chart: NestedChart, known: Sequence[Credential]) -> Iterator[Finding]:
    """Yield further places that hold the same text as a credential does."""
    for own in known:
        for path in copies(chart.resource.body, own, known):
            yield Finding(
                code="credential-copied",
                severity="warning",
                subject=own.rule.name,
                place=f"{chart.resource.id} {pointer(path)}",
                cause="the same text stands there as well, and stays",
                hint="refer to the Secret there too, when it is the credential",
            )


def taken(chart: NestedChart, own: Credential) -> Finding:
    """Say that the chart makes a Secret of that name itself, as long as the value stands there."""
    return Finding(
        code="secret-name-taken",
        subject=f"Secret {own.namespace}/{own.secret}",
        place=str(chart.resource.id),
        cause=f"{chart.title} makes a Secret of that name from the value: once it refers to one, "
        "an upgrade of an installation deletes it, whoever has written it since",
        hint=f"give the rule {own.rule.name!r} in base.yaml another name: secret:",
    )


def contested(secret: str, key: str, own: Sequence[Credential]) -> Finding:
    """Say that two credentials share a key of one Secret, and have different values."""
    return Finding(
        code="secret-contested",
        subject=f"Secret {secret}",
        place=" and ".join(dict.fromkeys(f"{one.resource} {one.rule.name}" for one in own)),
        cause=f"its key {key} would have to be different texts at once",
        hint="give the rules in base.yaml Secrets of their own ({name} in secret: is the "
        "resource's), or other keys",
    )


def without_value(secret: WantedSecret, missing: Sequence[str]) -> Finding:
    """Say that a Secret cannot be encrypted, since values for it are nowhere."""
    return Finding(
        code="secret-without-value",
        severity="warning",
        subject=f"Secret {secret}",
        place=f"Secret {secret}, keys {', '.join(missing)}",
        cause="there is no value to encrypt: it stands neither in the sources, where placeholders "
        "do not count, nor in a file that was encrypted before",
        hint="create the Secret in the cluster, or let its values stand in the sources for one run "
        "of `sealift secrets --write`",
    )


def only_copy(secret: str, file: str) -> Finding:
    """Say that an encrypted Secret stays, unlisted: nothing else has its values."""
    return Finding(
        code="encrypted-left",
        severity="warning",
        subject=f"Secret {secret}",
        place=file,
        cause="nothing refers to it as it is any more, and its values stand nowhere else: the file "
        "stays, and is not listed",
        hint="delete it when nobody needs its values; else create the Secret that is wanted now "
        "from them",
    )


def other_recipients(secret: WantedSecret, file: str) -> Finding:
    """Say that a Secret is encrypted for others than those that are wanted now."""
    return Finding(
        code="other-recipients",
        severity="warning",
        subject=f"Secret {secret}",
        place=file,
        cause="it is encrypted for other recipients than secrets.age names, and its values do not "
        "stand in the sources any more",
        hint="who can decrypt it changes them with `sops rotate --in-place --add-age ... --rm-age "
        f"... {file}`",
    )
