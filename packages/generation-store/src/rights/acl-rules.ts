import { redisRights, type RedisProcess, type RedisRights } from './redis-rights.ts';

/** Name of a process's user in the shipped file. */
export const redisUserOf = (process: RedisProcess): string => `darkroom-${process}`;

/**
 * Returns the rules that give a user these rights and no others, as `ACL SETUSER` and a file of users take them. A process with one grant
 * needs no selector; the others need Redis 7 or Valkey.
 */
export function aclRulesOf({ commands, channels, grants }: RedisRights, prefix: string): string[] {
  const [only, ...others] = grants;
  const isPlain = only !== undefined && others.length === 0;
  return [
    'resetchannels',
    ...channels.map((channel) => `&${patternOf(prefix, channel)}`),
    ...(isPlain ? only.keys.map((key) => `~${patternOf(prefix, key)}`) : []),
    '-@all',
    ...commands.map((command) => `+${command}`),
    ...(isPlain ? only.commands.map((command) => `+${command}`) : grants.map((grant) => selectorOf(grant, prefix))),
  ];
}

/** Returns one grant as a selector, which gives its commands for its keys alone. */
const selectorOf = ({ commands, keys }: RedisRights['grants'][number], prefix: string): string =>
  `(${[...commands.map((command) => `+${command}`), ...keys.map((key) => `~${patternOf(prefix, key)}`)].join(' ')})`;

/** Returns the line of a process in a file of users. */
export const aclLineOf = (process: RedisProcess, prefix: string): string =>
  ['user', redisUserOf(process), 'reset', 'on', `>CHANGE-ME-${process}`, ...aclRulesOf(redisRights[process], prefix)].join(' ');

/** Returns a pattern of Redis for keys or channels, in which the characters of a prefix stand for themselves. */
export const patternOf = (prefix: string, name: string): string => `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}:${name}`;
