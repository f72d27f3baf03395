"""Credentials by the rules of a base: found, proven by renders, patched."""

import base64
import json
from typing import Any

import msgspec
import pytest
import yaml

from builder.core import patch
from builder.core.base import CredentialRule, NestedChartRule
from builder.core.manifests import Body, Manifests, Origin, Resource
from builder.core.nested import NestedChart, find
from builder.core.secrets import Credential, contested, finding, patching, proof, saying, wanted
from builder.core.secrets.saying import Unproven
from tests.core.samples import resource

LICENSE = CredentialRule(
    name="license",
    values={"/license": "license"},
    secret="{name}-license",
    reference={"/licenseSecret/name": "{secret}", "/licenseSecret/key": "license"},
    since="1.2.0",
)
KEYS = CredentialRule(
    name="keys",
    values={"/bucket/access": "ACCESS", "/bucket/secret": "SECRET"},
    secret="{name}-keys",
    reference={
        "/bucket/ref/name": "{secret}",
        "/bucket/ref/access": "ACCESS",
        "/bucket/ref/secret": "SECRET",
    },
)
MAIL = CredentialRule(
    name="mail",
    values={"/mail/password": "PASSWORD"},
    secret="{name}-mail",
    reference={
        "/mail/password/valueFrom/secretKeyRef/name": "{secret}",
        "/mail/password/valueFrom/secretKeyRef/key": "PASSWORD",
    },
)
RULE = NestedChartRule(
    group="acme.example",
    kind="App",
    chart="/spec/chart",
    values="/spec/values",
    credentials=(LICENSE, KEYS, MAIL),
)
CHART = {"url": "https://charts.example.com", "name": "app", "version": "1.0.0"}
PLANTED = "correct-horse"


def app(**values: Any) -> Resource:
    return resource("App", "acme.example", "web", spec={"chart": CHART, "values": values})


def nested(*resources: Resource) -> NestedChart:
    [found] = find(Manifests(resources), [RULE])
    assert isinstance(found, NestedChart), found
    return found


def credentials(
    owner: Resource, written: dict[tuple[str, ...], Any] | None = None
) -> list[Credential]:
    return finding.credentials(nested(owner), RULE, written or {})


def one(owner: Resource) -> Credential:
    [found] = credentials(owner)
    return found


def pod(**spec: Any) -> Resource:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    return Resource(body=body, origin=Origin(source="app-1.0.0"))


def env(*references: tuple[str, str]) -> Resource:
    """A Pod that takes keys of Secrets into its environment."""
    entries = [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
        for name, key in references
    ]
    return pod(containers=[{"name": "c", "env": entries}])


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        pytest.param("x", "x", id="a text"),
        pytest.param(123456, "123456", id="a number"),
        pytest.param("", None, id="an empty text"),
        pytest.param(None, None, id="null"),
        pytest.param(True, None, id="a switch"),
        pytest.param({"valueFrom": {}}, None, id="a reference that stands there"),
        pytest.param(["x"], None, id="a list"),
    ],
)
def test_what_counts_as_the_value_of_a_credential(value: Any, literal: str | None) -> None:
    found = credentials(app(license=value))
    assert [dict(f.literals) for f in found] == (
        [{("spec", "values", "license"): literal}] if literal else []
    )


def test_a_credential_knows_its_secret_and_what_refers_to_it() -> None:
    found = one(app(bucket={"access": "a", "secret": "b"}))
    at = ("spec", "values", "bucket")
    assert (found.secret, found.namespace, found.state) == ("web-keys", "default", "literal")
    assert found.keys == {(*at, "access"): "ACCESS", (*at, "secret"): "SECRET"}
    assert found.references == {
        (*at, "ref", "name"): "web-keys",
        (*at, "ref", "access"): "ACCESS",
        (*at, "ref", "secret"): "SECRET",
    }


def test_no_value_is_in_what_may_be_printed() -> None:
    found = one(app(license=PLANTED))
    [secret] = wanted([found])
    text = f"{found!r} {secret!r} {secret} {Unproven(credential=found)!r}"
    assert "license" in text
    assert PLANTED not in text


def test_what_people_refer_to_themselves_stays() -> None:
    theirs = {"name": "ours", "key": "LIC"}
    found = one(app(licenseSecret=theirs))
    assert (found.state, found.secret, *found.keys.values()) == ("referenced", "ours", "LIC")
    both = one(app(license=PLANTED, licenseSecret=theirs))
    assert (both.state, both.secret, *both.keys.values()) == ("literal", "ours", "LIC")
    assert [
        o.op for o in patching.operations(app(license="x", licenseSecret=theirs).body, [both])
    ] == ["remove"]


def test_a_credential_whose_value_has_gone_is_known_from_the_patches() -> None:
    before = app(license=PLANTED, mail={"host": "m"})
    text = patching.write({before.id: before}, credentials(before))
    after = app(mail={"host": "m"})
    assert credentials(after) == []
    written = patching.written(patch.parse_transformers(text, source="s"), after)
    [kept] = finding.credentials(nested(after), RULE, written)
    assert (kept.state, kept.literals, kept.secret) == ("kept", {}, "web-license")
    assert "remove" not in patching.write({after.id: after}, [kept])


def patched(owner: Resource) -> Body:
    """The resource as the patch file makes it, by the strict engine."""
    text = patching.write({owner.id: owner}, credentials(owner))
    patches = patch.parse_transformers(text, source="patches/secrets.yaml")
    after, problems = patch.apply_all(Manifests([owner]), patches)
    assert problems == []
    [result] = after
    return result.body


@pytest.mark.parametrize(
    ("values", "after"),
    [
        pytest.param(
            {"license": PLANTED},
            {"licenseSecret": {"name": "web-license", "key": "license"}},
            id="nothing of it is there",
        ),
        pytest.param(
            {"license": PLANTED, "licenseSecret": {"name": "", "key": ""}},
            {"licenseSecret": {"name": "web-license", "key": "license"}},
            id="empty places are there",
        ),
        pytest.param(
            {"license": PLANTED, "licenseSecret": None},
            {"licenseSecret": {"name": "web-license", "key": "license"}},
            id="null above",
        ),
        pytest.param(
            {"bucket": {"access": PLANTED, "secret": PLANTED, "name": "b"}},
            {
                "bucket": {
                    "name": "b",
                    "ref": {"name": "web-keys", "access": "ACCESS", "secret": "SECRET"},
                }
            },
            id="two values, one Secret",
        ),
        pytest.param(
            {"mail": {"password": PLANTED}},
            {
                "mail": {
                    "password": {
                        "valueFrom": {"secretKeyRef": {"name": "web-mail", "key": "PASSWORD"}}
                    }
                }
            },
            id="the reference where the value stood",
        ),
    ],
)
def test_the_patch_puts_the_reference_in_the_place_of_the_value(
    values: dict[str, Any], after: dict[str, Any]
) -> None:
    owner = app(**values)
    assert patched(owner)["spec"]["values"] == after
    assert owner.body["spec"]["values"] == values
    assert patching.converted(owner.body, credentials(owner)) == patched(owner)


def test_the_patch_file_tells_no_value_and_is_the_same_each_time() -> None:
    owner = app(license=PLANTED, bucket={"access": PLANTED + "1", "secret": PLANTED + "2"})
    text = patching.write({owner.id: owner}, credentials(owner))
    assert text == patching.write({owner.id: owner}, credentials(owner))
    assert PLANTED not in text
    assert patching.is_ours(text)
    [document] = yaml.safe_load_all(text)
    operations = yaml.safe_load(document["patch"])
    assert [o["op"] for o in operations] == ["remove", "add", "remove", "remove", "add"]
    assert "# license: the Secret web-license has it, as license" in document["patch"]


def test_nothing_to_patch_is_no_file() -> None:
    assert patching.write({}, []) == ""
    owner = app(licenseSecret={"name": "ours", "key": "k"})
    assert patching.write({owner.id: owner}, credentials(owner)) == ""


# Proof.


def test_a_reference_is_proven_when_the_token_is_nowhere_and_the_keys_are_taken() -> None:
    own = one(app(bucket={"access": "a", "secret": "b"}))
    assert proof.verdict([env(("web-keys", "ACCESS"), ("web-keys", "SECRET"))], own).proven


@pytest.mark.parametrize(
    ("made", "missing"),
    [
        pytest.param([], ("ACCESS", "SECRET"), id="nothing"),
        pytest.param([env(("web-keys", "ACCESS"))], ("SECRET",), id="one key of two"),
        pytest.param([env(("other", "ACCESS"), ("other", "SECRET"))], ("ACCESS", "SECRET"),
                     id="another Secret"),
        pytest.param(
            [pod(containers=[{"name": "c", "envFrom": [{"secretRef": {"name": "web-keys"}}]}])],
            (), id="the whole Secret as environment",
        ),
        pytest.param([pod(volumes=[{"name": "v", "secret": {"secretName": "web-keys"}}])], (),
                     id="the whole Secret as a volume"),
        pytest.param(
            [pod(volumes=[{"name": "v", "secret": {"secretName": "web-keys",
                                                  "items": [{"key": "ACCESS", "path": "a"}]}}])],
            ("SECRET",), id="one key as a volume",
        ),
        pytest.param(
            [pod(volumes=[{"name": "v", "projected": {"sources": [{"secret": {
                "name": "web-keys", "items": [{"key": "ACCESS", "path": "a"},
                                              {"key": "SECRET", "path": "b"}]}}]}}])],
            (), id="projected",
        ),
    ],
)  # fmt: skip
def test_every_key_of_the_secret_has_to_be_taken(
    made: list[Resource], missing: tuple[str, ...]
) -> None:
    own = one(app(bucket={"access": "a", "secret": "b"}))
    assert proof.verdict(made, own).missing == missing


def test_what_only_a_test_hook_shows_speaks_against_nothing() -> None:
    own = one(app(license="x"))
    shown = pod(args=[proof.token(own, ("spec", "values", "license"))])
    hook = Resource(body=shown.body, origin=Origin(source="app-1.0.0", hooks=("test",)))
    assert proof.verdict([shown], own).shown == ("Pod/p",)
    assert proof.verdict([hook], own).shown == ()


@pytest.mark.parametrize(("named", "state"), [(("a",), None), (("a", "b"), "referenced")])
def test_a_credential_is_referred_to_wherever_its_rule_says(
    named: tuple[str, ...], state: str | None
) -> None:
    twice = CredentialRule(
        name="twice",
        values={"/pw": "PW"},
        secret="{name}-pw",
        reference={"/a/name": "{secret}", "/b/name": "{secret}"},
    )
    rule = msgspec.structs.replace(RULE, credentials=(twice,))
    owner = app(**{key: {"name": "ours"} for key in named})
    found = finding.credentials(nested(owner), rule, {})
    assert [each.state for each in found] == ([state] if state else [])


def test_a_key_that_two_have_different_values_for_has_none() -> None:
    shared = msgspec.structs.replace(LICENSE, secret="shared")
    rule = msgspec.structs.replace(RULE, credentials=(shared,))

    def license_of(name: str, value: str) -> Credential:
        spec = {"chart": CHART, "values": {"license": value}}
        owner = resource("App", "acme.example", name, spec=spec)
        [found] = finding.credentials(nested(owner), rule, {})
        return found

    first, second, same = (license_of(n, v) for n, v in (("a", "x"), ("b", "y"), ("c", "x")))
    holder = license_of("d", "replace-with-your-license")
    assert [dict(secret.values) for secret in wanted([first, same, holder])] == [{"license": "x"}]
    assert list(contested([first, same, holder])) == []
    [secret] = wanted([first, second])
    assert (secret.keys, dict(secret.values), secret.complete) == (("license",), {}, False)
    [(name, key, owners)] = contested([first, second])
    said = saying.contested(name, key, owners)
    assert (said.subject, said.place) == (
        "Secret default/shared", "App/a license and App/b license",
    )  # fmt: skip


def test_what_only_a_test_hook_refers_to_proves_nothing() -> None:
    made = env(("web-license", "license"))
    hook = Resource(body=made.body, origin=Origin(source="app-1.0.0", hooks=("test",)))
    own = one(app(license="x"))
    assert proof.verdict([made], own).missing == ()
    assert proof.verdict([hook], own).missing == ("license",)


def encodings(text: str) -> dict[str, Any]:
    once = base64.b64encode(text.encode()).decode()
    return {
        "plain": text,
        "in a URL": f"mysql://user:{text}@db:3306/app",
        "upper case": text.upper(),
        "base64": once,
        "base64 of more, one byte on": base64.b64encode(f"a{text}b".encode()).decode(),
        "base64 of more, two bytes on": base64.b64encode(f"ab{text}bcd".encode()).decode(),
        "base64 within a text": f"auth: {base64.b64encode(f'user:{text}'.encode()).decode()}",
        "base64 of base64": base64.b64encode(once.encode()).decode(),
        "base64 of a text with base64": base64.b64encode(f"k: {once}\n".encode()).decode(),
        "JSON": json.dumps({"a": [text]}),
        "as a key": {text: 1},
        "in a list": [{"a": text}],
    }


@pytest.mark.parametrize("where", list(encodings("x")))
def test_a_value_is_seen_however_it_was_written(where: str) -> None:
    own = one(app(license="x"))
    text = proof.token(own, ("spec", "values", "license"))
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"LICENSE": encodings(text)[where]}}  # fmt: skip
    made = Resource(body=body, origin=Origin(source="app-1.0.0"))
    assert proof.verdict([made, env(("web-license", "license"))], own).shown == ("Secret/s",)
    other = proof.token(own, ("spec", "values", "other"))
    assert not proof.shows(encodings(text)[where], other)


def test_tokens_stand_beside_the_references_or_where_the_values_were() -> None:
    owner = app(license=PLANTED, mail={"password": PLANTED})
    known = credentials(owner)
    planted = proof.planted(owner.body, known)["spec"]["values"]
    license_, _ = known
    assert planted["license"] == proof.token(license_, ("spec", "values", "license"))
    assert planted["licenseSecret"] == {"name": "web-license", "key": "license"}
    assert planted["mail"]["password"]["valueFrom"]["secretKeyRef"]["name"] == "web-mail"
    assert PLANTED not in json.dumps(planted)
    assert owner.body["spec"]["values"]["license"] == PLANTED


def test_what_a_chart_quotes_is_taken_out_of_its_refusal() -> None:
    known = credentials(app(license=PLANTED, bucket={"access": PLANTED + "-2", "secret": "s3cret"}))
    said = proof.redacted(f"no {PLANTED}, nor {PLANTED}-2, nor s3cret", known)
    assert said == "no ***, nor ***, nor ***"


def test_a_secret_that_the_chart_makes_itself_is_seen() -> None:
    own = one(app(license="x"))
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web-license"}}
    made = Resource(body=body, origin=Origin(source="app-1.0.0"))
    assert proof.made([made], own)
    assert not proof.made([env(("web-license", "license"))], own)


# What is said.


def test_a_version_without_the_form_names_the_first_that_has_it() -> None:
    owner = app(license=PLANTED)
    own = one(owner)
    found = Unproven(credential=own, verdict=proof.verdict([], own))
    [said] = saying.no_form(nested(owner), "acme", found)
    assert said.place == "App/web /spec/values/license"
    assert "app 1.2.0 is the first version" in said.hint
    assert "app-1.0.0" in said.cause


def test_a_rule_that_is_wrong_is_said_to_be() -> None:
    owner = app(bucket={"access": "a", "secret": "b"})
    own = one(owner)
    found = Unproven(credential=own, verdict=proof.verdict([], own))
    said = list(saying.no_form(nested(owner), "acme", found))
    assert [f.place.rpartition("/")[2] for f in said] == ["access", "secret"]
    assert {f.hint for f in said} == {
        "look at this rule's reference in base/acme/base.yaml: this version has another"
    }


def test_a_credential_without_a_rule_is_said() -> None:
    owner = app(license="x", extra={"dbPassword": PLANTED, "bucket": "plain"})
    [said] = saying.no_rule(nested(owner), RULE, "acme", ())
    assert (said.code, said.place) == (
        "no-credential-rule",
        "App/web /spec/values/extra/dbPassword",
    )
    assert PLANTED not in str(said)


def test_references_are_no_credentials_without_a_rule() -> None:
    """Their keys are named as credentials: ``bucket.ref.secret`` is the name of a key."""
    owner = app(bucket={"ref": {"name": "ours", "access": "A", "secret": "S"}})
    assert list(saying.no_rule(nested(owner), RULE, "acme", ())) == []


def test_the_same_text_at_another_place_is_a_warning() -> None:
    owner = app(license=PLANTED, extra={"URL": f"https://u:{PLANTED}@h", "other": "plain"})
    [said] = saying.copied(nested(owner), credentials(owner))
    assert (said.severity, said.place) == ("warning", "App/web /spec/values/extra/URL")
    short = app(license="web", extra={"name": "web"})
    assert list(saying.copied(nested(short), credentials(short))) == []


def test_a_value_in_another_source_of_values_is_said() -> None:
    rule = NestedChartRule(
        group=RULE.group, kind=RULE.kind, chart=RULE.chart, values=RULE.values,
        credentials=RULE.credentials, values_secret="{name}-user",
    )  # fmt: skip
    owner = app(bucket={"name": "b"})
    below = resource("Secret", name="web-user", stringData={"values": f"license: {PLANTED}\n"})
    [found] = find(Manifests([owner, below]), [rule])
    assert isinstance(found, NestedChart)
    [said] = saying.elsewhere(found, rule)
    assert (said.code, said.subject) == ("credential-elsewhere", "license")
    assert finding.credentials(found, rule, {}) == []


# Secrets.


def test_credentials_that_share_a_secret_are_joined() -> None:
    first, second, _ = credentials(
        app(license="L", bucket={"access": "A", "secret": "B"}, mail={"password": "M"})
    )
    joined = [Credential(**{f: getattr(c, f) for f in c.__slots__} | {"secret": "all"})
              for c in (first, second)]  # fmt: skip
    [secret] = wanted(joined)
    assert (str(secret), secret.keys) == ("default/all", ("ACCESS", "SECRET", "license"))
    assert secret.values == {"license": "L", "ACCESS": "A", "SECRET": "B"}
    assert secret.complete


def test_a_placeholder_is_no_value() -> None:
    owner = app(license="replace-with-your-license")
    [secret] = wanted(credentials(owner))
    assert not secret.complete
    assert "remove" in patching.write({owner.id: owner}, credentials(owner))


def test_a_secret_without_all_of_its_values_is_not_complete() -> None:
    [secret] = wanted(credentials(app(bucket={"access": "A"})))
    assert secret.keys == ("ACCESS", "SECRET")
    assert not secret.complete
