#!lua flags=no-writes
-- Reads a part of a room's log at one instant.
-- KEYS: meta, log.
-- ARGV: 1 'after' | 'from' | 'before' | 'latest'  2 epoch (after)  3 seq  4 limit
-- Returns nil where there is no room, else {epoch, seq, base, meta ttl ms, entries}; `after` includes
-- the entry at the position itself, as the proof, and asks one more than the limit, as do the others,
-- so that the caller knows whether there is more. Entries of `before` and `latest` come newest first.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'base')
local epoch, seq, base = meta[1], meta[2], meta[3]
if not epoch then return false end
local ttl = redis.call('PTTL', KEYS[1])
local kind, limit = ARGV[1], tonumber(ARGV[4])
local entries = {}
if kind == 'after' then
  local from, count = ARGV[3], limit + 2
  if ARGV[2] ~= epoch then
    from, count = '(' .. base .. '-0', limit + 1
    if base == '0' then from = '-' end
  elseif from == '0' then
    from, count = '-', limit + 1
  end
  entries = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', count)
elseif kind == 'from' then
  local from = '(' .. ARGV[3] .. '-0'
  if ARGV[3] == '0' then from = '-' end
  entries = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', limit + 1)
elseif kind == 'before' then
  if ARGV[3] ~= '0' then
    entries = redis.call('XREVRANGE', KEYS[2], '(' .. ARGV[3] .. '-0', '-', 'COUNT', limit + 1)
  end
elseif limit > 0 then
  entries = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', limit + 1)
end
return {epoch, seq, base, ttl, entries}
