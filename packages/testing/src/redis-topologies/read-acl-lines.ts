import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const shipped = fileURLToPath(new URL('../../../../infra/redis/darkroom.acl', import.meta.url));

/** Returns the users of the shipped file, each with a password of its own, as lines of an ACL file. */
export async function readAclLines(passwordOf: (user: string) => string): Promise<string[]> {
  const lines = (await readFile(shipped, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const [word = '', user = '', ...rules] = line.split(' ');
    return [word, user, ...rules.map((rule) => (rule.startsWith('>') ? `>${passwordOf(user)}` : rule))].join(' ');
  });
}
