import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { z } from 'zod';

/** Secrets of one data folder. Kept from start to start, because uploads and webhooks of an earlier start may still arrive. */
const secretsSchema = z.object({
  /** Key pair of the embedded S3. */
  s3: z.object({ accessKeyId: z.string().min(1), secretAccessKey: z.string().min(1) }),
  /** Key that signs webhook capabilities. */
  webhook: z.string().min(32),
});
export type Secrets = z.infer<typeof secretsSchema>;

/**
 * Loads the secrets of a data folder; its first use creates them, in a file that only this user may read.
 * @throws LocalStackError if the file exists and does not hold them.
 */
export function loadSecrets(dir: string, random: (size: number) => Buffer = randomBytes): Secrets {
  const file = path.join(dir, 'secrets.json');
  const text = readIfThere(file);
  if (text === undefined) {
    const secrets = {
      s3: { accessKeyId: `LOCAL${random(8).toString('hex').toUpperCase()}`, secretAccessKey: random(32).toString('base64url') },
      webhook: random(32).toString('hex'),
    };
    writeFileSync(file, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    return secrets;
  }
  const parsed = secretsSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new LocalStackError(`cannot read the keys in "${file}": it does not hold them; remove the data folder to start over`);
  return parsed.data;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new LocalStackError(`cannot read the keys in "${file}": ${String(error)}`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the master keys of the secrets that sign notifications, in the form of NOTIFICATION_KEYS. */
export const notificationKeysOf = ({ webhook }: Secrets): string => `local:${webhook}`;
