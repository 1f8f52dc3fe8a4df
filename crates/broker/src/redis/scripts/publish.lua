#!lua
-- Stamps, keeps and tells one message, or finds the place its key was given before.
-- KEYS: meta, log, and, where the message has a key, its dedupe entry. The channel is none of them: it
-- is meta's name without the end. While a slot is on the move Redis runs what finds all its keys there.
-- ARGV: 1 spare epoch  2 id  3 body  4 floor epoch or ''  5 floor seq  6 messages kept
--       7 log ttl ms  8 meta ttl ms  9 dedupe ttl ms  and, where it is traced, 10 its trace context
-- Returns {'0' stamped or '1' seen before, epoch, seq, timestamp, id}.
-- The first line makes Redis refuse the whole script up front when it can't write (OOM, MISCONF,
-- READONLY, NOREPLICAS): no half of it ever runs. Integers are written with %.0f, since Lua's own
-- conversion turns 1e15 into '1e+15'.
local function int(n) return string.format('%.0f', n) end

if KEYS[3] then
  local first = redis.call('GET', KEYS[3])
  if first then
    local epoch, seq, timestamp, id = first:match('^(%x+) (%d+) (%d+) (.+)$')
    return {'1', epoch, seq, timestamp, id}
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'at')
local epoch, seq, at = meta[1], tonumber(meta[2] or '0'), tonumber(meta[3] or '0')
local base = nil
if not epoch then
  -- The room is new, or Redis has forgotten it: what may be left of a log is of another life.
  redis.call('DEL', KEYS[2])
  epoch, seq, base, at = ARGV[1], 0, 0, 0
elseif ARGV[4] == epoch and seq < tonumber(ARGV[5]) then
  -- The sender has seen further than this log reaches: it has lost acked messages.
  epoch, base = ARGV[1], seq
end

seq = seq + 1
local stamp = int(seq)
local timestamp = int(now)
local entry = {'XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], stamp .. '-0',
  't', timestamp, 'i', ARGV[2], 'b', ARGV[3]}
local may_begin = at == 0
if not may_begin then table.insert(entry, 3, 'NOMKSTREAM') end
if ARGV[10] then
  entry[#entry + 1] = 'c'
  entry[#entry + 1] = ARGV[10]
end
local added = redis.pcall(unpack(entry))
if type(added) == 'table' and added.err then
  -- Whatever else is wrong, a missing right for one, is no reason to drop what was acked.
  if not added.err:find('equal or smaller', 1, true) then return added end
  -- The log has entries its meta key knows nothing of: the meta key is the older one.
  redis.call('DEL', KEYS[2])
  epoch, base, added = ARGV[1], seq - 1, false
end
if not added then
  -- A log that begins now has no time to live yet, whenever that was last set.
  if not may_begin then table.remove(entry, 3) end
  redis.call(unpack(entry))
  at = 0
end

local fields = {'HSET', KEYS[1], 'seq', stamp}
if base then
  fields = {'HSET', KEYS[1], 'seq', stamp, 'epoch', epoch, 'base', int(base)}
end
-- The time to live is set again only when an eighth of it has gone by.
if now - at > tonumber(ARGV[7]) / 8 then
  fields[#fields + 1] = 'at'
  fields[#fields + 1] = timestamp
  redis.call('PEXPIRE', KEYS[2], ARGV[7])
end
redis.call(unpack(fields))
if now - at > tonumber(ARGV[7]) / 8 then
  redis.call('PEXPIRE', KEYS[1], ARGV[8])
end
if KEYS[3] then
  local place = epoch .. ' ' .. stamp .. ' ' .. timestamp .. ' ' .. ARGV[2]
  redis.call('SET', KEYS[3], place, 'PX', ARGV[9])
end
local told = ARGV[2]
if ARGV[10] then told = told .. ';' .. ARGV[10] end
redis.call('SPUBLISH', KEYS[1]:sub(1, -6),
  'm ' .. epoch .. ' ' .. stamp .. ' ' .. timestamp .. ' ' .. told .. ' ' .. ARGV[3])
return {'0', epoch, stamp, timestamp, ARGV[2]}
