"""Where a server listens, and the name by which others know it."""

from dataclasses import dataclass

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Place:
    """An address on loopback; port 0 is any that is free."""

    name: str = "127.0.0.1"
    address: str = "127.0.0.1"
    port: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """What a certificate has to name."""
        return tuple(dict.fromkeys((self.name, self.address, "localhost")))

    def host(self, scheme: str, port: int) -> str:
        """The host of a URL, with the port where the scheme does not imply it."""
        return self.name if port == _PORTS[scheme] else f"{self.name}:{port}"


ANYWHERE = Place()
