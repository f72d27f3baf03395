"""A password file that the registry accepts: bcrypt, by way of the system's libcrypt."""

import ctypes
import ctypes.util
import secrets

_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def htpasswd_line(username: str, password: str) -> str:
    """The line ``user:hash`` for one user; RuntimeError where libcrypt has no bcrypt."""
    # 128 bits of salt take 22 letters of six bits, so the last one has only its high two bits.
    salt = "".join(secrets.choice(_ALPHABET) for _ in range(21)) + secrets.choice(".Oeu")
    return f"{username}:{_crypt(password, f'$2y$04${salt}')}\n"


def _crypt(password: str, setting: str) -> str:
    library = ctypes.util.find_library("crypt")
    if library is None:
        raise RuntimeError("no libcrypt on this system: the registry cannot ask for a password")
    crypt = ctypes.CDLL(library).crypt
    crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    crypt.restype = ctypes.c_char_p
    hashed: bytes | None = crypt(password.encode(), setting.encode())
    if hashed is None or not hashed.startswith(setting.encode()):
        raise RuntimeError(f"{library} has no bcrypt: the registry cannot ask for a password")
    return hashed.decode()
