import type { BuyingPause, PauseKind } from '@darkroom/generation-store';
import { agoOf, timeOf } from './time-words.ts';

/** What lifts a pause of each kind. */
const remedies: Readonly<Record<PauseKind, string>> = {
  account:
    'correct the key, permission or balance at the provider; workers ask for free, once a minute, and go on by themselves; at once: npm run darkroom -- resume --kind account',
  operator: 'somebody paused it; when that is over: npm run darkroom -- resume --kind operator',
};

const who: Readonly<Record<PauseKind, string>> = {
  account: 'the provider refused the account',
  operator: 'an operator',
};

/** Whether buying goes on, why not, since when, and what to do. @param now Milliseconds since 1970. */
export function describePauses(pauses: readonly BuyingPause[], now: number): string[] {
  if (pauses.length === 0) return ['buying    goes on'];
  return [
    ...pauses.flatMap(({ kind, reason, since }) => [
      `buying    PAUSED since ${timeOf(since)} (${agoOf(since, now)}), ${who[kind]}: ${reason}`,
      `          what to do: ${remedies[kind]}`,
    ]),
    '          what was bought before still comes home',
  ];
}
