"""The resources that bring Secrets into the cluster, and what one that stands there holds."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from builder.core.environment import Secrets, SecretStore
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding
from builder.core.manifests import Body, Resource
from builder.core.pointer import get, mapping, mappings
from builder.core.secrets.model import WantedSecret

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_KEY = "{key}"
_DATA = ("data", "stringData")
_MARK = re.compile(r"^# certificate: (sha256:[0-9a-f]{64})$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """Where one key of a Secret is in a store; ``property`` is empty where it stands by itself."""

    key: str
    remote: str
    property: str


def remotes(wanted: WantedSecret, settings: Secrets, environment: str) -> list[Remote]:
    """Return where the keys of a Secret are in the store. Raises ConfigurationError."""
    values = {"environment": environment, "namespace": wanted.namespace, "secret": wanted.name}
    return [
        Remote(
            key=key,
            remote=_filled(settings.key, {**values, "key": key}),
            property="" if _KEY in settings.key else key,
        )
        for key in wanted.keys
    ]


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name in _PLACEHOLDER.findall(template):
        if name not in values:
            raise ConfigurationError(
                f"{{{name}}} stands for nothing",
                where="environment.yaml secrets.key",
                hint=f"use {', '.join(f'{{{known}}}' for known in values)}",
            )
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def external(wanted: WantedSecret, store: SecretStore, settings: Secrets, environment: str) -> Body:
    """Return the ExternalSecret that makes a Secret (external-secrets.io/latest/api)."""
    data = [
        {
            "secretKey": one.key,
            "remoteRef": {"key": one.remote} | ({"property": one.property} if one.property else {}),
        }
        for one in remotes(wanted, settings, environment)
    ]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": wanted.name, "namespace": wanted.namespace},
        "spec": {
            **({"refreshInterval": settings.refresh} if settings.refresh else {}),
            "secretStoreRef": {"name": store.name, "kind": store.kind},
            "target": {"name": wanted.name},
            "data": data,
        },
    }


def plain(wanted: WantedSecret) -> dict[str, Any]:
    """Return the Secret itself: for a program's standard input, never for a file."""
    data = {key: base64.b64encode(wanted.values[key].encode()).decode() for key in wanted.keys}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": wanted.name, "namespace": wanted.namespace},
        "type": "Opaque",
        "data": data,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Encrypted:
    """An encrypted Secret: its keys, and for whom it is encrypted.

    ``recipients`` are those of SOPS; for a SealedSecret the certificate's digest.
    """

    namespace: str
    name: str
    keys: tuple[str, ...]
    recipients: frozenset[str]

    def holds(self, wanted: WantedSecret) -> bool:
        """Tell whether it has the name and all keys of a Secret, and no other."""
        place = (self.namespace, self.name) == (wanted.namespace, wanted.name)
        return place and self.keys == wanted.keys


def encrypted(body: Any, text: str) -> Encrypted | None:
    """Read an encrypted Secret from its body and the text of its file; None when it is none."""
    if not isinstance(body, Mapping):
        return None
    if is_sops(body):
        at: tuple[str, ...] = ("data",) if body.get("data") else ("stringData",)
        recipients = [str(one.get("recipient")) for one in mappings(body, ("sops", "age"))]
    elif body.get("kind") == "SealedSecret":
        at = ("spec", "encryptedData")
        recipients = _MARK.findall(text)
    else:
        return None
    return Encrypted(
        namespace=str(get(body, ("metadata", "namespace")) or ""),
        name=str(get(body, ("metadata", "name")) or ""),
        keys=tuple(sorted(mapping(body, at))),
        recipients=frozenset(recipients),
    )


def cleaned(body: Any) -> Any:
    """Return an encrypted Secret without its time of creation, which is null."""
    if isinstance(body, Mapping):
        return {k: cleaned(v) for k, v in body.items() if (k, v) != ("creationTimestamp", None)}
    return body


def is_concealed(body: Body) -> bool:
    """Tell whether every value of a Secret is encrypted, as its program writes it.

    For SOPS, the MAC has to leave out what is not encrypted: annotations may come in addition.
    """
    if is_sops(body):
        found = [v for at in _DATA for v in mapping(body, (at,)).values()]
        whole = get(body, ("sops", "mac_only_encrypted")) is True
        return whole and all(str(value).startswith("ENC[") for value in found)
    inner = (body, mapping(body, ("spec",)), mapping(body, ("spec", "template")))
    return not any(at in place for at in _DATA for place in inner)


def mark(digest: str) -> str:
    """Return the line that tells for which certificate a SealedSecret was made."""
    return f"# certificate: {digest}\n"


def is_sops(body: Body) -> bool:
    """Tell whether SOPS has encrypted a Secret, as Flux tells it: by the key beside its data."""
    return body.get("kind") == "Secret" and isinstance(body.get("sops"), Mapping)


def undecrypted(resources: Iterable[Resource], engine: str | None) -> list[Finding]:
    """Return a Finding for each Secret that would be applied as it is encrypted: not by Flux."""
    if engine == "flux":
        return []
    return [
        not_decrypted(str(resource.id), resource.origin.source, engine)
        for resource in resources
        if is_sops(resource.body)
    ]


def not_decrypted(secret: str, source: str, engine: str | None) -> Finding:
    """Say that Argo CD, or whoever applies the bundle, decrypts no Secret of SOPS."""
    if engine is None:
        return Finding(
            code="not-decrypted",
            severity="warning",
            subject=secret,
            place=source,
            cause="environment.yaml names no engine that decrypts it: kubectl and Argo CD do not, "
            "and the cluster refuses it, or gets the encrypted texts",
            hint="name Flux, which decrypts it: sync: {engine: flux}; or choose another "
            "secrets.form: external-secret or sealed-secret",
        )
    return Finding(
        code="not-decrypted",
        subject=secret,
        place=source,
        cause="Argo CD decrypts nothing: the Secret in the cluster would hold the encrypted texts",
        hint="choose another secrets.form in environment.yaml: external-secret or sealed-secret",
    )
