"""The id that Git gives a tree of files, without Git.

Objects as https://git-scm.com/book/en/v2/Git-Internals-Git-Objects has them; all files are plain
(mode 100644), as in a bundle.
"""

import hashlib
from collections.abc import Mapping


def tree_id(files: Mapping[str, bytes]) -> str:
    """Return the id of the tree in which ``files``, path to bytes, stand: 40 hexadecimal digits."""
    below: dict[str, dict[str, bytes]] = {}
    entries: list[tuple[bytes, bytes, str]] = []
    for path, content in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            below.setdefault(head, {})[rest] = content
        else:
            entries.append((head.encode(), b"100644", object_id("blob", content)))
    entries += [(name.encode(), b"40000", tree_id(inner)) for name, inner in below.items()]
    # Git sorts folders as if their names ended with a slash.
    entries.sort(key=lambda entry: entry[0] + (b"/" if entry[1] == b"40000" else b""))
    body = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(i) for name, mode, i in entries)
    return object_id("tree", body)


def object_id(kind: str, body: bytes) -> str:
    """Return the id of an object: a ``blob``, or a ``tree``."""
    head = f"{kind} {len(body)}\0".encode()
    return hashlib.sha1(head + body, usedforsecurity=False).hexdigest()
