"""Hosts: which of them lie inside the network."""

import ipaddress
import re
from collections.abc import Collection

_CLUSTER = (".svc", ".local", ".localhost", ".internal")
_VARIABLE = re.compile(
    r"\$\([^)]*\)|\$\{[^}]*\}|\{\{.*?\}\}|^\$\w+|<[^>]*>|%\([^)]*\)\w?|%\{[^}]*\}|\$\(|\$\{|\{\{"
)
_DOMAIN = re.compile(r"(?:\.[a-z0-9-]+)+\.[a-z]{2,}\.?(?::[^:]*)?", re.IGNORECASE)
_SSH = re.compile(r"[^/@:]+@([^/:]+):")


def of_url(url: str) -> str:
    """Return host and port of a URL, without credentials; empty when it names none.

    ``git@host:path``, as git takes it, counts as a URL too.
    """
    ssh = _SSH.match(url) if "://" not in url else None
    if ssh:
        return ssh[1]
    rest = url.split("://", 1)[-1]
    authority = re.match(rf"(?:{_VARIABLE.pattern}|[^/?#])*", rest)  # a variable may hold a slash
    return authority[0].rpartition("@")[2] if authority else ""


def without_port(host: str) -> str:
    """Cut a port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def is_variable(host: str) -> bool:
    """Tell whether the host is only known at run time, from a variable.

    It is known when a domain stands behind the variable: ``${BUCKET}.s3.amazonaws.com``.
    """
    ends = [match.end() for match in _VARIABLE.finditer(host)]
    return any(ends) and _DOMAIN.fullmatch(host, ends[-1]) is None


def is_inside(host: str, allowed: Collection[str]) -> bool:
    """Tell whether ``host`` (with or without a port) lies inside the network.

    Inside are the allowed hosts (``*.example.com`` means every host below; without a port, any
    port), names without a dot and cluster names, which only the cluster's own DNS can answer, and
    addresses that are not routed on the internet.
    """
    if "," in host:  # several servers of one cluster
        return all(is_inside(one, allowed) for one in host.split(","))
    name = without_port(host).lower().rstrip(".")
    if not name or ("." not in name and ":" not in name) or name.endswith(_CLUSTER):
        return True
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(name)
        address = getattr(address, "ipv4_mapped", None) or address
    except ValueError:
        pass
    else:
        return not address.is_global or _listed(host.lower(), name, allowed)
    return _listed(host.lower(), name, allowed)


def _listed(host: str, name: str, allowed: Collection[str]) -> bool:
    for entry in (a.lower() for a in allowed):
        subject = host if ":" in entry else name
        if subject == entry or (entry.startswith("*.") and subject.endswith(entry[1:])):
            return True
    return False
