import type { SubmissionRef } from '@darkroom/contracts';
import type { Redis } from 'ioredis';
import { generationKey } from '../keys.ts';
import { createLuaScript } from './lua-script.ts';
import { nameArguments, type Given } from './named.ts';

type Values<Names extends readonly string[]> = Readonly<Record<Names[number], Given>>;

/** Creates a script whose source has its arguments by name. Returns a function that takes the source. */
export const createNamedScript =
  <const Names extends readonly string[]>(names: Names) =>
  (source: string) => {
    const { lua, list } = nameArguments(names);
    const script = createLuaScript(`${lua}\n${source}`);
    return {
      run: (redis: Redis, key: string, prefix: string, given: Values<Names>): Promise<unknown> =>
        script.run(redis, key, [prefix, ...list(given)]),
    };
  };

/** Creates a script about one submission, whose source also has that as `id`, `index` and `n`, and its key as `key`. */
export const createSubmissionScript =
  <const Names extends readonly string[]>(names: Names) =>
  (source: string) => {
    const { lua } = nameArguments(['id', 'index', 'n', ...names]);
    const { list } = nameArguments(names);
    const script = createLuaScript(`${lua}\nlocal key = ARGV[1] .. ':submission:' .. id .. ':' .. index .. '-' .. n\n${source}`);
    return {
      run: (redis: Redis, prefix: string, { generationId, index, n }: SubmissionRef, given: Values<Names>): Promise<unknown> =>
        script.run(redis, generationKey(prefix, generationId), [prefix, generationId, index, n, ...list(given)]),
    };
  };
