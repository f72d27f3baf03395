"""The images of a lock, written for other tools: each format as its own documentation has it."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.core import yaml
from builder.core.environment import Registry
from builder.core.errors import ConfigurationError
from builder.core.image import ImageName, parse
from builder.core.images_lock import ImagesLock, SourcedImage
from builder.core.lock import LockedChart

Pair = tuple[ImageName, ImageName, SourcedImage]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is mirrored: ``name`` is the environment's, sources in ``pairs`` have their digest."""

    name: str
    pairs: Sequence[Pair]
    charts: Sequence[LockedChart]
    platforms: Sequence[str]
    registry: Registry


Writer = Callable[[Work], str]


def write(
    form: str,
    name: str,
    lock: ImagesLock,
    charts: Sequence[LockedChart],
    registry: Registry,
) -> str:
    """Write what is to be mirrored in one of :data:`FORMATS`; ``name`` is the environment's.

    Images that stay where they are, or whose source nobody knows, are in none. Raises
    ConfigurationError when the tool cannot name images as the environment does.
    """
    work = Work(
        name=name,
        pairs=list(_pairs(lock)),
        charts=charts,
        platforms=lock.platforms,
        registry=registry,
    )
    return FORMATS[form](work)


def _pairs(lock: ImagesLock) -> Iterator[Pair]:
    """Yield source and target of each image that is mirrored; the source by its digest."""
    for entry in lock.images:
        source, target = parse(entry.source), parse(entry.image)
        if source and target and entry.source != entry.image:
            yield source.with_digest(entry.digest), target, entry


def _repository(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}"


def _by_digest(name: ImageName) -> str:
    return f"{_repository(name)}@{name.digest}"


def _by_tag(name: ImageName) -> str:
    return f"{_repository(name)}:{name.tag}" if name.tag else _by_digest(name)


def _list(work: Work) -> str:
    """Write source, with tag and digest, and target: two columns, one image a line."""
    return "".join(f"{source} {target}\n" for source, target, _ in work.pairs)


def _skopeo_copy(work: Work) -> str:
    """Write shell commands: man skopeo-copy."""
    lines = []
    for source, target, _ in work.pairs:
        command = ["skopeo", "copy", "--preserve-digests", "--retry-times=3"]
        command += [] if len(work.platforms) == 1 else ["--all"]
        command += [f"docker://{_by_digest(source)}", f"docker://{target}"]
        lines.append(shlex.join(command) + "\n")
    return "".join(lines)


def _skopeo(work: Work) -> str:
    """Write the source of ``skopeo sync --src yaml``: man skopeo-sync.

    It places images by the last part of their names, or scoped by the whole.
    """
    scoped = work.registry.layout == "full-path"
    hosts: dict[str, dict[str, Any]] = {}
    for source, target, _ in work.pairs:
        path = _repository(source) if scoped else source.repository.rpartition("/")[2]
        _same("skopeo sync", target, f"{work.registry.prefix}/{path}", "skopeo-copy")
        images = hosts.setdefault(source.registry, {"images": {}})["images"]
        images.setdefault(source.repository, []).append(source.tag or source.digest)
    flags = "--all --preserve-digests" + (" --scoped" if scoped else "")
    header = f"# skopeo sync {flags} --src yaml --dest docker FILE {work.registry.prefix}\n"
    return header + yaml.dump(hosts)


def _regsync(work: Work) -> str:
    """Write a configuration of regsync: regclient.org/usage/regsync."""
    sync = [
        {"source": _by_digest(source), "target": str(target), "type": "image"}
        for source, target, _ in work.pairs
    ]
    return "# regsync once -c FILE\n" + yaml.dump({"version": 1, "sync": sync})


def _hauler(work: Work) -> str:
    """Write a manifest of Hauler: docs.hauler.dev, ``content.hauler.cattle.io/v1``."""
    platform = {"platform": work.platforms[0]} if len(work.platforms) == 1 else {}
    images = [
        {
            "name": _by_tag(source),
            **platform,
            "rewrite": str(target).removeprefix(f"{work.registry.prefix}/"),
        }
        for source, target, _ in work.pairs
    ]
    documents = [_resource("content.hauler.cattle.io/v1", "Images", work.name, {"images": images})]
    if work.charts:
        listed = [
            {"name": c.name, "repoURL": c.repository, "version": c.version} for c in work.charts
        ]
        spec = {"charts": listed}
        documents.append(_resource("content.hauler.cattle.io/v1", "Charts", work.name, spec))
    header = f"# hauler store sync -f FILE && hauler store copy registry://{work.registry.prefix}\n"
    return header + "---\n".join(yaml.dump(document) for document in documents)


def _zarf(work: Work) -> str:
    """Write a package of Zarf: docs.zarf.dev/schema/v1alpha1-package.

    Outside its own registry, it places images by their repositories, without the host.
    """
    _strip_host("zarf", work)
    component = {"name": "images", "required": True, "images": [str(s) for s, _, _ in work.pairs]}
    document = {
        "apiVersion": "zarf.dev/v1alpha1",
        "kind": "ZarfPackageConfig",
        "metadata": {"name": f"{work.name}-images"},
        "components": [component],
    }
    header = (
        "# zarf package create DIRECTORY && zarf package mirror-resources PACKAGE --images "
        f"--no-img-checksum --registry-url {work.registry.prefix}\n"
    )
    return header + yaml.dump(document)


def _oc_mirror(work: Work) -> str:
    """Write an image set of oc-mirror v2: ``mirror.openshift.io/v2alpha1``.

    It places images by their repositories, without the host.
    """
    _strip_host("oc-mirror", work)
    document = {
        "apiVersion": "mirror.openshift.io/v2alpha1",
        "kind": "ImageSetConfiguration",
        "mirror": {
            "additionalImages": [{"name": _by_digest(source)} for source, _, _ in work.pairs]
        },
    }
    header = (
        "# oc mirror --v2 -c FILE --workspace file://DIRECTORY "
        f"docker://{work.registry.prefix}; tags are not carried\n"
    )
    return header + yaml.dump(document)


def _mirror_set(kind: str, key: str) -> Writer:
    """Return the writer of an ImageDigestMirrorSet or ImageTagMirrorSet (config.openshift.io)."""

    def write(work: Work) -> str:
        mirrors: dict[str, dict[str, None]] = {}
        for source, target, _entry in work.pairs:
            mirrors.setdefault(_repository(source), {})[_repository(target)] = None
        entries = [
            {
                "source": source,
                "mirrors": list(targets),
                "mirrorSourcePolicy": "NeverContactSource",
            }
            for source, targets in sorted(mirrors.items())
        ]
        return yaml.dump(_resource("config.openshift.io/v1", kind, work.name, {key: entries}))

    return write


def _hosts_toml(work: Work) -> str:
    """Write containerd's ``hosts.toml``, one for each source host: containerd docs/hosts.md."""
    host, _slash, path = work.registry.prefix.partition("/")
    blocks = {}
    for source, target, _entry in work.pairs:
        below = [source.registry.replace(":", "_")] if work.registry.layout == "full-path" else []
        place = "/".join([work.registry.prefix, *below])
        _same("containerd", target, f"{place}/{source.repository}", "idms")
        url = "/".join([f"https://{host}/v2", *([path] if path else []), *below])
        blocks[source.registry] = (
            f"# /etc/containerd/certs.d/{source.registry}/hosts.toml\n"
            f'server = "{url}"\n'
            "override_path = true\n\n"
            f'[host."{url}"]\n'
            '  capabilities = ["pull", "resolve"]\n'
            "  override_path = true\n"
        )
    return "\n".join(blocks[key] for key in sorted(blocks))


def _strip_host(tool: str, work: Work) -> None:
    for source, target, _ in work.pairs:
        _same(tool, target, f"{work.registry.prefix}/{source.repository}", "skopeo-copy")


def _same(tool: str, target: ImageName, expected: str, other: str) -> None:
    if _repository(target) != expected:
        raise ConfigurationError(
            f"{tool} would have {expected} where the environment has {_repository(target)}",
            where="environment.yaml registry.layout",
            hint=f"it cannot name images in this layout: use -o {other}, or `sealift mirror copy`",
        )


def _resource(version: str, kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


FORMATS: Mapping[str, Writer] = {
    "list": _list,
    "skopeo": _skopeo,
    "skopeo-copy": _skopeo_copy,
    "regsync": _regsync,
    "hauler": _hauler,
    "zarf": _zarf,
    "oc-mirror": _oc_mirror,
    "idms": _mirror_set("ImageDigestMirrorSet", "imageDigestMirrors"),
    "itms": _mirror_set("ImageTagMirrorSet", "imageTagMirrors"),
    "hosts.toml": _hosts_toml,
}
