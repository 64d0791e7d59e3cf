import { formatUsd } from '@darkroom/contracts';
import type { DamagedGeneration } from '@darkroom/generation-store';

const NAMED = 3;

/** Names the generations that a rebuild had to leave out; no line without any. */
export function describeDamaged(damaged: readonly DamagedGeneration[]): string[] {
  if (damaged.length === 0) return [];
  const most = damaged.reduce((sum, { mostNanoUsd }) => sum + mostNanoUsd, 0);
  const keys = damaged.slice(0, NAMED).map(({ key }) => `'${key}'`);
  const others = damaged.length > NAMED ? ` and ${damaged.length - NAMED} more` : '';
  return [
    `damaged   ${damaged.length} generations are LEFT OUT by a rebuild, whose records cannot be read: ${keys.join(', ')}${others}. Their ids and known idempotency keys are refused, and caps count up to ${formatUsd(most)} USD for them`,
    '          what to do: repair the records, then npm run rebuild; or give them up: npm run rebuild -- --skip-corrupt',
  ];
}
