"""Detached signatures of files: by cosign, or by OpenSSH where cosign's keys are not in use.

The key tells which: OpenSSH's has its own forms (``ssh-keygen -Y``, namespace ``sealift``), all
else is cosign's: a key pair of its own, or the URI of a key that it can reach (``awskms://...``).
"""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.command import CommandError, run

Scheme = Literal["ssh", "cosign"]
NAMESPACE = "sealift"
SUFFIX: dict[Scheme, str] = {"ssh": ".sig", "cosign": ".sigstore.json"}
_URI = re.compile(r"[a-z][a-z0-9+.-]*://")
_SSH = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----|(sk-)?(ssh|ecdsa)-\S+ AAAA")


def scheme(key: str) -> Scheme:
    """Tell whose a key is. Raises ConfigurationError when there is no such file."""
    if _URI.match(key):
        return "cosign"
    try:
        head = Path(key).read_bytes()[:4096]
    except OSError as error:
        raise ConfigurationError(f"the key {key} cannot be read: {error.strerror}") from error
    return "ssh" if _SSH.match(head.lstrip()) else "cosign"


def sign(data: bytes, key: str) -> bytes:
    """Return the signature of ``data`` by a private key. Raises ToolError.

    A key with a password is opened by an agent (OpenSSH), or with COSIGN_PASSWORD.
    """
    with tempfile.TemporaryDirectory(prefix="sealift-sign-") as folder:
        path, output = Path(folder) / "data", Path(folder) / "data.sig"
        path.write_bytes(data)
        if scheme(key) == "ssh":
            argv = [_program("ssh-keygen"), "-Y", "sign", "-n", NAMESPACE]
        else:
            argv = [_program("cosign"), "sign-blob", "--yes", "--bundle", str(output)]
            argv += _offline()
        flag = "-f" if scheme(key) == "ssh" else "--key"
        try:
            run([*argv, flag, _absolute(key), str(path)], env={"SSH_ASKPASS_REQUIRE": "never"})
        except CommandError as error:
            raise ToolError(
                f"{Path(argv[0]).name} cannot sign with {key}: {_said(error)}",
                hint="is it the private key, and its password known (an agent, COSIGN_PASSWORD)?",
            ) from error
        return output.read_bytes()


def verify(data: bytes, signature: bytes, key: str) -> str:
    """Return why a signature is not that of ``data`` by a public key; empty when it is.

    Raises ToolError when the program is missing, ConfigurationError for a key that is none.
    """
    with tempfile.TemporaryDirectory(prefix="sealift-sign-") as folder:
        path, signed = Path(folder) / "data", Path(folder) / "data.sig"
        path.write_bytes(data)
        signed.write_bytes(signature)
        if scheme(key) == "ssh":
            signers = Path(folder) / "signers"
            signers.write_text(f'sealift namespaces="{NAMESPACE}" {_public(key)}\n')
            argv = [_program("ssh-keygen"), "-Y", "verify", "-n", NAMESPACE, "-I", "sealift"]
            argv += ["-f", str(signers), "-s", str(signed)]
            stdin: bytes | None = data
        else:
            argv = [_program("cosign"), "verify-blob", "--key", _absolute(key)]
            argv += ["--bundle", str(signed), "--insecure-ignore-tlog=true", str(path)]
            stdin = None
        try:
            run(argv, stdin=stdin)
        except CommandError as error:
            if error.returncode is None:
                raise
            return _why(error) if stdin is not None else _said(error)
        return ""


def _why(error: CommandError) -> str:
    """Say why ssh-keygen refuses a signature; for another key it says nothing at all."""
    said = error.stderr.strip()
    if not said:
        return "it is a signature by another key"
    if "incorrect signature" in said:
        return "it is a signature of something else: the statement has changed since, or is another"
    if "namespace does not match" in said:
        return f"it was made for another purpose than {NAMESPACE!r} (ssh-keygen -n)"
    if "parse signature" in said:
        return "it is no signature by ssh-keygen"
    return said.splitlines()[0]


def _offline() -> list[str]:
    """Return the options that keep cosign from asking outside, for logs and for its settings.

    The second came with cosign 2.6, and 3 asks outside without it; the first is not in 3's help.
    """
    known = run([_program("cosign"), "sign-blob", "--help"]).decode("utf-8", "replace")
    settings = "--use-signing-config"
    return ["--tlog-upload=false", *([f"{settings}=false"] if settings in known else [])]


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        other = "an OpenSSH key needs no cosign" if name == "cosign" else "install OpenSSH"
        raise ToolError(f"{name} is not on PATH", hint=other)
    return path


def _public(key: str) -> str:
    """Return the one line of an OpenSSH public key: a second would be another signer."""
    line = Path(key).read_text(errors="replace").strip()
    if "\n" in line or not _SSH.match(line.encode()) or line.startswith("-"):
        raise ConfigurationError(f"{key} is not an OpenSSH public key", hint="name the .pub file")
    return line


def _absolute(key: str) -> str:
    return key if _URI.match(key) else os.path.abspath(key)  # noqa: PTH100 - links stay


def _said(error: CommandError) -> str:
    lines = [line for line in error.stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else error.what
    return said.removeprefix("error during command execution: ").removeprefix("Error: ")
