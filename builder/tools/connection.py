"""Connections over HTTP and HTTPS, through the machine's proxy where it names one."""

import http.client
import ssl
import urllib.parse
import urllib.request

from builder.tools.docker_config import Login

_TIMEOUT = 60
_BLOCK = 256 * 1024  # bytes of a body that are sent at a time


class Connector:
    """Makes connections; without a context, plain ones."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context

    def connect(self, host: str) -> http.client.HTTPConnection:
        """Return a connection to ``host`` or ``host:port``, which opens when it is used.

        The proxy is that of HTTPS_PROXY or HTTP_PROXY, but for the hosts in NO_PROXY.
        """
        scheme = "http" if self._context is None else "https"
        proxy = urllib.request.getproxies().get(scheme, "")
        if not proxy or urllib.request.proxy_bypass(host):
            return self._connection(host)
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        connection = self._connection(parts.netloc.rpartition("@")[2])
        headers = {}
        if parts.username:
            login = Login(
                username=urllib.parse.unquote(parts.username),
                password=urllib.parse.unquote(parts.password or ""),
            )
            headers["Proxy-Authorization"] = "Basic " + login.basic()
        connection.set_tunnel(host, headers=headers)
        return connection

    def _connection(self, host: str) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(host, timeout=_TIMEOUT, blocksize=_BLOCK)
        return http.client.HTTPSConnection(
            host, timeout=_TIMEOUT, context=self._context, blocksize=_BLOCK
        )
