-- Moves a read mark forward. KEYS: read, by user "<epoch> <seq>". ARGV: user, epoch, seq, ttl_ms.
-- Returns 1 if it moved. A seq is below 2^53, so Lua compares it exactly.
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before then
  local epoch, seq = string.match(before, '^(%x+) (%d+)$')
  if epoch == ARGV[2] and tonumber(seq) >= tonumber(ARGV[3]) then
    return 0
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
