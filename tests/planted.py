"""Credentials of the tests' own. None stands here whole: scanners of sources would tell of them."""

import base64
import json
import random
import string


def token(prefix: str, length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """A token with a vendor's prefix, the same in every run."""
    chance = random.Random(f"{prefix}{length}")
    return prefix + "".join(chance.choice(alphabet) for _ in range(length))


def jwt() -> str:
    """A token of three parts, as licenses and accounts of services have it."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, {"sub": "planted"})]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, token("", 86)))


def pem(kind: str, lines: int = 6) -> str:
    """A PEM block: of a private key, or of what may be public."""
    body = "\n".join(
        token("", 64, string.ascii_letters + string.digits + "+/") for _ in range(lines)
    )
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"


PRIVATE_KEY = pem("PRIVATE" + " KEY")
CERTIFICATE = pem("CERTIFICATE")
TOKENS = {
    "AWS": token("AK" + "IA", 16, string.ascii_uppercase + "234567"),
    "GitHub": token("gh" + "p_", 36),
    "GitHub, fine-grained": token("github_" + "pat_", 70),
    "GitLab": token("gl" + "pat-", 20),
    "Slack": "xo" + "xb-1234567890-" + token("", 24).lower(),
    "Stripe": token("sk_" + "live_", 24),
    "Vault": token("hv" + "s.", 90),
    "Google": token("AI" + "za", 35),
    "Hugging Face": token("hf" + "_", 34, string.ascii_letters),
    "OpenAI": token("sk-" + "proj-", 40),
    "SendGrid": token("SG" + ".", 22) + "." + token("", 43),
    "npm": token("np" + "m_", 36),
    "Docker Hub": token("dckr_" + "pat_", 27),
    "age": token("AGE-SECRET-" + "KEY-1", 58, string.ascii_uppercase + string.digits),
    "a JWT": jwt(),
    "a private key": PRIVATE_KEY,
    "an encrypted key": pem("ENCRYPTED PRIVATE" + " KEY"),
    "a key of OpenSSH": pem("OPENSSH PRIVATE" + " KEY"),
    "a hash": "$2" + "y$10$" + token("", 53),
}
