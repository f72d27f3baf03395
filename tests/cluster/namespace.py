"""A network namespace without a way out, in which all of a test run happens.

Whatever address a program connects to is on this machine: nobody listens there, and the recorder
sees the attempt. Names are asked of the recorder alone. All processes are in a process namespace,
so that the kernel ends them with its first one, whatever happened to that.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

RESOLVER = "127.0.0.53"
MARK = "SEALIFT_TEST_NAMESPACE"
# Whoever is killed, the kernel ends all: unshare with the process that started it, the first
# process of the namespace with unshare, and every other with that.
UNSHARE = [
    *("setpriv", "--pdeathsig", "KILL", "--"),
    *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
]


def inside() -> bool:
    """Whether this process is in such a namespace: made by :func:`enter`, and loopback alone."""
    return MARK in os.environ and [name for _, name in socket.if_nameindex()] == ["lo"]


def enter(argv: Sequence[str], output: IO[bytes] | None = None) -> int:
    """Run a command in a new namespace, its output where it is wanted; returns its exit code."""
    as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    probe = subprocess.run([*UNSHARE, *as_user, "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        print(
            "the cluster tests need a network namespace of their own, which this account cannot "
            f"make: {probe.stderr.strip()}\nrun them as root, or allow user namespaces "
            "(sysctl kernel.apparmor_restrict_unprivileged_userns=0)",
            file=sys.stderr,
        )
        return 3
    environment = os.environ | {MARK: "1"}
    command = [*UNSHARE, *as_user, "--", *argv]
    both = subprocess.STDOUT if output else None
    return subprocess.run(command, env=environment, stdout=output, stderr=both).returncode


def shut_in(folder: Path) -> None:
    """Set the namespace up, from within: loopback, routes, and whom to ask for names."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "route", "add", "local", "default", "dev", "lo", "src", "127.0.0.1")
    # A machine may have no IPv6.
    _run("ip", "-6", "route", "add", "local", "default", "dev", "lo", check=False)
    for name, text in (
        ("resolv.conf", f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n"),
        ("hosts", f"127.0.0.1 localhost {socket.gethostname()}\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ):
        (folder / name).write_text(text)
        if (target := Path("/etc") / name).exists():
            _run("mount", "--bind", str(folder / name), str(target.resolve()))


def first_process(argv: Sequence[str]) -> int:
    """Run a command as the first process of the namespace does: whose parent ended is reaped."""
    child = os.spawnvp(os.P_NOWAIT, argv[0], list(argv))
    while True:
        ended, status = os.wait()
        if ended == child:
            return os.waitstatus_to_exitcode(status)


def _run(*argv: str, check: bool = True) -> None:
    subprocess.run(argv, check=check, stderr=None if check else subprocess.DEVNULL)
