-- Put in front of every script that touches rc:{room}:online. One field per user; its value is
-- lines: the token of the enter that made it, the name (may be empty), then for each node life
-- that holds the user "<life>=<until>", where until is 0 while a session is there, or else the
-- end of the grace in ms of Redis time. In an inbox the list of the life's sessions follows:
-- " <edition> <session> <session>...". Names hold no control character and lives no "=".

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function parse_entry(value)
  local lines = {}
  for line in string.gmatch(value, '([^\n]*)\n') do
    lines[#lines + 1] = line
  end
  local entry = { token = lines[1], name = lines[2], holders = {} }
  for i = 3, #lines do
    local life, till, list = string.match(lines[i], '^(.-)=(%d+) ?(.*)$')
    entry.holders[#entry.holders + 1] = { life = life, till = tonumber(till), list = list }
  end
  return entry
end

local function format_entry(entry)
  local lines = { entry.token, entry.name }
  for _, holder in ipairs(entry.holders) do
    local line = holder.life .. '=' .. string.format('%.0f', holder.till)
    if holder.list ~= '' then
      line = line .. ' ' .. holder.list
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, '\n') .. '\n'
end

local function place_of(entry, life)
  for i, holder in ipairs(entry.holders) do
    if holder.life == life then
      return i
    end
  end
  return nil
end

local function edition_of(holder)
  return tonumber(string.match(holder.list, '^%d+') or 0)
end

-- When the session of a holder that is gone left: before its grace, or now with its node.
local function seen_at(holder, grace_ms)
  local at = now_ms()
  if holder.till > 0 then
    at = math.min(at, holder.till - grace_ms)
  end
  return string.format('%.0f', at)
end
