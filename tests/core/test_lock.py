"""The contract between a bundle and the mirror."""

import pytest

from builder.core import lock
from builder.core.errors import ConfigurationError
from builder.core.lock import Lock, LockedChart, LockedImage, NestedInventory
from builder.core.manifests import Origin, Resource
from builder.core.nested import NestedChart
from tests.core.samples import POD, reference, resource

DIGEST = "sha256:" + "a" * 64
LOCK = Lock(
    lock_version=1,
    environment="prod",
    kubernetes="1.30",
    charts=(LockedChart(name="app", version="1.0.0", sha256=DIGEST, repository="oci://r.io",
                        used_by=("App/x",)),),
    images=(LockedImage(image="r.io/a:1", digest="", used_by=("Pod/web container web",)),),
    nested=(NestedInventory(resource="App/x", chart="app-1.0.0", resources=("Pod/web",)),),
)  # fmt: skip


def test_a_lock_that_is_written_is_read_back() -> None:
    text = lock.dump(LOCK)
    assert text.startswith("# Written by sealift build.")
    assert lock.load(text) == LOCK


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lockVersion: 1", "lockVersion: one",
         'bundle.lock.yaml:2: lockVersion: "one" is not of type "integer"'),
        ("lockVersion: 1", "lockVersion: 99\nnews: 1",
         "bundle.lock.yaml: lockVersion 99 was written by a newer Sealift; this one reads 1"),
        ("  digest: ''\n", "", 'bundle.lock.yaml:13: images.0: "digest" is a required property'),
        ("kubernetes:", "kubernets:",
         "bundle.lock.yaml:2: the file: \"kubernetes\" is a required property\n"
         "bundle.lock.yaml:4: unknown key 'kubernets': did you mean 'kubernetes'?"),
        ("environment: prod", "environment: prod\nenvironment: dev",
         "bundle.lock.yaml:4: the key 'environment' stands twice in one mapping"),
    ],
    ids=["type", "newer", "missing", "misspelt", "twice"],
)  # fmt: skip
def test_a_lock_that_is_wrong(old: str, new: str, message: str) -> None:
    text = lock.dump(LOCK).replace('digest: ""', "digest: ''")
    assert old in text
    with pytest.raises(ConfigurationError) as caught:
        lock.load(text.replace(old, new))
    assert str(caught.value) == message


def test_images_are_those_that_the_cluster_pulls() -> None:
    hook = Origin(source="app", hooks=("test",))
    assert lock.images([
        reference("r.io/b:1", "b", place="container b"),
        reference(f"r.io/a@{DIGEST}", "a", place="container z"),
        reference(f"r.io/a@{DIGEST}", "b", place="container a"),
        reference("r.io/c:1", "c", comment=True),
        reference("r.io/d:1", "d", origin=hook),
        reference("https://r.io/e", "e", kind="url"),
    ]) == (
        LockedImage(image=f"r.io/a@{DIGEST}", digest=DIGEST,
                    used_by=("Pod/web container a", "Pod/web container z")),
        LockedImage(image="r.io/b:1", digest="", used_by=("Pod/web container b",)),
    )  # fmt: skip


def test_the_inventory_of_a_nested_chart_has_names_only() -> None:
    owner: Resource = resource("App", "x.io", "x")
    chart = NestedChart(
        resource=owner, repository="r", name="app", version="1.0.0", release="x", namespace="d",
        version_at=(owner.id, ("spec", "version")), values={"password": "hidden"},
    )  # fmt: skip
    assert lock.inventory(chart, [POD, owner.id, POD]) == NestedInventory(
        resource="App/x", chart="app-1.0.0", resources=("App/x", "Pod/web")
    )
