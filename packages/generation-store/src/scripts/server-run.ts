import { createLuaScript } from '../lua-script.ts';
import { prelude } from './prelude.ts';

/** Opens a new store (I9): its memory is whole, because nothing was ever in it. Replies 1, or 0 when it is open. */
export const initialiseScript = createLuaScript(/* lua */ `${prelude}
if not redis.call('SET', KEYS[1], ARGV[2], 'NX') then return 0 end
redis.call('SET', prefix .. ':server-run', serverRun())
if ARGV[3] ~= '' then redis.call('SET', prefix .. ':owner', ARGV[3]) end
redis.call('DEL', prefix .. ':owner-claim')
beginMemory()
return 1
`);

/** Replies: the run of this server | 1 when the store is open | 1 while its memory is not compared with S3. */
export const readServerRunScript = createLuaScript(/* lua */ `${prelude}
return { serverRun(), redis.call('EXISTS', prefix .. ':epoch'), recovering() and 1 or 0 }
`);

/** The memory of this run was compared with S3. A server that restarted since is another run, and is not meant. */
export const confirmComparisonScript = createLuaScript(/* lua */ `${prelude}
if redis.call('EXISTS', prefix .. ':epoch') == 0 or serverRun() ~= ARGV[2] then return 0 end
-- several workers may compare, and nothing was forgotten between the first confirmation and the next
if redis.call('GET', prefix .. ':server-run') == ARGV[2] then return 1 end
redis.call('SET', prefix .. ':server-run', ARGV[2])
beginMemory()
return 1
`);

/**
 * Begins to rebuild a store that lost its memory, or goes on with what was begun. Replies: open, or
 * begun <id> <how long ago, in ms> <the run of this server>.
 */
export const beginRebuildScript = createLuaScript(/* lua */ `${prelude}
if redis.call('EXISTS', prefix .. ':epoch') == 1 then return { 'open' } end
local now = nowMs()
redis.call('HSETNX', KEYS[1], 'id', ARGV[2])
redis.call('HSETNX', KEYS[1], 'begunAt', int(now))
local begun = redis.call('HMGET', KEYS[1], 'id', 'begunAt')
return { 'begun', begun[1], int(now - tonumber(begun[2])), serverRun() }
`);

/**
 * Opens a store that was rebuilt, unless it lost its memory once more: the mark of its beginning is gone, or it is another run of
 * the server, which may have forgotten the last moments. ARGV: prefix, epoch, id, run, owner or ''. Replies: opened | open | emptied | restarted
 */
export const finishRebuildScript = createLuaScript(/* lua */ `${prelude}
if redis.call('EXISTS', prefix .. ':epoch') == 1 then return 'open' end
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[3] then return 'emptied' end
if serverRun() ~= ARGV[4] then return 'restarted' end
redis.call('SET', prefix .. ':epoch', ARGV[2])
redis.call('SET', prefix .. ':server-run', ARGV[4])
if ARGV[5] ~= '' then redis.call('SET', prefix .. ':owner', ARGV[5]) end
redis.call('DEL', prefix .. ':owner-claim')
beginMemory()
redis.call('DEL', KEYS[1])
return 'opened'
`);
