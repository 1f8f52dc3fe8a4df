-- One node life takes hold of a user. KEYS: online, roll. ARGV: life, user, token, name.
-- Returns {joined, count}. The same token finds its own join again after a lost answer.
local life, user, token, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local value = redis.call('HGET', KEYS[1], user)
local joined, entry = 0, nil
if value then
  entry = parse_entry(value)
  if entry.token == token then
    joined = 1
  end
else
  joined = 1
  entry = { token = token, name = name, holders = {} }
  redis.call('ZADD', KEYS[2], 0, user)
end
if name ~= '' then
  entry.name = name
end
local place = place_of(entry, life)
if place then
  entry.holders[place].till = 0
else
  entry.holders[#entry.holders + 1] = { life = life, till = 0 }
end
local changed = format_entry(entry)
if changed ~= value then
  redis.call('HSET', KEYS[1], user, changed)
end
return { joined, redis.call('HLEN', KEYS[1]) }
