#!lua
-- Finds a room's head, begins its life if it isn't there, and fences it if it is still in the epoch
-- that was found out to be stale. Renews its time to live.
-- KEYS: meta, log, channel.
-- ARGV: 1 spare epoch  2 stale epoch or ''  3 meta ttl ms
-- Returns {epoch, seq, base}.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'base')
local epoch, seq, base = meta[1], meta[2], meta[3]
if not epoch or epoch == ARGV[2] then
  if not epoch then
    redis.call('DEL', KEYS[2])
    seq = '0'
  end
  epoch, base = ARGV[1], seq
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'base', base)
  redis.call('SPUBLISH', KEYS[3], 'f')
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {epoch, seq, base}
