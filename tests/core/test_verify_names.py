import pytest

from builder.core.verify import names_credential


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("password", True), ("MYSQL_ROOT_PASSWORD", True), ("rootPassword", True),
        ("secretKey", True), ("accessKey", True), ("apiKey", True), ("license", True),
        ("requirepass", True), ("client-secret", True), ("authToken", True),
        ("GORILLA_GLUE_LOCAL_SERVICE_BYPASS", False), ("secretName", False),
        ("passwordSecretName", False), ("tokenizer", False), ("key", False), ("licensee", False),
    ],
)  # fmt: skip
def test_what_names_a_credential(name: str, is_one: bool) -> None:
    assert names_credential(name) is is_one
