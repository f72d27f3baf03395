"""Resources that make a controller install the chart: their text, with the values of a style."""

from collections.abc import Callable

from tests.styles.model import PLATFORM, indent

_HELM_REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: acme, namespace: apps}
spec:
  interval: 1h
  url: https://charts.acme.example
---
"""
_OCI_REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: acme, namespace: apps}
spec:
  interval: 1h
  url: oci://charts.acme.example/charts/app
  ref: {tag: 1.0.0}
---
"""
_RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: apps}
spec:
  interval: 1h
"""


def platform(user: str) -> str:
    """The platform's own resource, by the base's rule."""
    return PLATFORM + indent(user, 4)


def flux(user: str) -> str:
    """Flux, from an HTTP repository."""
    chart = (
        "  chart:\n    spec: {chart: app, version: 1.0.0, "
        "sourceRef: {kind: HelmRepository, name: acme}}\n"
    )
    return _HELM_REPOSITORY + _RELEASE + chart + "  values:\n" + indent(user, 4)


def flux_oci(user: str) -> str:
    """Flux, from an OCI repository."""
    chart = "  chartRef: {kind: OCIRepository, name: acme}\n"
    return _OCI_REPOSITORY + _RELEASE + chart + "  values:\n" + indent(user, 4)


def flux_without_values(_: str) -> str:
    """Flux, without any value of its own."""
    return flux("{}").partition("  values:")[0]


def argo(user: str, field: str = "valuesObject:") -> str:
    """Argo CD, with the values as a mapping."""
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: app, namespace: argocd}}
spec:
  destination: {{server: https://kubernetes.default.svc, namespace: apps}}
  project: default
  source:
    repoURL: https://charts.acme.example
    chart: app
    targetRevision: 1.0.0
    helm:
      {field}
{indent(user, 8)}"""


def argo_text(user: str) -> str:
    """Argo CD, with the values as a text."""
    return argo(user, "values: |")


def k3s(user: str) -> str:
    """k3s: the values are a text."""
    return f"""\
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {{name: app, namespace: kube-system}}
spec:
  chart: app
  repo: https://charts.acme.example
  version: 1.0.0
  targetNamespace: apps
  valuesContent: |
{indent(user, 4)}"""


CARRIERS: tuple[Callable[[str], str], ...] = (
    platform,
    flux,
    flux_oci,
    argo,
    argo_text,
    k3s,
)
