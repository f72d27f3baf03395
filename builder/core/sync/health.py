"""Health rules in the languages of the engines: Lua for Argo CD, CEL for Flux."""

import json
import re

from builder.core.pointer import tokens
from builder.core.sync.model import HealthRule

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Argo CD runs Lua 5.1 with the base and table libraries only (util/lua/lua.go); what the script
# does not decide is Progressing.
_LUA = """\
local function read(path)
  local value = obj
  for _, key in ipairs(path) do
    if type(value) ~= "table" then
      return nil
    end
    value = value[key]
  end
  return value
end
local function among(value, list)
  for _, entry in ipairs(list) do
    if value == entry then
      return true
    end
  end
  return false
end
local phase = read({phase})
local hs = {{status = "Progressing", message = "no phase yet"}}
if phase ~= nil then
  hs.message = "phase " .. tostring(phase)
end
if among(phase, {ready}) then
  hs.status = "Healthy"
elseif among(phase, {degraded}) then
  hs.status = "Degraded"
end
{message}return hs
"""
_LUA_MESSAGE = """\
local message = read({message})
if message ~= nil then
  hs.message = hs.message .. ": " .. tostring(message)
end
"""


def lua(rule: HealthRule) -> str:
    """Return the health check for ``resource.customizations.health.<group>_<kind>``."""
    message = ""
    if rule.message:
        message = _LUA_MESSAGE.format(message=_lua_list(tokens(rule.message)))
    return _LUA.format(
        phase=_lua_list(tokens(rule.phase)),
        ready=_lua_list(rule.ready),
        degraded=_lua_list(rule.degraded),
        message=message,
    )


def _lua_list(values: tuple[str, ...]) -> str:
    return "{" + ", ".join(_lua_string(value) for value in values) + "}"


def _lua_string(value: str) -> str:
    """Quote for Lua 5.1, which knows decimal escapes only."""
    return '"' + re.sub(r'[\x00-\x1f"\\]', lambda m: f"\\{ord(m[0]):03}", value) + '"'


def cel(rule: HealthRule) -> dict[str, str]:
    """Return the expressions of an entry of ``healthCheckExprs``, without apiVersion and kind.

    Without ``inProgress``: what is neither failed nor current is in progress for Flux, and so is a
    resource on which an expression fails, as it does before there is a status.
    """
    path = tokens(rule.phase)
    phase = _field(path)
    # has() takes a field of something, so the first token stands outside.
    there = f"has({phase}) && " if len(path) > 1 and _IDENTIFIER.fullmatch(path[-1]) else ""
    found = {"current": f"{there}{phase} in {_cel_list(rule.ready)}"}
    if rule.degraded:
        found["failed"] = f"{there}{phase} in {_cel_list(rule.degraded)}"
    return found


def _field(path: tuple[str, ...]) -> str:
    first, *rest = path
    return first + "".join(
        f".{token}" if _IDENTIFIER.fullmatch(token) else f"[{json.dumps(token)}]" for token in rest
    )


def _cel_list(values: tuple[str, ...]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
