import type { PauseKind } from '@darkroom/contracts';
import { isLiftable, type HeldWorker, type HoldKind, type StandingPause } from '@darkroom/generation-store';
import { agoOf, timeOf } from './time-words.ts';

/** Instructions that end a pause of each kind. */
const remedies: Readonly<Record<PauseKind, string>> = {
  account:
    'correct the key, permission or balance at the provider; workers ask once a minute, for free, and resume by themselves; to resume at once: darkroom resume --kind account',
  operator: 'an operator paused buying; to resume: darkroom resume --kind operator',
};

const causes: Readonly<Record<PauseKind, string>> = {
  account: 'the provider refused the account',
  operator: 'an operator',
};

const waitsFor: Readonly<Record<Exclude<StandingPause['kind'], PauseKind>, (reason: string) => string[]>> = {
  restart: (reason) => [
    `buying    WAITS: ${reason}; a worker asks S3 what is missing, which takes about a second`,
    '          what to do: nothing while a worker runs; its log says what it waits for',
  ],
  caps: (reason) => [
    `buying    WAITS: ${reason}; a worker restores them from S3 within seconds`,
    '          what to do: if its log says that S3 has none either: darkroom caps --day <usd>',
  ],
};

const holdRemedies: Readonly<Record<HoldKind, string>> = {
  account: 'correct RUNWARE_API_KEY of this worker, the permission or the balance',
  refusing: "read the provider's words: the model, one of its rules or a setting of ours may have changed",
  foreign: 'correct RUNWARE_URL of this worker (its path is /v1), or the proxy or gateway on the way',
};

const holdWords: Readonly<Record<HoldKind, string>> = {
  account: 'the provider refuses its account',
  refusing: 'the provider refuses the plainest purchase',
  foreign: 'what answers it is not the provider',
};

/** Describes the workers that buy nothing while others may. @param now Milliseconds since 1970. */
export const describeHeld = (held: readonly HeldWorker[], now: number): string[] =>
  held.flatMap(({ worker, kind, reason, since }) => [
    `worker    ${worker} BUYS NOTHING since ${timeOf(since)} (${agoOf(since, now)}), ${holdWords[kind]}: ${reason}`,
    `          what to do: ${holdRemedies[kind]}; it asks again and resumes by itself; other workers buy meanwhile`,
  ]);

/** An unreadable pause has no time. */
const sinceWords = (since: number, now: number): string =>
  since === 0 ? 'since an unknown time' : `since ${timeOf(since)} (${agoOf(since, now)})`;

/** Describes each pause with its cause, its start and what to do, or says that none stands. @param now Milliseconds since 1970. */
export function describePauses(pauses: readonly StandingPause[], now: number): string[] {
  if (pauses.length === 0) return ['buying    is not paused'];
  return [
    ...pauses.flatMap((pause) =>
      isLiftable(pause)
        ? [
            `buying    PAUSED ${sinceWords(pause.since, now)}, ${causes[pause.kind]}${pause.by === undefined ? '' : ` (${pause.by})`}: ${pause.reason}`,
            `          what to do: ${remedies[pause.kind]}`,
          ]
        : waitsFor[pause.kind](pause.reason),
    ),
    '          images bought before still come home',
  ];
}
