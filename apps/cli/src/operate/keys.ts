import type { ApiScope } from '@darkroom/contracts';
import type { StoredApiKey } from '@darkroom/generation-store';
import { createApiKey, revokeApiKey } from '@darkroom/recovery';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Operations } from './open-operations.ts';
import { isNotRecorded, LATER, withBucket } from './record-or-report.ts';
import { agoOf } from './time-words.ts';
import { withOperations } from './with-operations.ts';

/** A key of the HTTP API to be created. */
export interface KeyOrder {
  name: string;
  tenant: string;
  scopes: ApiScope[];
  environment: string;
}

type Lines = Pick<CommandContext, 'terminal' | 'answer'>;

/**
 * Lists the keys of the HTTP API, creates one, or revokes one. The text of a new key is printed once, and only when S3 has the key.
 * @returns the exit code: 0 only if S3 has the change.
 */
export const runKeys = (
  values: { dataDir: string | undefined; create?: KeyOrder; revoke?: string },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations(values, context, async (operations) => {
    const { create, revoke } = values;
    if (create !== undefined) return createKey(create, operations, context);
    if (revoke !== undefined) return endKey(revoke, operations, context);
    const keys = await operations.store.listApiKeys();
    const now = operations.clock.now();
    const lines = keys.length === 0 ? ['keys      none; make one with keys --create <name>'] : keys.map((key) => describeKey(key, now));
    context.answer({ keys: keys.map(({ hash: _hash, ...key }) => key) }, lines);
    return 0;
  });

async function createKey(
  { environment, ...key }: KeyOrder,
  { store, openBucket }: Operations,
  { terminal, answer }: Lines,
): Promise<0 | 1> {
  try {
    const { text, id } = await withBucket(openBucket, (archive) => createApiKey({ store, archive }, environment, key));
    answer({ id, key: text, ...key, recorded: true }, [
      `key       ${id}, for tenant ${key.tenant}, may ${key.scopes.join(', ')}. It is shown this once:`,
      text,
    ]);
    return 0;
  } catch (error) {
    if (!isNotRecorded(error)) throw error;
    terminal.complain(`no key was created (recorded: false): ${error.message}`);
    return 1;
  }
}

async function endKey(id: string, { store, openBucket }: Operations, { terminal, answer }: Lines): Promise<0 | 1> {
  try {
    const revoked = await withBucket(openBucket, (archive) => revokeApiKey({ store, archive }, id));
    if (revoked === undefined) {
      terminal.complain(`there is no key ${id}; keys lists them`);
      return 1;
    }
    answer({ id, revoked: true, recorded: true }, [
      `key       ${id} ${revoked === 'revoked' ? 'is revoked, and opens nothing any more' : 'was revoked before'} (recorded in S3)`,
    ]);
    return 0;
  } catch (error) {
    if (!isNotRecorded(error)) throw error;
    const held = (await store.revokeApiKey(id)) === undefined ? 'redis holds no such key' : `the key opens nothing any more; ${LATER}`;
    terminal.complain(`the change is not recorded (recorded: false): ${error.message}\n${held}`);
    return 1;
  }
}

const describeKey = ({ id, name, tenant, scopes, createdAt, revokedAt, isRecorded, lastUsedAt }: StoredApiKey, now: number): string => {
  const used = lastUsedAt === undefined ? 'never used' : `used ${agoOf(lastUsedAt, now)}`;
  const state = revokedAt !== undefined ? `revoked ${agoOf(revokedAt, now)}` : isRecorded ? used : 'not recorded in S3 yet, opens nothing';
  return `key       ${id}  ${tenant}  ${scopes.join(',')}  created ${agoOf(createdAt, now)}, ${state}  ${name}`;
};
