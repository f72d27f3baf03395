"""Hosts: which of them lie inside the network."""

import ipaddress
import re
from collections.abc import Collection

from builder.core import variables

_CLUSTER = (".svc", ".local", ".localhost", ".internal")
# A variable may be cut where the URL ends, and documentation writes <host>.
_VARIABLE = re.compile(rf"{variables.PATTERN}|<[^>]{{0,200}}>|\$\(|\$\{{|\{{\{{")
_DOMAIN = re.compile(r"(?:\.[a-z0-9-]+)+\.[a-z]{2,}\.?(?::[^:]*)?", re.IGNORECASE)
_PORT = re.compile(rf":(?:[0-9]|{_VARIABLE.pattern})*$")
_WHOLE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
_NUMBER = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}")
_LOGIN = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/?#\s]*@", re.IGNORECASE)
_SSH = re.compile(r"[^/@:]+@([^/:]+):")


def without_login(url: str) -> str:
    """Return a URL without the name and password in it."""
    return _LOGIN.sub(r"\1***@", url, count=1)


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

    It is known when a domain stands behind the variable: ``${BUCKET}.s3.amazonaws.com``, and when
    the variable stands for the port.
    """
    host = _PORT.sub("", host)
    found = list(_VARIABLE.finditer(host))
    if not found or _DOMAIN.fullmatch(host, found[-1].end()):
        return False
    # What stands before a path in a variable is a whole name: ``https://example.com$(PATH)``.
    before = host[: found[0].start()]
    return found[-1].end() != len(host) or _WHOLE.fullmatch(before) is None


def is_inside(host: str, allowed: Collection[str]) -> bool:
    """Tell whether ``host`` (with or without a port) lies inside the network.

    Inside are the allowed hosts (``*.example.com`` means every host below; without a port, any
    port), names without a dot and cluster names, which only the cluster's own DNS can answer, and
    addresses that are not routed on the internet.
    """
    host = _before_variable(host)
    if "," in host:  # several servers of one cluster
        return all(is_inside(one, allowed) for one in host.split(","))
    name = _spelled(without_port(host).lower().rstrip("."))
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


def _before_variable(host: str) -> str:
    """Cut a variable at the end, that stands for a port or a path."""
    host = _PORT.sub("", host) if _VARIABLE.search(host.rpartition(":")[2]) else host
    match = _VARIABLE.search(host)
    return host[: match.start()] if match and match.end() == len(host) and match.start() else host


def _spelled(name: str) -> str:
    """Spell out an IPv4 address that is written as C's inet_aton takes it: ``0x8080808``, ``8.8``.

    Clients take these; names look so nowhere else.
    """
    if not _NUMBER.fullmatch(name):
        return name
    *heads, last = [
        int(p, 16 if p.startswith("0x") else 8 if re.fullmatch("0[0-7]+", p) else 10)
        for p in name.split(".")
    ]
    if any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        return name
    number = last + sum(head << 8 * (3 - index) for index, head in enumerate(heads))
    return str(ipaddress.IPv4Address(number))


def _listed(host: str, name: str, allowed: Collection[str]) -> bool:
    for entry in (a.lower() for a in allowed):
        subject = host if ":" in entry else name
        if subject == entry or (entry.startswith("*.") and subject.endswith(entry[1:])):
            return True
    return False
