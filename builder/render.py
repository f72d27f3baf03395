"""The first order: what stands in Git once base and overlays are rendered.

kustomize renders what it alone can (helm charts, generators, transformers); the patches of the
kustomizations above it are applied here, strictly. So that both give the same resources, a
kustomization with patches holds nothing else than resources beside them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builder import cache, sources, suspects
from builder.core import packed, yaml
from builder.core import patch as patches
from builder.core.errors import ConfigurationError, PatchError, SealiftError
from builder.core.findings import Finding
from builder.core.guard.veil import Veil
from builder.core.manifests import Body, Manifests, Origin, Resource, from_kustomize, objects
from builder.core.patch import Patch
from builder.core.secrets import patching
from builder.files import read_bytes, read_if_there, read_text, shown
from builder.sources import Kustomization
from builder.still import once
from builder.tools import helm, kustomize
from builder.tools.command import CommandError
from builder.workspace import Overlay

_PLAIN = {"apiVersion", "kind", "metadata", "resources", "patches", "transformers", "sortOptions"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstOrder:
    """The resources of an environment before controllers act, and what is to be said about them.

    ``before_airgap`` are the same without what `sealift airgap` wrote for this overlay,
    ``before_secrets`` also without what `sealift secrets` did, whose patches are ``secrets``.
    """

    manifests: Manifests
    before_airgap: Manifests
    before_secrets: Manifests
    secrets: tuple[Patch, ...] = ()
    findings: tuple[Finding, ...] = ()
    charts: tuple[tuple[str, str], ...] = ()


def render(overlay: Overlay) -> FirstOrder:
    """Render an environment's kustomization.

    Patches that miss, and charts that are not vendored, are findings. Raises ConfigurationError for
    sources that are wrong in themselves, and ToolError when kustomize fails.
    """
    try:
        return _render(overlay)
    except SealiftError as error:
        generated = (overlay.airgap_file, overlay.airgap_resources)
        if (error.where or "").startswith(tuple(f"{shown(p, overlay.root)}:" for p in generated)):
            error.hint = f"run `sealift airgap {overlay.name}`, which makes the file anew"
        raise


def _render(overlay: Overlay) -> FirstOrder:
    kustomizations = {k.folder: k for k in sources.tree(overlay.folder, overlay.root)}
    charts = [chart for k in kustomizations.values() for chart in sources.helm_charts(k)]
    missing = []
    for chart in charts:
        if not isinstance(overlay.base.chart(chart.name, chart.version), Finding):
            if not chart.folder.is_dir():
                raise ConfigurationError(
                    f"kustomize would look for the chart in {shown(chart.folder, overlay.root)}",
                    where=chart.place,
                    hint="set helmGlobals: {chartHome: charts} and the chart's repo, "
                    f"or run `sealift vendor {overlay.base.name}` again",
                )
            overlay.base.check_unpacked(chart.folder, chart.name, chart.version)
        else:
            missing.append(overlay.base.not_vendored(chart.name, chart.version))
    if missing:
        return _first_order(Manifests(), missing)
    rendered = _Renderer(overlay, kustomizations).folder(overlay.folder)
    if not len(rendered.manifests):
        raise ConfigurationError(
            "holds no resources: its bundle would remove the platform",
            where=kustomizations[overlay.folder].shown,
        )
    names = tuple(sorted({(chart.name, chart.version) for chart in charts}))
    return replace(rendered, charts=names)


def _first_order(manifests: Manifests, findings: Sequence[Finding] = ()) -> FirstOrder:
    return FirstOrder(
        manifests=manifests,
        before_airgap=manifests,
        before_secrets=manifests,
        findings=tuple(findings),
    )


# Behind this, kustomize prints a value whole, over as many lines as it has.
_QUOTES = "node contents:"


class _Renderer:
    """Renders folders of one environment; carries what every folder needs."""

    def __init__(self, overlay: Overlay, kustomizations: dict[Path, Kustomization]) -> None:
        self.overlay = overlay
        self.kustomizations = kustomizations

    def folder(self, folder: Path) -> FirstOrder:
        if folder.is_relative_to(self.overlay.folder):
            return self._folder(folder)
        kubernetes, base = self.overlay.environment.kubernetes, self.overlay.base.folder
        return once(("rendered", folder, kubernetes, base), lambda: self._folder(folder))

    def _folder(self, folder: Path) -> FirstOrder:
        kustomization = self.kustomizations[folder]
        if is_plain(kustomization):
            return self.plain(kustomization)
        self.refuse_patches(kustomization)
        return _first_order(self.built(folder))

    def built(self, folder: Path) -> Manifests:
        """Let kustomize build a folder."""
        source = shown(folder, self.overlay.root)
        kube_version = self.overlay.environment.kubernetes

        def make() -> Manifests:
            return from_kustomize(self.text(folder, kube_version), source=source)

        versions = (kustomize.find()[1], helm.find()[1])
        files = sources.digest(folder, self.overlay.root)
        name = cache.key("kustomize", versions, kube_version, source, files)
        return cache.remember(name, make, pack=self.pack, unpack=packed.to_manifests)

    def pack(self, manifests: Manifests) -> object:
        """Return what is kept on disk. Raises TypeError, so that nothing is, for credentials."""
        rules = self.overlay.base.base.nested_charts
        if any(suspects.is_secret(suspects.of_resource(r, rules)) for r in manifests):
            raise TypeError("a credential is not written")
        return packed.manifests(manifests)

    def text(self, folder: Path, kube_version: str) -> str:
        """Run kustomize; what it quotes of credentials in an error is covered."""
        try:
            return kustomize.build(folder, kube_version=kube_version)
        except CommandError as error:
            said, quoted, _ = error.stderr.partition(_QUOTES)
            if quoted:
                command = error.what.partition(":\n")[0]
                error.what, error.stderr = f"{command}:\n{said}{quoted} ...", f"{said}{quoted} ..."
            veil = Veil(self.credentials())
            error.what, error.stderr = veil.all(error.what), veil.all(error.stderr)
            raise

    def credentials(self) -> Iterator[str]:
        """Yield what looks like a credential in the files that kustomize reads."""
        for kustomization in self.kustomizations.values():
            yield from sources.literals(kustomization)
            for path in sources.files(kustomization):
                text = read_bytes(path, self.overlay.root).decode("utf-8", "replace")
                yield from (one.value for one in suspects.of_text(text))

    def plain(self, kustomization: Kustomization) -> FirstOrder:
        """Render resources and patches, nothing else."""
        manifests = Manifests()
        findings: list[Finding] = []
        for entry, place in kustomization.texts("resources"):
            path = kustomization.target(entry, place)
            below = self.folder(path) if path.is_dir() else self.file(path)
            manifests += below.manifests
            findings += below.findings
        by_hand, secrets, airgap = self.sorted_patches(kustomization)
        before, problems = patches.apply_all(manifests, by_hand)
        converted, missed = patches.apply_all(before, secrets)
        after, more = patches.apply_all(converted, airgap)
        findings += [_missed(problem) for problem in (*problems, *more)]
        again = f"run `sealift secrets {self.overlay.name} --write`, which looks anew"
        findings += [replace(_missed(problem), hint=again) for problem in missed]
        return FirstOrder(
            manifests=after,
            before_airgap=self.without_generated(converted),
            before_secrets=self.without_generated(before),
            secrets=tuple(secrets),
            findings=tuple(findings),
        )

    def without_generated(self, manifests: Manifests) -> Manifests:
        """Leave out the resources that Sealift itself added to this overlay."""
        overlay = self.overlay
        generated = once(
            ("generated", overlay.folder, overlay.root),
            lambda: {shown(path, overlay.root) for path in overlay.generated_resources},
        )
        return Manifests(r for r in manifests if r.origin.source not in generated)

    def sorted_patches(
        self, kustomization: Kustomization
    ) -> tuple[list[Patch], list[Patch], list[Patch]]:
        """Return the patches by hand, and those of `sealift secrets` and `airgap` for this overlay.

        Each file is computed from all that stands before it.
        """
        found = read_patches(kustomization)
        airgap, secrets = self.of(self.overlay.airgap_file, found), []
        if patching.is_ours(read_if_there(self.overlay.secrets_file, self.overlay.root)):
            secrets = self.of(self.overlay.secrets_file, found)
        by_hand = [patch for patch in found if patch not in secrets and patch not in airgap]
        if found[len(found) - len(airgap) :] != airgap:
            raise ConfigurationError(
                "patches/airgap.yaml is computed from all other patches, and has to be the last",
                where=kustomization.where("transformers"),
                hint="put it at the end of transformers",
            )
        if found != [*by_hand, *secrets, *airgap]:
            raise ConfigurationError(
                "patches/secrets.yaml is computed from the patches of your own, and has to stand "
                "behind them",
                where=kustomization.where("transformers"),
                hint="put it at the end of transformers, before patches/airgap.yaml",
            )
        return by_hand, secrets, airgap

    def of(self, path: Path, found: Sequence[Patch]) -> list[Patch]:
        """Return those of the patches that stand in a file."""
        file = f"{shown(path, self.overlay.root)}:"
        return [patch for patch in found if patch.place.startswith(file)]

    def file(self, path: Path) -> FirstOrder:
        source = shown(path, self.overlay.root)
        documents = yaml.load_ours(read_text(path, self.overlay.root), source=source)
        return _first_order(
            Manifests(
                Resource(body=body, origin=Origin(source=source))
                for document in documents
                for body in objects(document.value, f"{source}:{document.line}")
                if not _local(body)
            )
        )

    def refuse_patches(self, kustomization: Kustomization) -> None:
        """Patches at or below other transformations cannot be held strict from outside."""
        for below in sources.tree(kustomization.folder, self.overlay.root):
            patched = [f for f in ("patches", "patchesJson6902", "patchesStrategicMerge")
                       if below.fields.get(f)]  # fmt: skip
            files = _transformers(below)
            if any("PatchTransformer" in _kinds(text, source) for source, text, _ in files):
                patched.append("transformers")
            if patched:
                others = sorted(kustomization.fields.keys() - _PLAIN)
                raise ConfigurationError(
                    f"{patched[0]} stands beside or below {', '.join(others) or 'a transformer'}: "
                    "kustomize would not say when such a patch misses",
                    where=below.where(patched[0]),
                    hint="keep patches in an overlay that has only resources and patches, "
                    "above the kustomization that has the rest",
                )


def is_plain(kustomization: Kustomization) -> bool:
    """Tell whether a kustomization has only resources and patches: others are kustomize's work."""
    return kustomization.fields.keys() <= _PLAIN and all(
        kind == "PatchTransformer"
        for source, text, _ in _transformers(kustomization)
        for kind in _kinds(text, source)
    )


def _local(body: Body) -> bool:
    """Tell whether kustomize keeps an object to itself."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get("config.kubernetes.io/local-config", "false") != "false")


def read_patches(kustomization: Kustomization) -> list[Patch]:
    """Return the patches of a kustomization, in the order in which kustomize applies them."""
    key = ("patches", kustomization.path, kustomization.root)
    return once(key, lambda: _read_patches(kustomization))


def _read_patches(kustomization: Kustomization) -> list[Patch]:
    found = []
    for index, (entry, place) in enumerate(kustomization.mappings("patches")):
        unknown = sorted(entry.keys() - {"path", "patch", "target"})
        if unknown or ("path" in entry) == ("patch" in entry):
            raise PatchError(
                f"a patch takes no {unknown[0]!r}" if unknown else "a patch needs path or patch",
                where=place,
            )
        if not isinstance(entry.get("path", entry.get("patch")), str):
            raise PatchError("the path, or the patch, is not a text", where=place)
        target = patches.parse_target(entry.get("target"), place)
        if "path" in entry:
            path = kustomization.target(entry["path"], place)
            source, offset = shown(path, kustomization.root), 0
            text = read_text(path, kustomization.root)
        else:
            source, text = kustomization.shown, entry["patch"]
            offset = int(kustomization.at("patches", index, "patch").rpartition(":")[2])
        operations = patches.parse_operations(text, source=source, offset=offset)
        found.append(Patch(target=target, operations=operations, place=str(place)))
    for source, text, _ in _transformers(kustomization):
        found += patches.parse_transformers(text, source=source)
    return found


def _transformers(kustomization: Kustomization) -> list[tuple[str, str, str]]:
    """Return source, text and place of each file of transformers."""
    files = []
    for entry, place in kustomization.texts("transformers"):
        if "\n" in entry:
            files.append((kustomization.shown, entry, place))
            continue
        path = kustomization.target(entry, place)
        if path.is_file():
            files.append(
                (shown(path, kustomization.root), read_text(path, kustomization.root), place)
            )
    return files


def _kinds(text: str, source: str) -> list[object]:
    """Return the kinds of the documents in a file of transformers; one may hold none."""
    return [
        document.value.get("kind") if isinstance(document.value, dict) else None
        for document in yaml.load_ours(text, source=source)
    ]


def _missed(problem: PatchError) -> Finding:
    return Finding(
        code="patch-missed",
        subject=str(problem.where or "patch"),
        place=str(problem.where or ""),
        cause=problem.what,
        hint=problem.hint or "look at the patch again",
    )
