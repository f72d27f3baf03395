"""Admission webhooks through which everything goes (admissionregistration.k8s.io)."""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.manifests import Body

KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def for_everything(body: Body | None) -> dict[str, bool]:
    """Return the webhooks that stop every change while they do not answer.

    The value tells whether a selector or a condition narrows that.
    """
    found = {}
    for number, webhook in enumerate(_mappings((body or {}).get("webhooks"))):
        stops = webhook.get("failurePolicy", "Fail") != "Ignore"
        if stops and any(_is_everything(rule) for rule in _mappings(webhook.get("rules"))):
            narrowing = ("namespaceSelector", "objectSelector", "matchConditions")
            name = str(webhook.get("name") or number)
            found[name] = any(webhook.get(key) for key in narrowing)
    return found


def _is_everything(rule: Mapping[str, Any]) -> bool:
    groups, resources = rule.get("apiGroups"), rule.get("resources")
    if not (isinstance(groups, list) and isinstance(resources, list)):
        return False
    return "*" in groups and ("*" in resources or "*/*" in resources)


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else ()
    yield from (item for item in listed if isinstance(item, Mapping))
