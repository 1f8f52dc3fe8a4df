-- Put in front of every script that touches rc:{room}:online. One field per user; its value is
-- lines: "<token> <revision> <count>" of the enter that made it, where revision is that of the join
-- and count how many users there were right after it; the name (may be empty); then for each node life
-- that holds the user "<life>=<until>", where until is 0 while a session is there, or else the
-- end of the grace in ms of Redis time. In an inbox the list of the life's sessions follows:
-- " <edition> <session> <session>...". Names hold no control character and lives no "=".

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- How long the count of changes is kept of a room that nobody is in.
local REVISION_TTL_MS = 24 * 60 * 60 * 1000

-- Counts `changes` more changes of who is in a room, after which `count` users are there. Returns the
-- revision of the last. A count that was lost begins anew at the time in microseconds, so higher than
-- it ever was; it stays exact in a double until the year 2255.
local function count_changes(key, changes, count)
  local revision = tonumber(redis.call('GET', key) or '')
  if revision then
    revision = revision + changes
  else
    local time = redis.call('TIME')
    revision = tonumber(time[1]) * 1000000 + tonumber(time[2]) + changes - 1
  end
  if count == 0 then
    redis.call('SET', key, string.format('%.0f', revision), 'PX', REVISION_TTL_MS)
  else
    redis.call('SET', key, string.format('%.0f', revision))
  end
  return revision
end

-- The revision of the last change; 0 if there is none that is known of.
local function revision_of(key)
  return tonumber(redis.call('GET', key) or 0)
end

local function parse_entry(value)
  local lines = {}
  for line in string.gmatch(value, '([^\n]*)\n') do
    lines[#lines + 1] = line
  end
  local token, join = string.match(lines[1], '^(%S*)(.*)$')
  local entry = { token = token, join = join, name = lines[2], holders = {} }
  for i = 3, #lines do
    local life, till, list = string.match(lines[i], '^(.-)=(%d+) ?(.*)$')
    entry.holders[#entry.holders + 1] = { life = life, till = tonumber(till), list = list }
  end
  return entry
end

local function format_entry(entry)
  local lines = { entry.token .. entry.join, entry.name }
  for _, holder in ipairs(entry.holders) do
    local line = holder.life .. '=' .. string.format('%.0f', holder.till)
    if holder.list ~= '' then
      line = line .. ' ' .. holder.list
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, '\n') .. '\n'
end

-- The revision of the join that made an entry, and the count right after it.
local function join_of(entry)
  local revision, count = string.match(entry.join, '^ (%d+) (%d+)$')
  return tonumber(revision or 0), tonumber(count or 0)
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
