import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseApiKey } from '@darkroom/contracts';
import { createApiKey, type KeptApiKeys } from '@darkroom/recovery';
import type { GenerationStore } from '@darkroom/generation-store';

/**
 * Returns a key for the HTTP API of this machine: that of the last start if it still opens something, else a new one, in a file that only
 * this user may read.
 * @param dir The data folder.
 */
export async function ensureApiKey(dir: string, keys: KeptApiKeys & { store: Pick<GenerationStore, 'useApiKey'> }): Promise<string> {
  const file = path.join(dir, 'api-key');
  const kept = readIfThere(file);
  const parsed = parseApiKey(kept);
  if (parsed !== undefined && (await keys.store.useApiKey(parsed.id))?.hash === parsed.hash) return kept;
  const { text } = await createApiKey(keys, 'local', { tenant: 'default', scopes: ['read', 'write', 'erase'], name: 'npm start' });
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return text;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
