-- One node life takes hold of a user. KEYS: online, roll, bans, revision. ARGV: life, user, token,
-- name, edition, sessions, check. The sessions are those of this life, by spaces; an edition later than
-- the one that is listed replaces it, whichever came first.
-- Returns {joined, count, banned until or 0, stands, revision, join's revision, join's count}. The same
-- token finds its own join again after a lost answer, with the revision and the count that it had; they
-- are 0 if it did not join. If check is "1" and the user is banned, nothing is done; stands is then 1 if this
-- life holds the user all the same, from before the ban.
local life, user, token, name = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local edition = tonumber(ARGV[5])
local value = redis.call('HGET', KEYS[1], user)
local joined, entry = 0, nil
local join_revision, join_count = 0, 0
if ARGV[7] == '1' then
  local till = tonumber(redis.call('ZSCORE', KEYS[3], user) or 0)
  if till > 0 and till > now_ms() then
    local stands = 0
    if value then
      entry = parse_entry(value)
      if place_of(entry, life) then
        stands = 1
        if entry.token == token then
          joined = 1
          join_revision, join_count = join_of(entry)
        end
      end
    end
    local count = redis.call('HLEN', KEYS[1])
    return { joined, count, till, stands, revision_of(KEYS[4]), join_revision, join_count }
  end
end
if value then
  entry = parse_entry(value)
  if entry.token == token then
    joined = 1
    join_revision, join_count = join_of(entry)
  end
else
  joined = 1
  join_count = redis.call('HLEN', KEYS[1]) + 1
  join_revision = count_changes(KEYS[4], 1, join_count)
  local join = string.format(' %.0f %.0f', join_revision, join_count)
  entry = { token = token, join = join, name = name, holders = {} }
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
local count = redis.call('HLEN', KEYS[1])
return { joined, count, 0, 1, revision_of(KEYS[4]), join_revision, join_count }
