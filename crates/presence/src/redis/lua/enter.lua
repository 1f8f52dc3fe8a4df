-- One node life takes hold of a user. KEYS: online, roll. ARGV: life, user, token, name,
-- edition, sessions. The sessions are those of this life, by spaces; an edition later than the one
-- that is listed replaces it, whichever came first.
-- Returns {joined, count}. The same token finds its own join again after a lost answer.
local life, user, token, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local edition = tonumber(ARGV[5])
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
if not place then
  place = #entry.holders + 1
  entry.holders[place] = { life = life, list = '' }
end
local holder = entry.holders[place]
holder.till = 0
if edition > 0 and edition >= edition_of(holder) then
  holder.list = ARGV[5] .. ' ' .. ARGV[6]
end
local changed = format_entry(entry)
if changed ~= value then
  redis.call('HSET', KEYS[1], user, changed)
end
return { joined, redis.call('HLEN', KEYS[1]) }
