"""Where a registry leads: to its storage, and to what gives tokens. Never off TLS."""

import http.client
import ssl
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from builder.tools import answers
from builder.tools.connection import Connector
from builder.tools.registry_errors import RegistryError, unreachable

MOVED = (301, 302, 303, 307, 308)
_HOPS = 5


class Routes:
    """Connections to one registry, and to the places that it names."""

    def __init__(self, host: str, context: ssl.SSLContext | None) -> None:
        self.host = host
        self.scheme = "http" if context is None else "https"
        self._connectors = {"http": Connector(None), self.scheme: Connector(context)}

    def connect(self, scheme: str, host: str) -> http.client.HTTPConnection:
        """Return a connection, which opens when it is used."""
        if scheme not in self._connectors:  # a registry without TLS leads to a place that has it
            self._connectors[scheme] = Connector(ssl.create_default_context())
        try:
            return self._connectors[scheme].connect(host)
        except http.client.HTTPException as error:
            raise unreachable(self.host, error) from error

    def safe(self, location: str, does: str, *, base: str = "") -> urllib.parse.SplitResult:
        """Read a place that the registry names; raise RegistryError where it may not be asked.

        From TLS, ways lead to TLS only. ``base`` is where the place was named.
        """
        base = base or f"{self.scheme}://{self.host}"
        url = answers.address(location, f"{self.host} {does}", base=base)
        if url.scheme != "https" and (base.startswith("https:") or url.scheme != "http"):
            raise RegistryError(
                f"{self.host} {does} {url.scheme}://{url.netloc}, which is not safe",
                hint="a registry with TLS may not lead to a place without it",
            )
        return url

    @contextmanager
    def follow(
        self, method: str, path: str, location: str, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask where the registry leads, and where that leads; no credentials go there."""
        base = f"{self.scheme}://{self.host}{path}"
        for _ in range(_HOPS):
            url = self.safe(location, "leads to", base=base)
            base = url.geturl()
            connection = self.connect(url.scheme, url.netloc)
            try:
                asked = answers.target(url)
                connection.request(method, asked, headers={"User-Agent": "sealift", **headers})
                answer = connection.getresponse()
                if answer.status not in MOVED:
                    yield answer
                    return
                location = answer.headers.get("location", "")
            except (OSError, http.client.HTTPException) as error:
                raise unreachable(self.host, error) from error
            finally:
                connection.close()
        raise RegistryError(
            f"{self.host} leads from one place to the next, more than {_HOPS} times",
            hint="is its address right, or does something in between lead in a circle?",
        )
