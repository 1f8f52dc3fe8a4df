-- Removes one node life from a page of a room. KEYS: online, roll, answer, revision; in an inbox seen
-- as well, which is given when its owner was last there.
-- ARGV: life, cursor, page, again, answer_ttl_ms, owner, grace_ms, seen_ttl_ms.
-- Returns {next cursor, count, revision, taken, user, name, user, name, ...}: from how many users the
-- life was taken, and those of them who left, in the order in which they did; count and revision are as
-- the last of them left them. It is kept for a call again after a lost answer.
local life = ARGV[1]
if ARGV[4] == '1' then
  local kept = redis.call('GET', KEYS[3])
  if kept then
    return cmsgpack.unpack(kept)
  end
end
local scanned = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local answer = { scanned[1], 0, 0, 0 }
local left, taken = 0, 0
local fields = scanned[2]
for i = 1, #fields, 2 do
  local user, value = fields[i], fields[i + 1]
  if string.find(value, '\n' .. life .. '=', 1, true) then
    local entry = parse_entry(value)
    local gone = table.remove(entry.holders, place_of(entry, life))
    taken = taken + 1
    if #entry.holders > 0 then
      redis.call('HSET', KEYS[1], user, format_entry(entry))
    else
      redis.call('HDEL', KEYS[1], user)
      redis.call('ZREM', KEYS[2], user)
      answer[#answer + 1] = user
      answer[#answer + 1] = entry.name
      left = left + 1
      if KEYS[5] and user == ARGV[6] then
        redis.call('SET', KEYS[5], seen_at(gone, tonumber(ARGV[7])), 'PX', ARGV[8])
      end
    end
  end
end
answer[2] = redis.call('HLEN', KEYS[1])
answer[4] = taken
if left > 0 then
  answer[3] = count_changes(KEYS[4], left, answer[2])
  redis.call('SET', KEYS[3], cmsgpack.pack(answer), 'PX', ARGV[5])
end
return answer
