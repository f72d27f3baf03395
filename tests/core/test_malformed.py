"""Resources in which something stands that their kind does not allow: no function falls over.

Charts and overlays are other people's. What is wrong with a resource is for findings to say.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from builder.core import guard, ingress, needs, nested, references, schemas, verify, yaml
from builder.core.base import Base, CredentialRule, NestedChartRule, Switch
from builder.core.certificates import Certificate, missing
from builder.core.environment import Environment, Gateway, Ingress
from builder.core.errors import SealiftError
from builder.core.ingress.standing import behind_gateway
from builder.core.manifests import Manifests, Origin, Resource, check_object
from builder.core.pointer import pointer
from builder.core.secrets import forms
from builder.core.sync import instance_kinds, mark
from tests.core.samples import environment

Path = tuple[Any, ...]
DOCUMENTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a, annotations: {x: y}}
spec:
  template:
    spec:
      imagePullSecrets: [{name: pull}]
      initContainers: [{name: i, image: "b:1", env: [{name: A_PASSWORD, value: x}]}]
      containers:
      - name: c
        image: "n:1"
        args: [--password, x]
        env: [{name: AIRGAPPED, value: "true"}, {name: B, valueFrom: {secretKeyRef: {name: s}}}]
        volumeMounts: [{name: v, mountPath: /x, subPath: y}]
      volumes:
      - {name: v, configMap: {name: m, items: [{key: a, path: y}]}}
      - {name: w, projected: {sources: [{secret: {name: z, items: [{key: a, path: b}]}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: a, annotations: {cert-manager.io/issuer: x}}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: web, port: {number: 80}}}
  tls: [{hosts: [a.example.com], secretName: t}]
  rules:
  - host: a.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: h}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec: {ports: [{name: h, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: a}
spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: a}
data: {k: aHVudGVyMg==}
stringData: {b: hunter}
sops: {mac: x, version: y, age: [{recipient: age1}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: m, namespace: a}
data: {a: "b: c"}
binaryData: {b: aHVudGVyMg==}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: ss, namespace: a}
spec: {encryptedData: {a: AgB}, template: {metadata: {name: ss}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: es, namespace: a}
spec: {target: {name: x}, data: [{secretKey: a, remoteRef: {key: b}}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: apps.example.com}
spec:
  group: example.com
  names: {kind: App}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, default: {}}}}}
---
apiVersion: example.com/v1
kind: App
metadata: {name: app, namespace: a}
spec:
  chart: {url: https://c.example.com, name: op, version: 1.2.3, login: {name: q, userKey: u}}
  values: {license: abc}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: hr, namespace: a}
spec:
  targetNamespace: b
  chart: {spec: {chart: x, version: 1.0.0, sourceRef: {kind: HelmRepository, name: r}}}
  valuesFrom: [{kind: ConfigMap, name: m, valuesKey: a}]
  values: {a: b}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: r, namespace: a}
spec: {url: https://c.example.com}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: hr2, namespace: a}
spec: {chartRef: {kind: OCIRepository, name: o}, values: {a: b}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: o, namespace: a}
spec: {url: oci://c.example.com/x, ref: {tag: 1.0.0}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: argocd}
spec:
  destination: {namespace: b}
  sources:
  - chart: x
    repoURL: https://c.example.com
    targetRevision: 1.0.0
    helm: {parameters: [{name: a, value: b}], values: "a: b"}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: one, namespace: argocd}
spec: {source: {chart: x, repoURL: r.example.com, helm: {valuesObject: {a: b}}}}
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: hc, namespace: a}
spec:
  {chart: x, repo: https://c.example.com, version: 1.0.0, set: {a: b}, valuesContent: "a: b"}
---
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata: {name: hc, namespace: a}
spec: {valuesContent: "a: c"}
"""
SAMPLES: list[Any] = [document.value for document in yaml.load_all(DOCUMENTS, source="samples")]
BESIDE = [s for s in SAMPLES if s["kind"] in ("ConfigMap", "HelmRepository", "OCIRepository")]
WRONG: tuple[Any, ...] = (None, "", 1, "x", [], [1], ["x"], {}, {"a": None}, [{"a": 1}])
BASE = Base(
    nested_charts=(
        NestedChartRule(
            group="example.com",
            kind="App",
            chart="/spec/chart",
            values="/spec/values",
            credentials=(
                CredentialRule(
                    name="license",
                    values={"/license": "license"},
                    secret="{name}-license",
                    reference={"/licenseSecret": "{secret}"},
                ),
            ),
        ),
    ),
    switches=(Switch(kind="Deployment", env="AIRGAPPED", value="true", reason="r"),),
)
ENVIRONMENTS = (
    environment(ingress=Ingress(host="w.example.com", class_="traefik")),
    environment(ingress=Ingress(host="w.example.com", gateway=Gateway(name="g"))),
)
LOGIN = {("example.com", "App"): (("spec", "chart", "login"),)}
ROOT = Certificate(pem="", subject="CN=a", place="a.pem:1", fingerprint="f")


def examine(manifests: Manifests) -> Iterator[Callable[[], Any]]:
    """Yield what a build does with resources."""
    yield lambda: nested.find(manifests, BASE.nested_charts)
    yield lambda: [list(guard.of_resource(r, BASE.nested_charts)) for r in manifests]
    yield lambda: missing([ROOT], manifests, manifests)
    needing = needs.place(manifests, "default", {}, LOGIN)
    yield lambda: (needs.needs(needing), needs.ingress_classes(needing, None))
    yield lambda: schemas.check(manifests, "1.30", None)
    yield lambda: [mark(manifests, e, instance_kinds(manifests)) for e in ("argocd", "flux")]
    yield lambda: [(forms.encrypted(r.body, ""), forms.is_concealed(r.body)) for r in manifests]
    for each in ENVIRONMENTS:
        yield partial(_of_ingress, each, manifests)
    yield lambda: verify.verify(ENVIRONMENTS[0], BASE, manifests, references.collect(manifests))


def _of_ingress(each: Environment, manifests: Manifests) -> None:
    placed = [(resource, resource.id.namespace) for resource in manifests]
    list(ingress.findings(each, placed, []))
    list(ingress.changes(manifests, each))
    behind_gateway(each, manifests, placed, "")


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    below = value.items() if isinstance(value, dict) else ()
    for key, child in enumerate(value) if isinstance(value, list) else below:
        yield (*path, key)
        yield from places(child, (*path, key))


def with_wrong(body: Any, path: Path, wrong: Any) -> Any:
    changed = copy.deepcopy(body)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = wrong
    return changed


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s['kind']}-{s['metadata']['name']}")
def test_nothing_falls_over_what_a_kind_does_not_allow(sample: Any) -> None:
    beside = [one for one in BESIDE if one is not sample]
    tried = 0
    for path in places(sample):
        for wrong in WRONG:
            body = with_wrong(sample, path, wrong)
            with suppress(SealiftError):
                check_object(body, "sample")  # what is no object at all is refused before
                bodies = [body, *beside]
                manifests = Manifests(Resource(body=b, origin=Origin(source="s")) for b in bodies)
                for number, step in enumerate(examine(manifests)):
                    try:
                        step()
                    except SealiftError:
                        continue
                    except Exception as error:
                        error.add_note(f"step {number}, {pointer(path)} is {wrong!r}")
                        raise
                    tried += 1
    assert tried > 100
