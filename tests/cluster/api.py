"""A small client of a Kubernetes API: JSON objects over TLS, with a bearer token."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

Object = dict[str, Any]
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class ApiError(Exception):
    """An answer that is an error; ``status`` 0: there was none."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


@dataclass(frozen=True)
class Api:
    """An account at an API server."""

    url: str
    cafile: Path
    token: str = field(repr=False)
    _plurals: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def get(self, version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """The object, or None where there is none, or nothing of this kind."""
        try:
            found: Object = self.call("GET", self.path(version, kind, namespace, name))
            return found
        except (ApiError, LookupError) as error:
            if isinstance(error, LookupError) or error.status == 404:
                return None
            raise

    def list(self, version: str, kind: str, namespace: str = "") -> list[Object]:
        """All objects of a kind, of one namespace or of all."""
        items: list[Object] = self.call("GET", self.path(version, kind, namespace))["items"]
        return [{"apiVersion": version, "kind": kind, **item} for item in items]

    def apply(self, *objects: Mapping[str, Any], manager: str = "tests") -> None:
        """Have these objects (server-side apply)."""
        for body in objects:
            query = f"?fieldManager={manager}&force=true"
            self.call("PATCH", self.path_of(body) + query, body, _APPLY)

    def merge(self, body: Mapping[str, Any], change: Mapping[str, Any], sub: str = "") -> None:
        """Merge a change into an object (RFC 7386), or into its subresource."""
        self.call("PATCH", self.path_of(body) + sub, change, _MERGE)

    def delete(self, version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object, in the background."""
        body = {"propagationPolicy": "Background"}
        self.call("DELETE", self.path(version, kind, namespace, name), body)

    def path_of(self, body: Mapping[str, Any]) -> str:
        metadata = body["metadata"]
        return self.path(
            body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"]
        )

    def path(self, version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Where objects of a kind are; LookupError where the API has no such kind."""
        plural, namespaced = self._plural(version, kind)
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        inside = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{root}{inside}/{plural}" + (f"/{quote(name)}" if name else "")

    def _plural(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self._plurals:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            try:
                found = self.call("GET", root)["resources"]
            except ApiError as error:
                if error.status != 404:
                    raise
                found = []
            for entry in found:
                if "/" not in entry["name"]:
                    key = version, entry["kind"]
                    self._plurals[key] = entry["name"], entry["namespaced"]
        if (version, kind) not in self._plurals:
            raise LookupError(f"the API serves no {kind} of {version}")
        return self._plurals[version, kind]

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """Send a request; returns the JSON of its answer. Raises ApiError."""
        connection = self._connect(60)
        try:
            response = self._send(connection, method, path, body, kind)
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        if response.status >= 300:
            raise ApiError(response.status, f"{method} {path}: {text.decode(errors='replace')}")
        return json.loads(text) if text.startswith(b"{") else text.decode()

    def watch(self, path: str, since: str, seconds: int = 20) -> Iterator[tuple[str, Object]]:
        """Yield (ADDED, MODIFIED, DELETED, ERROR) with the object, until the server ends it."""
        connection = self._connect(seconds + 10)
        try:
            query = f"?watch=1&resourceVersion={since}&timeoutSeconds={seconds}"
            response = self._send(connection, "GET", path + query, None, "")
            if response.status >= 300:
                raise ApiError(response.status, f"watch {path}")
            while line := response.readline():
                event = json.loads(line)
                yield event["type"], event["object"]
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise ApiError(0, f"watch {path}: {error!r}") from error
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.cafile))
        return http.client.HTTPSConnection(
            urlsplit(self.url).netloc, timeout=timeout, context=context
        )

    def _send(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: Any,
        kind: str,
    ) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["Content-Type"] = kind
        connection.request(method, path, content, headers)
        return connection.getresponse()
