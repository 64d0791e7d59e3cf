import { createLuaScript } from '../lua-script.ts';
import { prelude } from './prelude.ts';

/** Opens a new store (I9): its memory is whole, because nothing was ever in it. Replies 1, or 0 when it is open. */
export const initialiseScript = createLuaScript(/* lua */ `${prelude}
if not redis.call('SET', KEYS[1], ARGV[2], 'NX') then return 0 end
redis.call('SET', prefix .. ':server-run', serverRun())
return 1
`);

/** Replies: the run of this server | 1 when the store is open | 1 while its memory is not compared with S3. */
export const readServerRunScript = createLuaScript(/* lua */ `${prelude}
return { serverRun(), redis.call('EXISTS', prefix .. ':epoch'), recovering() and 1 or 0 }
`);

/** The memory of this run was compared with S3. A server that restarted since is another run, and is not meant. */
export const confirmComparisonScript = createLuaScript(/* lua */ `${prelude}
if redis.call('EXISTS', prefix .. ':epoch') == 0 or serverRun() ~= ARGV[2] then return 0 end
redis.call('SET', prefix .. ':server-run', ARGV[2])
return 1
`);
