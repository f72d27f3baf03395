"""What of resources is a credential in the open, and what only looks so."""

import base64
import gzip
import json
from typing import Any

import pytest

from builder.core import guard
from builder.core.base import CredentialRule, NestedChartRule
from builder.core.guard import Suspect, Walk
from builder.core.guard.findings import Shipped, judge
from builder.core.manifests import Resource
from tests.core.samples import resource
from tests.planted import CERTIFICATE, PRIVATE_KEY, TOKENS, jwt, pem, token

RULE = NestedChartRule(
    group="x.io",
    kind="App",
    chart="/spec/chart",
    values="/spec/values",
    credentials=(
        CredentialRule(
            name="Redis password",
            values={"/redis/pw": "PW"},
            secret="{name}-redis",
            reference={"/redis/secret/secretName": "{secret}", "/redis/secret/secretKey": "PW"},
        ),
    ),
)


def suspects(one: Resource) -> list[Suspect]:
    return list(guard.of_resource(one, [RULE]))


def places(one: Resource) -> list[tuple[str, str, str]]:
    return [(s.form, "/".join(s.path), s.within) for s in suspects(one)]


def in_values(values: Any) -> list[tuple[str, str]]:
    return [(s.form, "/".join(s.path)) for s in Walk(declared={}).value(values)]


def in_text(text: str) -> list[tuple[str, str]]:
    return [(s.form, s.within) for s in Walk(declared={}).text(text, ("data", "app"))]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_what_a_rule_of_the_base_names_is_one_whatever_its_key() -> None:
    [found] = suspects(resource("App", "x.io", "a", spec={"values": {"redis": {"pw": "hunter"}}}))
    assert (found.form, found.name, found.path) == (
        "declared", "Redis password", ("spec", "values", "redis", "pw"),
    )  # fmt: skip
    assert found.value == "hunter"
    assert "hunter" not in repr(found)


@pytest.mark.parametrize("value", ["", "$(PW)", {"valueFrom": {}}, None, "{{ .Values.pw }}"])
def test_what_a_rule_names_may_be_empty_or_refer_to_it(value: Any) -> None:
    assert suspects(resource("App", "x.io", "a", spec={"values": {"redis": {"pw": value}}})) == []


def test_what_a_rule_says_to_refer_to_a_secret_is_none() -> None:
    values = {"redis": {"secret": {"secretName": "a-redis", "secretKey": "PW"}}}
    assert suspects(resource("App", "x.io", "a", spec={"values": values})) == []


@pytest.mark.parametrize(
    "values",
    [
        {"password": "hunter"}, {"db": {"rootPassword": "x y z"}}, {"pw": [{"apiKey": "abc"}]},
        {"license": "ABC"}, {"bucket": {"name": "b", "secretKey": "SECRET_KEY"}},
        {"password": 1234}, {"env": [{"name": "DB_PASSWORD", "value": "hunter"}]},
        {"parameters": [{"name": "auth.password", "value": "hunter"}]},
        {"set": {"auth.password": "hunter"}}, {"PASSWORD": {"value": "hunter"}},
        {"args": ["--db-password", "hunter"]}, {"args": ["--token=hunter"]},
        {"command": ["sh", "-c", "login --password hunter2"]}, {"passwords": ["hunter"]},
        {"apiKeys": {"a": "hunter"}}, {"MYSQL_PWD": "hunter"}, {"clientSecret": "my-client"},
        {"auths": {"r.example.com": {"auth": encoded("jane:hunter")}}},
        {"existingSecret": "Not A Name"}, {"encryptionKey": "hunter"}, {"password": "$ecret"},
        {"url": "Server=db;User=sa;Password=hunter2;"}, {"args": ["--set", "db.password=hunter"]},
        {"PassWord": "hunter"}, {"DB_PASSWORD_1": "hunter"}, {"password2": "hunter"},
        {"clientsecret": "hunter"}, {"ACCESSTOKEN": "hunter"}, {"rootPw": "hunter"},
        {"bindpw": "hunter"}, {"passwordValue": "hunter"}, {"licence": "ABC"}, {"hmacKey": "abc"},
        {"password": ["hunter"]}, {"password": {"inline": "hunter"}},
        {"params": [{"key": "dbPassword", "stringValue": "hunter"}]},
        {"params": [{"Name": "dbPassword", "Value": "hunter"}]},
        {"bucket": {"secretName": "", "secretKey": "hunter"}}, {"password": "${PW:-hunter}"},
        {"headers": [{"name": "Authorization", "value": "Bearer hunter"}]},
        {"url": "Server=db;Uid=sa;Pwd=hunter2;"},
    ],
)  # fmt: skip
def test_what_keys_name(values: Any) -> None:
    [(form, _)] = in_values(values)
    assert form == "named"


@pytest.mark.parametrize(
    "values",
    [
        {"password": ""}, {"password": "$(DB_PASSWORD)"}, {"token": "${TOKEN}"},
        {"token": "{{ .Values.token }}"}, {"password": True}, {"token": "true"}, {"token": 3600},
        {"passwordSecret": {"name": "s", "passwordKey": "PW"}}, {"tokenUrl": "https://x.example/t"},
        {"secretName": "db"}, {"licenseKeyRef": {"name": "s", "key": "license"}},
        {"keyPath": "/etc/tls/tls.key"}, {"privateKey": "/etc/tls/tls.key"},
        {"existingSecret": "db"}, {"imagePullSecret": "regcred"}, {"pullSecrets": ["regcred"]},
        {"nginx.ingress.kubernetes.io/auth-secret": "ns/basic-auth"},
        {"redis": {"secretName": "r", "secretKey": "REDIS_PASSWORD"}},
        {"oidcSecret": {"name": "o", "secretKey": "OIDC_SECRET"}},
        {"passwordSecret": {"secretName": "s", "password": "key-in-it"}},
        {"data": [{"secretKey": "PASSWORD", "remoteRef": {"key": "prod/db"}}]},
        {"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        {"envFrom": {"{{ .Release.Name }}-secret": "secretRef"}},
        {"env": [{"name": "MYSQL_ALLOW_EMPTY_PASSWORD", "value": "1"}]},
        {"license": "Apache-2.0"}, {"tokenizer": "x"}, {"BYPASS": "yes"},
        {"password": "<path:a#b>"}, {"password": "ref+vault://secret/db#pw"}, {"proxy_pass": "http://app:8080"},
        {"clientSecret": "$oidc.okta.clientSecret"}, {"args": ["--password", "$(PW)"]},
        {"matchLabelKeys": ["pod-template-hash"]},
        {"auth": {"secretKeys": {"adminPasswordKey": "postgres-password"}}},
        {"existingSecretAdminPassword": "harbor"}, {"eosToken": "<|endoftext|>"},
        {"stopTokens": ["</s>"]}, {"password": "${PW:-$(cat /run/pw)}"}, {"token": "${TOKEN:-}"},
        {"ini": "password = $__env{GF_PASSWORD}"},
    ],
)  # fmt: skip
def test_what_keys_do_not_name(values: Any) -> None:
    assert in_values(values) == []


@pytest.mark.parametrize("text", TOKENS.values(), ids=TOKENS)
def test_tokens_and_keys_are_known_by_their_form(text: str) -> None:
    [found] = Walk(declared={}).value({"note": f"see {text} there"})
    assert found.form == "shape"
    assert found.value in text
    assert len(found.value) > 12


@pytest.mark.parametrize("text", TOKENS.values(), ids=TOKENS)
def test_they_are_known_within_base64_as_well(text: str) -> None:
    [found] = Walk(declared={}).value({"note": encoded(f"see {text}")})
    assert (found.form, found.within.partition(" line")[0]) == ("shape", "in base64")


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://jane:hunter@db.example.com/x", True), ("mysql://u:pa/ss@db/x", True),
        ("amqp://u:p:w@h", True), ("https://u:$(PW)@db/x", False), ("https://u@db/x", False),
        ("http://host:8080/path@v1", False), ("https://u:{{ .pw }}@db", False),
        ("https://db.example.com/a:b@c", False), ("app:hunter@tcp(db:3306)/x", True),
        ("app:$(PW)@tcp(db:3306)/x", False),
    ],
)  # fmt: skip
def test_passwords_in_urls(url: str, is_one: bool) -> None:
    assert in_values({"url": url}) == ([("shape", "url")] if is_one else [])


@pytest.mark.parametrize(
    "text",
    [
        token("", 32), token("", 40), token("", 64), token("", 43, "0123456789abcdef"),
        base64.b64encode(bytes(range(7, 200, 6))).decode(), token("k-", 40),
        "https://hooks.example.com/services/" + token("", 32), "?sig=" + token("", 44),
        f"https://{token('', 32)}@git.example.com/x.git",
    ],
)  # fmt: skip
def test_what_is_random_is_suspect(text: str) -> None:
    assert in_values({"note": text}) == [("random", "note")]


DIGEST = token("", 64, "0123456789abcdef")


@pytest.mark.parametrize(
    "values",
    [
        {"image": f"r.example.com/a/b@sha256:{DIGEST}"}, {"note": f"sha256:{DIGEST}"},
        {"metadata": {"annotations": {"checksum/config": DIGEST}}}, {"commitRef": DIGEST[:40]},
        {"note": f"sha256sum: {DIGEST}"}, {"uid": "6c1d3f0e-5b7a-4c2d-9e8f-0a1b2c3d4e5f"},
        {"note": "6c1d3f0e-5b7a-4c2d-9e8f-0a1b2c3d4e5f"}, {"ca": CERTIFICATE},
        {"caBundle": encoded(CERTIFICATE * 2)}, {"key": pem("PUBLIC KEY")},
        {"note": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + token("", 43)},
        {"note": "prometheus-config-reloader-v0-67-0-canary-deployment"},
        {"note": "TopologySpreadConstraintsWhenUnsatisfiableV2Beta1"},
        {"note": "https://raw.example.com/o/r/" + DIGEST[:40] + "/assets/logo-cb55bb5c346.png"},
        {"note": "https://x.example/CentOS-Stream-GenericCloud-8-20210603.0.x86_64.qcow2"},
        {"env": [{"name": "SCRIPT_SHA", "value": DIGEST[:40]}]}, {"tags": [DIGEST[:32]]},
        {"url": "registry.example.com/a/b:" + DIGEST[:40]},
        {"integrity": "sha512-" + token("", 86) + "=="},
        {"host": "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6-123456.eu-west-1.elb.example.com"},
        {"icon": encoded("") + "iVBORw0KGgoAAAANSUhEUg" + token("", 80)},
        {"dsn": f"https://{DIGEST[:32]}@sentry.example.com/2"},
    ],
)  # fmt: skip
def test_digests_ids_and_what_is_public_are_no_credentials(values: Any) -> None:
    assert in_values(values) == []


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("db:\n  password: hunter\n  user: x\n", "/db/password"),
        ('{"a": [{"token": "hunter"}]}', "/a/0/token"),
        ("[db]\npassword = hunter\n", "password"),
        ("#!/bin/sh\nexport DB_PASSWORD='hunter 2'\nrun\n", "DB_PASSWORD"),
        ("run --api-key hunter2 --x\n", "api-key"),
        ("server: x\nAccountKey=hunter2;Endpoint=y\n", "AccountKey"),
        ("a: b\n# password: hunter\n", "password"),
        ("values: |\n  inner:\n    secretKey: hunter\n", "/values /inner/secretKey"),
        ("<users>\n<password>hunter</password>\n</users>", "password"),
        ("<password><![CDATA[hunter]]></password>", "password"),
        ("export DB_PASSWORD_2=hunter\nrun\n", "DB_PASSWORD_2"),
    ],
)
def test_texts_in_texts(text: str, within: str) -> None:
    assert in_text(text) == [("named", within)]


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\nPASSWORD=$(cat /run/pw)\nexport TOKEN=\"$1\"\nlogin --password \"$PASSWORD\"\n",
        "password = os.environ['X']\ntoken := os.Getenv(\"TOKEN\")\n",
        "# token: the token that the server gave out\n# password: see the manual\na: b\n",
        "location / {\n  proxy_pass http://app;\n  proxy_set_header Authorization $http_auth;\n}\n",
        "password: {{ .Values.password }}\n", "token: ${TOKEN}\nlicense: $LICENSE\n",
        "basic authentication is used\nBearer of good news\n", "if [ -z \"$token\" ]; then\n fi\n",
        CERTIFICATE * 3, "hs = {}\nhs.token = obj.status.token\nreturn hs\n",
        "TOKEN=`cat /run/token`\n", "usage: app --token TOKEN --password DB_PASSWORD\n",
        "<password from_env='PW'/><password></password><token>${TOKEN}</token>",
        'curl -u "$USER:$PASS" https://x\nmysql -uroot -p"$PW" -e x\nredis-cli -a "$PW" ping\n'
        "mysql -p$(python -c 'print(1)') -e x\n",
    ],
)  # fmt: skip
def test_scripts_prose_and_templates_hold_none(text: str) -> None:
    assert in_text(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "curl -s -u jane:hunter2 https://x", "mysql -u root -phunter2 db", "sshpass -p hunter2 ssh",
        "redis-cli -h db -a hunter2 ping", "machine x.example\nlogin jane password hunter2\n",
        "_auth=" + encoded("jane:hunter2"), "discord.com/api/webhooks/1234567/" + "aB3" * 20,
        "MII" + "EvQIBADANBgkqhkiG9w0BAQEFAASC" + token("", 90),
    ],
)  # fmt: skip
def test_what_clients_log_in_with(text: str) -> None:
    assert {form for form, _ in in_text(f"run\n{text}\n")} <= {"shape", "named"}
    assert in_text(f"run\n{text}\n")


def test_a_block_that_was_cut_off_hides_no_key_behind_it() -> None:
    cut = CERTIFICATE.partition("-----END")[0]
    assert [form for form, _ in in_text(cut + PRIVATE_KEY + CERTIFICATE)] == ["shape"]
    body = {"tls.crt": encoded(cut + PRIVATE_KEY + CERTIFICATE)}
    assert len(places(resource("Secret", name="s", data=body))) == 1


def test_a_secret_within_values_has_content_whatever_its_keys_are() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "stringData": {"a": "hunter", "b": "$(X)"},
    }
    assert in_values({"extraObjects": [secret]}) == [("content", "extraObjects/0/stringData/a")]
    applied = {"metadata": {"annotations": {"applied": json.dumps(secret)}}}
    assert in_values(applied) == [("content", "metadata/annotations/applied")]
    cloned = {"apiVersion": "v1", "kind": "Secret", "name": "s", "data": {"type": "Opaque"}}
    assert in_values({"generate": cloned}) == [], "a rule of Kyverno is no Secret"


@pytest.mark.parametrize("packed", [True, False])
def test_a_config_map_of_bytes_is_read(packed: bool) -> None:
    text = b"[db]\npassword=hunter\n"
    data = gzip.compress(text) if packed else b"\xff\xfe\x00" + text
    one = resource(
        "ConfigMap", name="c", binaryData={"a": base64.b64encode(data).decode(), "b": "/wD//g=="}
    )
    assert places(one) == [("named", "binaryData/a", "password")]


def test_what_unpacks_without_end_is_read_up_to_a_limit() -> None:
    bomb = base64.b64encode(gzip.compress(b"password=hunter\n" + b"x" * 50_000_000)).decode()
    assert len(suspects(resource("ConfigMap", name="c", binaryData={"a": bomb}))) == 1


def test_a_line_is_named_where_there_are_several() -> None:
    assert in_text("one\ntwo " + TOKENS["GitLab"] + "\n") == [("shape", "line 2")]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"data": {"k": encoded("v")}}, ["data/k"]), ({"stringData": {"k": "v"}}, ["stringData/k"]),
        ({"data": {"k": ""}}, []), ({"data": {"k": None}}, []), ({"type": "Opaque"}, []),
        ({"stringData": {"k": "<path:secret/db#pw>"}}, []), ({"stringData": {"k": "${PW}"}}, []),
        ({"stringData": {"k": "$ecret"}}, ["stringData/k"]),
        ({"stringData": {"k": "true"}}, ["stringData/k"]),
        ({"stringData": {"k": "/a/b/c.txt"}}, ["stringData/k"]),
        ({"stringData": {"k": "PASSWORD"}}, ["stringData/k"]),
        ({"data": {"ca.crt": encoded(CERTIFICATE)}}, []),
        ({"data": {"tls.crt": encoded(CERTIFICATE), "tls.key": encoded(PRIVATE_KEY)}},
         ["data/tls.key"]),
        ({"data": {"both": encoded(CERTIFICATE + PRIVATE_KEY)}}, ["data/both"]),
        ({"data": {"k": "//4="}}, ["data/k"]), ({"stringData": {"n": 5}}, ["stringData/n"]),
    ],
)  # fmt: skip
def test_the_content_of_a_secret(body: dict[str, Any], found: list[str]) -> None:
    assert [p for _, p, _ in places(resource("Secret", name="s", **body))] == found


def encrypted(text: str) -> str:
    tail = f"iv:{encoded('i' * 32)},tag:{encoded('t' * 16)},type:str"
    return f"ENC[AES256_GCM,data:{encoded(text)},{tail}]"


SOPS = {
    "age": [{"recipient": "age1" + token("", 58).lower(), "enc": pem("AGE ENCRYPTED FILE")}],
    "mac": encrypted("m" * 64),
    "version": "3.9.0",
}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"data": ["hunter"]}, ["data/0"]),
        ({"stringData": "password: hunter"}, ["stringData"]),
        ({"stringData": {"a": {"b": "hunter"}}}, ["stringData/a/b"]),
        ({"stringData": {"a": 1}}, ["stringData/a"]),
        ({"data": None, "stringData": {"a": None, "b": "", "c": []}}, []),
    ],
)
def test_a_secret_that_kubernetes_would_not_take_is_committed_all_the_same(
    body: dict[str, Any], found: list[str]
) -> None:
    several = places(resource("Secret", name="s", **body))
    assert several == [("content", place, "") for place in found]


def test_of_a_definition_its_annotations_are_looked_at() -> None:
    metadata = {"name": "a.x.io", "annotations": {"token": "hunter-2"}}
    one = resource("CustomResourceDefinition", "apiextensions.k8s.io", metadata=metadata)
    assert places(one) == [("named", "metadata/annotations/token", "")]


@pytest.mark.parametrize("start", [4090, 8180, 12280])
def test_a_token_is_found_wherever_it_begins_in_a_long_text(start: int) -> None:
    """Long texts are looked at in pieces."""
    text = "x " * (start // 2) + TOKENS["Stripe"] + " y" * 3000
    assert [form for form, _ in in_text(text)][:1] == ["shape"]


def test_a_block_of_sops_says_nothing_else() -> None:
    """Its MAC and its keys look random; without a MAC it is no block of SOPS."""
    block = {**SOPS, "mac": encrypted("x"), "age": [{"enc": TOKENS["GitLab"]}]}
    assert places(resource("App", "x.io", "a", sops=block)) == []
    without = {key: value for key, value in block.items() if key != "mac"}
    assert len(places(resource("App", "x.io", "a", sops=without))) == 1


def test_a_secret_that_sops_encrypted_passes_whole_or_not_at_all() -> None:
    data = {"a": encrypted("x"), "b": encrypted("y")}
    assert places(resource("Secret", name="s", data=data, sops=SOPS)) == []
    mixed = resource("Secret", name="s", stringData={**data, "c": "hunter"}, sops=SOPS)
    assert places(mixed) == [("content", "stringData/c", "")]
    assert len(places(resource("Secret", name="s", data=data))) == 2, "nothing could decrypt it"
    inside = resource("Secret", name="s", data={"a": encrypted("x") + " hunter"}, sops=SOPS)
    assert len(places(inside)) == 1


def test_values_that_sops_encrypted_elsewhere_pass() -> None:
    spec = {"values": {"db": {"password": encrypted("x")}}}
    assert places(resource("App", "x.io", "a", spec=spec, sops=SOPS)) == []


def test_sealed_and_external_secrets_pass_but_for_what_their_templates_hold() -> None:
    spec = {"encryptedData": {"password": token("Ag", 600)}, "template": {"data": {"user": "x"}}}
    assert places(resource("SealedSecret", "bitnami.com", "s", spec=spec)) == []
    spec["template"] = {"data": {"password": "hunter"}}
    assert places(resource("SealedSecret", "bitnami.com", "s", spec=spec)) == [
        ("named", "spec/template/data/password", "")
    ]
    external = {
        "data": [
            {"secretKey": "PASSWORD", "remoteRef": {"key": "prod/db", "property": "password"}}
        ],
        "target": {"name": "db", "template": {"data": {"password": "{{ .PASSWORD }}"}}},
    }
    assert places(resource("ExternalSecret", "external-secrets.io", "s", spec=external)) == []


def test_of_a_definition_only_defaults_count() -> None:
    schema = {
        "description": f"the password: hunter2, or {TOKENS['GitLab']}",
        "properties": {"password": {"type": "string", "example": "hunter", "default": "hunter"}},
    }
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]
    crd = resource(
        "CustomResourceDefinition", "apiextensions.k8s.io", "a", spec={"versions": versions}
    )
    [(form, path, _)] = places(crd)
    assert (form, path.rpartition("/")[2]) == ("named", "password")


def test_texts_of_config_maps_their_binary_data_and_annotations() -> None:
    applied = json.dumps({"spec": {"password": "hunter"}})
    data = {"app.yaml": "db: {password: hunter}\n\n"}
    one = resource("ConfigMap", name="c", data=data, binaryData={"x": encoded("token=hunter2")})
    one.body["metadata"]["annotations"] = {"last-applied": applied}
    assert places(one) == [
        ("named", "metadata/annotations/last-applied", "/spec/password"),
        ("named", "data/app.yaml", "/db/password"),
        ("named", "binaryData/x", "token"),
    ]


def test_a_credential_is_told_once() -> None:
    assert in_values({"password": TOKENS["GitLab"]}) == [("named", "password")]
    assert in_text(f"password={TOKENS['GitLab']}\n") == [("named", "password")]
    assert in_values({"license": jwt()}) == [("named", "license")]


def test_what_a_header_logs_in_with() -> None:
    for value in ("Bearer " + token("b", 24), "basic " + encoded("jane:hunter2hunter2")):
        assert in_values([{"name": "Authorization", "value": value}]) == [("shape", "0/value")]
    for value in ("Bearer $(TOKEN)", "basic authentication with 2 steps", 'Basic realm="x"'):
        assert in_values([{"name": "Authorization", "value": value}]) == []


@pytest.mark.parametrize("text", ["eyJ" * 40_000, "a:" * 60_000 + "@", "-----BEGIN A-----" * 5_000,
                                  "://x:" * 20_000, "password" * 20_000, "A" * 200_000,
                                  "{" * 150 + "}" * 150, "secret: |\n" * 5_000])  # fmt: skip
def test_texts_that_are_made_to_take_long_end(text: str) -> None:
    list(Walk(declared={}).text(text, ()))


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        ({"path": "/spec/values/redis/pw", "value": "hunter"}, ["declared"]),
        ({"path": "/spec/values/redis", "value": {"pw": "hunter"}}, ["declared"]),
        ({"path": "/spec/values/db/password", "value": "hunter"}, ["named"]),
        ({"path": "/spec/values/db", "value": {"password": "hunter"}}, ["named"]),
        ({"path": "/spec/values/x", "value": TOKENS["AWS"]}, ["shape"]),
        ({"path": "/spec/values/redis/secret/secretKey", "value": "PW"}, []),
        ({"path": "/spec/values/db/password"}, []),
    ],
)
def test_operations_of_patches(operation: dict[str, Any], found: list[str]) -> None:
    body = {"op": "add", **operation}
    assert [s.form for s in guard.of_operation(("x.io", "App"), body, [RULE])] == found
    for target in (("", ""), ("x[.]io", "App|Other")):  # patterns, as kustomize takes them
        assert [s.form for s in guard.of_operation(target, body, [RULE])] == found


def test_an_operation_on_a_whole_resource() -> None:
    body = {"op": "replace", "path": "", "value": {"spec": {"values": {"redis": {"pw": "hunter"}}}}}
    [found] = guard.of_operation(("x.io", "App"), body, [RULE])
    assert (found.form, found.path) == ("declared", ("spec", "values", "redis", "pw"))


@pytest.mark.parametrize("kind", ["Secret", "Secret|ConfigMap"])
def test_an_operation_on_a_secret(kind: str) -> None:
    body = {"op": "add", "path": "/stringData/k", "value": "v"}
    [found] = guard.of_operation(("", kind), body, [])
    assert (found.form, found.path) == ("content", ("stringData", "k"))


def shipped(value: str, **where: Any) -> Shipped:
    suspect = Suspect(name="pw", path=("spec", "pw"), form="named", value=value)
    return Shipped(suspect=suspect, **where)


def test_what_only_the_lock_has_is_told_of_the_lock() -> None:
    owner = resource("App", "x.io", "a")
    in_lock = shipped("hunter", file="bundle.lock.yaml")
    [found] = judge([in_lock], [], {}, [], "prod")
    assert found.place == "bundle.lock.yaml /spec/pw"
    [found] = judge([in_lock, shipped("hunter", resource=owner)], [], {}, [], "prod")
    assert found.place == "App/a /spec/pw (app.yaml)"


@pytest.mark.parametrize(("value", "file"), [("hunter", "app.yaml"), ("hunter-22", "notes.txt")])
def test_a_short_text_in_a_file_is_there_by_chance(value: str, file: str) -> None:
    one = shipped(value, resource=resource("App", "x.io", "a"))
    [found] = judge([one], [], {"notes.txt": f"of {value}"}, [], "prod")
    assert found.place == f"App/a /spec/pw ({file})"
