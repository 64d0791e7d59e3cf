import { isLiftable, type HeldWorker, type HoldKind, type PauseKind, type StandingPause } from '@darkroom/generation-store';
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

const waitsFor: Readonly<Record<Exclude<StandingPause['kind'], PauseKind>, (reason: string) => string[]>> = {
  restart: (reason) => [
    `buying    WAITS: ${reason}; a worker asks S3 what is missing, which takes about a second`,
    '          what to do: nothing while a worker runs; its log says what keeps it',
  ],
  caps: (reason) => [
    `buying    WAITS: ${reason}; a worker brings them back from S3 within seconds`,
    '          what to do: if its log says that S3 has none either: npm run darkroom -- caps --day <usd>',
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

/** The workers that buy nothing while others may. @param now Milliseconds since 1970. */
export const describeHeld = (held: readonly HeldWorker[], now: number): string[] =>
  held.flatMap(({ worker, kind, reason, since }) => [
    `worker    ${worker} BUYS NOTHING since ${timeOf(since)} (${agoOf(since, now)}), ${holdWords[kind]}: ${reason}`,
    `          what to do: ${holdRemedies[kind]}; it asks by itself and goes on; other workers buy meanwhile`,
  ]);

/** Whether buying goes on, why not, since when, and what to do. @param now Milliseconds since 1970. */
export function describePauses(pauses: readonly StandingPause[], now: number): string[] {
  if (pauses.length === 0) return ['buying    goes on'];
  return [
    ...pauses.flatMap((pause) =>
      isLiftable(pause)
        ? [
            `buying    PAUSED since ${timeOf(pause.since)} (${agoOf(pause.since, now)}), ${who[pause.kind]}: ${pause.reason}`,
            `          what to do: ${remedies[pause.kind]}`,
          ]
        : waitsFor[pause.kind](pause.reason),
    ),
    '          what was bought before still comes home',
  ];
}
