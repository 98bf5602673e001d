import { RedisScript } from '../../redis/connection';

/**
 * Begins each script: finds out where the topic is, or begins an epoch.
 *
 * `life` names the life of the server as far as its memory reaches. One without an append-only file may come back from
 * an old snapshot, or empty, so that every start is another life. One with such a file goes on after a start; but a
 * replica that took over from a master may lack its last writes, so that being promoted is another life. A topic that
 * was written in another life begins anew: its offsets may have been given out twice.
 *
 * Keys: what is known of the topic, its stream. Arguments: an epoch to begin, the lifetime of what is known in ms.
 */
const FIND = `
local meta, stream, nextEpoch, metaMs = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local function infoOf(section, pattern)
  local text = redis.pcall('INFO', section)
  return type(text) == 'string' and string.match(text, pattern) or ''
end
local life
if infoOf('persistence', 'aof_enabled:(%d)') == '1' then
  life = 'file:' .. infoOf('replication', 'master_replid2:(%x+)')
else
  life = 'run:' .. infoOf('server', 'run_id:(%x+)')
end
local known = redis.call('HMGET', meta, 'epoch', 'offset', 'life')
local epoch, offset = known[1], tonumber(known[2] or 0)
if not epoch or known[3] ~= life then
  redis.call('DEL', meta, stream)
  epoch, offset = nextEpoch, 0
  redis.call('HSET', meta, 'epoch', epoch, 'offset', 0, 'life', life)
end
if redis.call('PTTL', meta) < metaMs / 2 then redis.call('PEXPIRE', meta, metaMs) end
local function idOf(number) return string.format('%.0f', number) end
`;

/** Further arguments: events to keep, the lifetime of the stream in ms, the channel, the event. Gives epoch, offset. */
export const APPEND = new RedisScript(`${FIND}
local id = idOf(redis.call('HINCRBY', meta, 'offset', 1))
redis.call('XADD', stream, 'MAXLEN', '~', ARGV[3], id .. '-0', 'event', ARGV[6])
redis.call('PEXPIRE', stream, ARGV[4])
redis.call('PEXPIRE', meta, metaMs)
redis.call('PUBLISH', ARGV[5], epoch .. ' ' .. id .. ' ' .. ARGV[6])
return {epoch, id}
`);

/** Gives epoch, offset. */
export const TOP = new RedisScript(`${FIND}
return {epoch, idOf(offset)}
`);

/** Gives epoch, offset, and the newest event where there is one. */
export const NEWEST = new RedisScript(`${FIND}
local entry = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
if not entry or entry[1] ~= idOf(offset) .. '-0' then return {epoch, idOf(offset)} end
return {epoch, idOf(offset), entry[2][2]}
`);

/** Further arguments: epoch and offset of the position, how many events. Gives epoch, offset, and the events if all are there. */
export const READ = new RedisScript(`${FIND}
local after = tonumber(ARGV[4])
if ARGV[3] ~= epoch or after > offset then return {epoch, idOf(offset)} end
if after == offset then return {epoch, idOf(offset), {}} end
local entries = redis.call('XRANGE', stream, idOf(after + 1) .. '-0', '+', 'COUNT', ARGV[5])
if not entries[1] or entries[1][1] ~= idOf(after + 1) .. '-0' then return {epoch, idOf(offset)} end
local events = {}
for place, entry in ipairs(entries) do events[place] = entry[2][2] end
return {epoch, idOf(offset), events}
`);
