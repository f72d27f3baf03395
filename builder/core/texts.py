"""Texts of configuration files that have a form, each with the words for it in an error."""

from typing import Annotated

import msgspec

# Below `*.` a whole top-level domain of the internet would be no network of anybody's own.
_PRIVATE = "local|localhost|lan|internal|intranet|corp|home|private|test|example|invalid"

Text = Annotated[str, msgspec.Meta(min_length=1)]
Host = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"^(\*\.({_PRIVATE}|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)|[A-Za-z0-9.-]+)(:[0-9]+)?$",
        description="a host, as git.example.com, or all below one, as *.example.com; with a port "
        "or without",
        examples=["git.example.com"],
    ),
]
Prefix = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$",
        description="a registry with a path or without, as registry.example.com/mirror",
        examples=["registry.example.com/mirror"],
    ),
]
Version = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?$",
        description="a version, as 1.30 or 1.30.4",
        examples=["1.30"],
    ),
]
ChartVersion = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$",
        description="the exact version of a chart, as 1.2.3",
        examples=["1.2.3"],
    ),
]
Sha256 = Annotated[
    str,
    msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$", description="sha256: and 64 hexadecimal digits"),
]
Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        description="a name of small letters, digits, - and .",
    ),
]
GitName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="a name of letters, digits, - . _ and /",
    ),
]
Project = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[^/\s]+(/[^/\s]+)+$", description="owner/name", examples=["platform/gitops"]
    ),
]
WebUrl = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https?://[^\s@]+$",
        description="a URL that starts with https:// or http://, without credentials",
        examples=["https://git.example.com"],
    ),
]
ChartUrl = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(https?|oci)://[^\s@]+$",
        description="a URL that starts with https://, http:// or oci://, without credentials",
        examples=["https://charts.example.com"],
    ),
]
Duration = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$",
        description="a duration, as 10m or 1h30m",
        examples=["10m"],
    ),
]
Pointer = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(/[^/]+)+$",
        description="a JSON pointer, as /spec/values",
        examples=["/spec/values"],
    ),
]
Allowed = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([a-z][a-z0-9+.-]*://|(?![a-z][a-z0-9+.-]*:/))(\*\*\*@)?(\*\.[^*/.]+\.)?"
        r"[^*/]+(/.*)?$",
        description="a reference whose host is named, as https://api.example.com/*",
        examples=["https://api.example.com/*"],
    ),
]
CredentialPlace = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([^*\s/]+|[^*\s/]+/\S*[^*/\s]\S*)( .+)?$",
        description="a place that is named, as ConfigMap/web /data/app.yaml, or Secret/web-* *",
        examples=["ConfigMap/web /data/app.yaml"],
    ),
]
