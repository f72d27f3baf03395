"""Hosts: which of them lie inside the network."""

import ipaddress
import re
from collections.abc import Collection

_CLUSTER = (".svc", ".local", ".localhost", ".internal")
_VARIABLE = re.compile(r"\$\(|\$\{|\{\{|^\$|<[^>]*>|%[({]")


def of_url(url: str) -> str:
    """Return host and port of a URL, without credentials; empty when it names none."""
    rest = url.split("://", 1)[-1]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if _VARIABLE.search(authority):
        authority = rest  # a variable may itself hold a slash
    return authority.rpartition("@")[2]


def without_port(host: str) -> str:
    """Cut a port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def is_variable(host: str) -> bool:
    """Tell whether the host is only known at run time, from a variable."""
    return _VARIABLE.search(host) is not None


def is_inside(host: str, allowed: Collection[str]) -> bool:
    """Tell whether ``host`` (with or without a port) lies inside the network.

    Inside are the allowed hosts (``*.example.com`` means every host below; without a port, any
    port), names without a dot and cluster names, which only the cluster's own DNS can answer, and
    addresses that are not routed on the internet.
    """
    name = without_port(host).lower().rstrip(".")
    if not name or ("." not in name and ":" not in name) or name.endswith(_CLUSTER):
        return True
    try:
        address = ipaddress.ip_address(name)
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
