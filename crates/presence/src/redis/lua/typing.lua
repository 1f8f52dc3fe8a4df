-- Begins or ends typing. KEYS: typing, by user the end of their typing in ms of Redis time.
-- ARGV: user, "1" or "0", ttl_ms, repeat_ms, keep_ms.
-- Returns {tell, until}. A repeat that is not told does not prolong either, so the last telling
-- was at until - ttl and needs no place of its own.
if ARGV[2] ~= '1' then
  return { redis.call('ZREM', KEYS[1], ARGV[1]), 0 }
end
local now, ttl = now_ms(), tonumber(ARGV[3])
local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
if before > now and now < before - ttl + tonumber(ARGV[4]) then
  return { 0, before }
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ttl), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return { 1, now + ttl }
