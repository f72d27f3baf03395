"""``sealift attest`` and ``sealift verify``: a bundle as it was built, and each way to break it."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.core import lock as locks
from tests.conftest import Refused, Run
from tests.source import Source, snapshot

DEPLOYMENT = "40-deployment-wandb-wandb-controller-manager.yaml"
Key = Callable[[str], Path]


@pytest.fixture
def bundle(source: Source, run: Run) -> Path:
    """The example, built."""
    assert run("airgap", "example").code == 0
    assert run("build", "example", "-o", "out").code == 0
    return source.path("out/example")


@pytest.fixture
def key(tmp_path: Path) -> Key:
    """Make an OpenSSH key of a name; the public one has .pub behind it."""

    def make(name: str) -> Path:
        path = tmp_path / name
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(argv, check=True)
        return path

    return make


@pytest.fixture
def statement(bundle: Path, run: Run, key: Key) -> Path:
    """The example's statement, signed by the key named release."""
    assert run("attest", "example", "-o", "out", "--key", str(key("release"))).code == 0
    return bundle.parent / "example.intoto.json"


def codes(run: Run, bundle: Path, *argv: str) -> set[tuple[str, str]]:
    """What is wrong with a bundle: code and subject of each finding."""
    result = run("verify", str(bundle), "--json", *argv)
    found = {(f["code"], f["subject"]) for f in json.loads(result.out)["findings"]}
    assert result.code == int(bool(found)), result
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_bundle_as_it_was_built_is_right_in_every_way(
    bundle: Path, run: Run, statement: Path
) -> None:
    before = snapshot(bundle)
    public = str(statement.parents[2] / "release.pub")
    result = run(
        "verify", str(bundle), "--statement", str(statement), "--key", public, "--rebuild=example"
    )
    assert result.code == 0, result
    head, tree = result.out.splitlines()
    assert head == (
        "verified: 11 files, against its own list and lock, its statement, "
        f"the signature by {public}, a fresh build"
    )
    assert snapshot(bundle) == before
    published = run("publish", "example", "--repository", _bare(bundle), "--json")
    assert tree == f"tree   {json.loads(published.out)['tree']}"


def _bare(bundle: Path) -> str:
    path = bundle.parents[2] / "gitops.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    return str(path)


def test_without_a_key_it_says_that_nobody_was_checked(bundle: Path, run: Run) -> None:
    result = run("verify", str(bundle))
    assert (result.code, "who made it was not checked" in result.out) == (0, True)


@pytest.mark.parametrize("mode", ["commit", "hydrator"])
@pytest.mark.parametrize("engine", ["argocd", "flux"])
def test_what_is_published_for_an_engine_verifies_where_it_is_checked_out(
    source: Source, run: Run, mode: str, engine: str
) -> None:
    path = "overlays/example/environment.yaml"
    source.write(path, source.read(path) + f"sync: {{engine: {engine}}}\n")
    assert run("airgap", "example").code == 0
    committed(source)
    bare, clone = _bare(source.path("out/example")), source.root.parent / "clone"
    published = run("publish", "example", "--repository", bare, "--mode", mode, "--json")
    assert published.code == 0, published
    branch = json.loads(published.out)["branch"]
    subprocess.run(["git", "clone", "-q", "-b", branch, bare, str(clone)], check=True)
    folder = clone if mode == "hydrator" else clone / "example"
    assert (folder / "hydrator.metadata").exists() is (mode == "hydrator")
    result = run("verify", str(folder), "--rebuild=example")
    assert result.code == 0, result
    assert json.loads(published.out)["tree"] in result.out or mode == "hydrator"


def committed(source: Source) -> str:
    """Commit the source repository; return the commit."""

    def git(*argv: str) -> str:
        command = [
            "git",
            "-C",
            str(source.root),
            "-c",
            "user.name=a",
            "-c",
            "user.email=b@c",
            *argv,
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "Source")
    return git("rev-parse", "HEAD")


# --- the tree and the lock, by themselves


def test_a_changed_image_is_not_that_of_the_lock(bundle: Path, run: Run) -> None:
    edit(bundle / DEPLOYMENT, "/controller:1.13.3", "/controller:6.6.6")
    found = codes(run, bundle)
    changed = "registry.yourdomain.com/wandb/controller:6.6.6"
    assert ("not-locked", changed) in found
    assert ("wrong-lock", changed.replace("6.6.6", "1.13.3")) in found


def test_a_file_that_is_written_otherwise_is_changed(bundle: Path, run: Run) -> None:
    edit(bundle / DEPLOYMENT, "kind: Deployment", "kind:   Deployment")
    assert codes(run, bundle) == {("changed-file", DEPLOYMENT)}


def test_an_extra_file_is_found(bundle: Path, run: Run) -> None:
    shutil.copy(bundle / DEPLOYMENT, bundle / "notes.txt")
    assert codes(run, bundle) == {("extra-file", "notes.txt")}


def test_an_extra_resource_is_found_even_where_it_is_listed(bundle: Path, run: Run) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\n"
    (bundle / "more.yaml").write_text(text)
    assert ("extra-file", "more.yaml") in codes(run, bundle)
    edit(bundle / "kustomization.yaml", "resources:\n", "resources:\n- more.yaml\n")
    assert codes(run, bundle) == {
        ("changed-file", "kustomization.yaml"),
        ("extra-file", "more.yaml"),
        ("missing-file", "20-configmap-more.yaml"),
    }


def test_without_its_list_what_is_more_is_found_all_the_same(bundle: Path, run: Run) -> None:
    (bundle / "kustomization.yaml").unlink()
    (bundle / "notes.txt").write_text("x")
    assert codes(run, bundle) == {
        ("missing-file", "kustomization.yaml"),
        ("extra-file", "notes.txt"),
    }


def test_a_missing_file_is_found(bundle: Path, run: Run) -> None:
    (bundle / DEPLOYMENT).unlink()
    found = codes(run, bundle)
    assert ("missing-file", DEPLOYMENT) in found
    assert ("wrong-lock", "registry.yourdomain.com/wandb/controller:1.13.3") in found


def test_another_order_is_found(bundle: Path, run: Run) -> None:
    path = bundle / "kustomization.yaml"
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if DEPLOYMENT in line)
    lines[at - 1], lines[at] = lines[at], lines[at - 1]
    path.write_text("\n".join(lines) + "\n")
    assert codes(run, bundle) == {("changed-file", "kustomization.yaml")}


@pytest.mark.parametrize("name", ["kustomization.yaml", locks.FILE])
def test_a_file_that_no_bundle_is_without(bundle: Path, run: Run, name: str) -> None:
    (bundle / name).unlink()
    assert ("missing-file", name) in codes(run, bundle)


@pytest.mark.parametrize("name", ["kustomization.yaml", locks.FILE, DEPLOYMENT])
def test_what_cannot_be_read_is_a_finding(bundle: Path, run: Run, name: str) -> None:
    (bundle / name).write_bytes(b"a: [\xff")
    assert "unreadable" in {code for code, _ in codes(run, bundle)}


def test_a_lock_that_names_other_images_is_wrong(bundle: Path, run: Run) -> None:
    edit(bundle / locks.FILE, "wandb/controller:1.13.3", "wandb/controller:1.13.4")
    found = codes(run, bundle)
    name = "registry.yourdomain.com/wandb/controller:1.13."
    assert found == {("not-locked", f"{name}3"), ("wrong-lock", f"{name}4")}


def test_an_image_that_is_pulled_by_another_digest_is_found(bundle: Path, run: Run) -> None:
    # As `digests: true` writes it; both the bundle and its lock are changed by hand.
    image = "registry.yourdomain.com/wandb/controller:1.13.3"
    right, wrong = (f"{image}@sha256:{character * 64}" for character in "ab")
    edit(bundle / DEPLOYMENT, image, right)
    edit(bundle / locks.FILE, f'{image}\n  digest: ""', f"{right}\n  digest: sha256:{'a' * 64}")
    assert codes(run, bundle) == set()
    edit(bundle / locks.FILE, f"digest: sha256:{'a' * 64}", f"digest: sha256:{'b' * 64}")
    assert codes(run, bundle) == {("wrong-lock", right)}
    edit(bundle / DEPLOYMENT, right, wrong)
    assert ("not-locked", wrong) in codes(run, bundle)


def test_a_carrier_that_is_gone_from_the_bundle_is_found(bundle: Path, run: Run) -> None:
    edit(bundle / locks.FILE, "resource: WeightsAndBiases/wandb/wandb", "resource: Other/x/y")
    assert ("wrong-lock", "Other/x/y") in codes(run, bundle)


def test_a_link_is_refused(bundle: Path, refused: Refused) -> None:
    (bundle / "link.yaml").symlink_to("/etc/hostname")
    assert "not a plain file" in refused("verify", str(bundle))


def test_a_program_is_refused(bundle: Path, refused: Refused) -> None:
    """Git would give another tree for it."""
    (bundle / DEPLOYMENT).chmod(0o744)
    said = refused("verify", str(bundle))
    assert f"{DEPLOYMENT}: is marked as a program" in said


def test_a_name_that_is_no_text_is_refused(bundle: Path, refused: Refused) -> None:
    Path(os.fsdecode(os.fsencode(bundle) + b"/\xff.yaml")).touch()
    assert "has a name that is not UTF-8" in refused("verify", str(bundle))


def test_what_is_no_bundle_is_refused(source: Source, refused: Refused) -> None:
    assert "not the folder of a bundle" in refused("verify", "nowhere")


# --- the statement


def test_the_statement_finds_what_the_bundle_itself_does_not(
    bundle: Path, run: Run, statement: Path
) -> None:
    edit(bundle / DEPLOYMENT, "replicas: 1", "replicas: 9")
    assert codes(run, bundle) == set()
    found = codes(run, bundle, "--statement", str(statement))
    assert found == {("changed-file", DEPLOYMENT)}


def test_the_statement_names_every_file_and_none_more(
    bundle: Path, run: Run, statement: Path
) -> None:
    (bundle / "notes.txt").write_text("x")
    (bundle / DEPLOYMENT).rename(bundle / "40-other.yaml")
    assert codes(run, bundle, "--statement", str(statement)) == {
        ("extra-file", "notes.txt"),
        ("extra-file", "40-other.yaml"),
        ("missing-file", DEPLOYMENT),
    }
    result = run("verify", str(bundle), "--statement", str(statement), "--json")
    places = {f["place"] for f in json.loads(result.out)["findings"]}
    assert places == {"the bundle", str(statement)}


def test_a_tree_id_of_another_bundle_is_found(bundle: Path, run: Run, statement: Path) -> None:
    value = json.loads(statement.read_text())
    value["subject"][0]["digest"]["gitTree"] = "0" * 40
    statement.write_text(json.dumps(value))
    assert codes(run, bundle, "--statement", str(statement)) == {("wrong-tree", "example")}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"_type": "https://in-toto.io/Statement/v1", "subject": []}']
)
def test_what_is_no_statement_is_refused(
    bundle: Path, refused: Refused, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    said = refused("verify", str(bundle), "--statement", str(path))
    assert "not an in-toto statement" in said


def test_the_statement_has_inputs_and_outputs_and_the_same_bytes_again(
    source: Source, run: Run, statement: Path, bundle: Path
) -> None:
    before = statement.read_bytes()
    assert run("attest", "example", "-o", "out").code == 0
    assert statement.read_bytes() == before
    value = json.loads(before)
    definition = value["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "environment": "example",
        "base": "wandb",
        "kubernetes": "1.30",
    }
    lock = locks.load((bundle / locks.FILE).read_text())
    charts = {f"chart {c.name}-{c.version}": c.sha256 for c in lock.charts}
    stated = {e["name"]: e.get("digest") for e in definition["resolvedDependencies"]}
    assert {n: f"sha256:{d['sha256']}" for n, d in stated.items() if n in charts} == charts
    assert {f"image {image.image}" for image in lock.images} < stated.keys()
    assert {e["name"] for e in value["subject"][1:]} == {
        f"example/{path.name}" for path in bundle.iterdir()
    }


def test_the_statement_names_the_source_commit(source: Source, run: Run) -> None:
    def stated() -> object:
        assert run("attest", "example", "-o", "../attested").code == 0
        value = json.loads((source.root.parent / "attested/example.intoto.json").read_text())
        return value["predicate"]["buildDefinition"]["resolvedDependencies"][0]

    assert run("airgap", "example").code == 0
    digest = {"gitCommit": committed(source)}
    assert stated() == {"name": "source", "digest": digest}
    source.write("base/wandb/note.txt", "x")
    assert stated() == {"name": "source", "digest": digest, "annotations": {"changed": True}}


def test_what_does_not_ship_is_not_attested(source: Source, run: Run) -> None:
    result = run("attest", "guide", "-o", "out")
    assert result.code == 1
    assert not source.path("out").exists()


# --- the signature


def test_a_signature_by_somebody_else_is_wrong(
    bundle: Path, run: Run, statement: Path, key: Key
) -> None:
    other = f"{key('other')}.pub"
    argv = ("--statement", str(statement), "--key", other)
    assert codes(run, bundle, *argv) == {("wrong-signature", str(statement))}


def test_a_statement_that_was_changed_has_a_wrong_signature(
    bundle: Path, run: Run, statement: Path
) -> None:
    public = str(statement.parents[2] / "release.pub")
    statement.write_text(statement.read_text() + "\n")
    argv = ("--statement", str(statement), "--key", public)
    assert codes(run, bundle, *argv) == {("wrong-signature", str(statement))}


def test_a_signature_for_another_purpose_is_wrong(bundle: Path, run: Run, statement: Path) -> None:
    private = statement.parents[2] / "release"
    signed = statement.with_name(statement.name + ".sig")
    signed.unlink()
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(private), str(statement)]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    found = codes(run, bundle, "--statement", str(statement), "--key", f"{private}.pub")
    assert found == {("wrong-signature", str(statement))}


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        ("key", "it is a signature by another key"),
        ("statement", "it is a signature of something else"),
        ("purpose", "it was made for another purpose than 'sealift'"),
        ("signature", "it is no signature by ssh-keygen"),
    ],
)
def test_why_a_signature_is_wrong(
    bundle: Path, run: Run, statement: Path, key: Key, spoil: str, cause: str
) -> None:
    private = statement.parents[2] / "release"
    signed = statement.with_name(statement.name + ".sig")
    if spoil == "key":
        private = key("other")
    elif spoil == "statement":
        statement.write_text(statement.read_text() + "\n")
    elif spoil == "purpose":
        signed.unlink()
        argv = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(private), str(statement)]
        subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    else:
        signed.write_text("garbage")
    argv = ["verify", str(bundle), "--statement", str(statement), "--key", f"{private}.pub"]
    result = run(*argv)
    assert result.code == 1
    assert cause in result.err + result.out
    assert "ssh-keygen -Y" not in result.err + result.out
    assert "sealift-sign-" not in result.err + result.out


def test_no_signature_is_not_a_right_one(bundle: Path, run: Run, statement: Path) -> None:
    statement.with_name(statement.name + ".sig").unlink()
    public = str(statement.parents[2] / "release.pub")
    found = codes(run, bundle, "--statement", str(statement), "--key", public)
    assert found == {("wrong-signature", str(statement))}


def test_a_signature_without_a_key_is_not_passed_over(
    bundle: Path, refused: Refused, statement: Path
) -> None:
    argv = ("verify", str(bundle), "--statement", str(statement), "--signature")
    assert "--signature alone proves nothing" in refused(*argv, f"{statement}.sig")


def test_unsigned_is_said(bundle: Path, run: Run) -> None:
    result = run("attest", "example", "-o", "out")
    assert (result.code, "not signed" in result.err) == (0, True)


def test_keys_that_are_none_are_refused(
    bundle: Path, refused: Refused, statement: Path, tmp_path: Path
) -> None:
    argv = ("verify", str(bundle), "--statement", str(statement))
    assert "cannot be read" in refused(*argv, "--key", "nowhere.pub")
    private = statement.parents[2] / "release"
    assert "not an OpenSSH public key" in refused(*argv, "--key", str(private))
    two = tmp_path / "two.pub"
    two.write_text(private.with_suffix(".pub").read_text() * 2)
    assert "not an OpenSSH public key" in refused(*argv, "--key", str(two))
    assert "--statement" in refused("verify", str(bundle), "--key", f"{private}.pub")


def test_a_key_of_cosign_needs_cosign(
    bundle: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = tmp_path / "cosign.key"
    pem.write_text("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    monkeypatch.setattr("builder.tools.signing.shutil.which", lambda name: None)
    said = refused("attest", "example", "-o", "out", "--key", str(pem), code=3)
    assert "cosign is not on PATH" in said


@pytest.mark.skipif(shutil.which("cosign") is None, reason="cosign is not on PATH")
def test_cosign_signs_and_verifies(
    bundle: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSIGN_PASSWORD", "correct-horse")
    for name in ("right", "wrong"):
        argv = ["cosign", "generate-key-pair", "--output-key-prefix", name]
        subprocess.run(argv, check=True, cwd=tmp_path, capture_output=True)
    right, wrong = (str(tmp_path / f"{name}.pub") for name in ("right", "wrong"))
    signed = run("attest", "example", "-o", "out", "--key", right.replace(".pub", ".key"))
    assert signed.code == 0, signed
    statement = bundle.parent / "example.intoto.json"
    argv = ["--statement", str(statement), "--key"]
    assert codes(run, bundle, *argv, right) == set()
    assert codes(run, bundle, *argv, wrong) == {("wrong-signature", str(statement))}
    statement.write_text(statement.read_text() + "\n")
    assert codes(run, bundle, *argv, right) == {("wrong-signature", str(statement))}


# --- built again


def test_another_source_builds_another_bundle(source: Source, bundle: Path, run: Run) -> None:
    assert codes(run, bundle, "--rebuild=example") == set()
    source.edit("base/wandb/weightsandbiases.yaml", "database: wandb", "database: other")
    found = codes(run, bundle, "--rebuild=example")
    assert {code for code, _ in found} == {"not-rebuilt"}
    assert "weightsandbiases" in " ".join(subject for _, subject in found)
