-- One node life lets go of a user: at once if another life has a session of theirs, else after
-- the grace, which the first call begins and a later one ends.
-- KEYS: online, roll, answer, revision; in the user's own inbox seen as well, which is given when they
-- were last there. ARGV: life, user, grace_ms, asking, answer_ttl_ms, seen_ttl_ms; asking is 0 for the
-- first time, 1 for once more, 2 for only whether the first time made them leave, 3 for once more, and
-- to count it as a leave if nobody holds them: the room was never told.
-- Returns {outcome, wait_ms, count, revision, name}: 0 wait and call again, 1 left, 2 held by others,
-- 3 nobody holds them, 4 they had not left. The last three say something with 1 only; that answer is
-- kept, as "<revision> <count> <name>", for who asks again after it was lost.
local life, user = ARGV[1], ARGV[2]

local function leave(name)
  local count = redis.call('HLEN', KEYS[1])
  local revision = count_changes(KEYS[4], 1, count)
  local answer = string.format('%.0f %.0f ', revision, count) .. name
  redis.call('SET', KEYS[3], answer, 'PX', ARGV[5])
  return { 1, 0, count, revision, name }
end

if ARGV[4] ~= '0' then
  local kept = redis.call('GET', KEYS[3])
  if kept then
    local revision, count, name = string.match(kept, '^(%d+) (%d+) (.*)$')
    return { 1, 0, tonumber(count), tonumber(revision), name }
  end
  if ARGV[4] == '2' then
    return { 4, 0, 0, 0, '' }
  end
end
local value = redis.call('HGET', KEYS[1], user)
if not value then
  if KEYS[5] then
    -- Redis forgot them; or they were reaped, and that was noted.
    redis.call('SET', KEYS[5], string.format('%.0f', now_ms()), 'NX', 'PX', ARGV[6])
  end
  if ARGV[4] == '3' then
    return leave('')
  end
  return { 3, 0, 0, 0, '' }
end
local entry = parse_entry(value)
local place = place_of(entry, life)
if not place then
  return { 2, 0, 0, 0, '' }
end
local other_is_here = false
for i, holder in ipairs(entry.holders) do
  if i ~= place and holder.till == 0 then
    other_is_here = true
  end
end
if not other_is_here then
  local now, holder = now_ms(), entry.holders[place]
  if holder.till == 0 then
    holder.till = now + tonumber(ARGV[3])
    redis.call('HSET', KEYS[1], user, format_entry(entry))
  end
  if holder.till > now then
    return { 0, holder.till - now, 0, 0, '' }
  end
end
local gone = table.remove(entry.holders, place)
if #entry.holders > 0 then
  if not other_is_here then
    -- All are in their grace; whoever goes last notes when the last session left.
    for _, holder in ipairs(entry.holders) do
      holder.till = math.max(holder.till, gone.till)
    end
  end
  redis.call('HSET', KEYS[1], user, format_entry(entry))
  return { 2, 0, 0, 0, '' }
end
redis.call('HDEL', KEYS[1], user)
redis.call('ZREM', KEYS[2], user)
if KEYS[5] then
  redis.call('SET', KEYS[5], seen_at(gone, tonumber(ARGV[3])), 'PX', ARGV[6])
end
return leave(entry.name)
