#!lua
-- Finds a room's head, begins its life if it isn't there, and fences it if it is still in the epoch
-- that was found out to be stale. Renews its time to live.
-- KEYS: meta. The channel is its name without the end. The log is none of them: while a slot is on the
-- move Redis runs what finds all its keys there, and a room in which nothing was said has no log.
-- ARGV: 1 spare epoch  2 stale epoch or ''  3 meta ttl ms
-- Returns {epoch, seq, base}.
local channel = KEYS[1]:sub(1, -6)
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'base')
local epoch, seq, base = meta[1], meta[2], meta[3]
if not epoch or epoch == ARGV[2] then
  if not epoch then
    redis.call('DEL', channel .. ':log')
    seq = '0'
  end
  epoch, base = ARGV[1], seq
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'base', base)
  redis.call('SPUBLISH', channel, 'f')
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {epoch, seq, base}
