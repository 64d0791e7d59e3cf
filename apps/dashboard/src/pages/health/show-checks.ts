import { describeCaps, formatUsd, MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { count, duration, moment } from '../parts/words.ts';
import { SHOWN, type Health } from './read-health.ts';

/** Shows all that needs a person, or that everything is well. */
export function showFindings(health: Health): Html {
  const findings = findingsOf(health);
  return findings.length === 0
    ? html`<p class="notice good">Nothing is wrong with store, workers and provider.</p>`
    : findings.map((words) => html`<p class="notice bad">${words}</p>`);
}

function findingsOf(health: Health): string[] {
  const { now, isOpen, held, trouble, noWorkerSince, differing, redis, reading, damaged, caps, skewMs } = health;
  const isSkewed = Math.abs(skewMs) > MAX_CLOCK_SKEW_MS;
  const leftOut = damaged.reduce((sum, { mostNanoUsd }) => sum + mostNanoUsd, 0);
  return [
    ...(isOpen
      ? []
      : [
          'The store is not open, and nothing is queued or bought. Start a worker if it is new; else Redis lost its memory: darkroom rebuild.',
        ]),
    ...(isOpen && caps === undefined
      ? ['Redis does not hold the spend caps, and nothing is bought until it does. A worker restores them from the bucket within seconds.']
      : []),
    ...redis.shortcomings.map(({ text, isUnfit }) => `Redis: ${text}.${isUnfit ? ' No worker becomes ready with it.' : ''}`),
    ...(isSkewed
      ? [
          `The clock of the dashboard is ${duration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} Redis. A process that is more than a minute off is not ready: set the wrong clock (NTP).`,
        ]
      : []),
    ...(noWorkerSince === undefined
      ? []
      : [
          `No worker is alive${noWorkerSince > 0 ? `; the last gave a sign ${duration(now - noWorkerSince)} ago` : ''}. What is queued waits.`,
        ]),
    ...held.map(({ worker, kind, reason }) => `Worker ${worker} buys nothing (${kind}): ${reason}`),
    ...(trouble === undefined
      ? []
      : [
          `The provider is in trouble: the last ${trouble.failures} requests failed${trouble.code === undefined ? '' : `, the last with ${trouble.code}`}. One trial request goes out at a time.`,
        ]),
    ...(differing === undefined
      ? []
      : [`A process names other caps in its environment: ${differing}; the caps of the store apply. darkroom caps changes them.`]),
    ...(reading === undefined
      ? []
      : [
          `A rebuild opened the store ${duration(now - reading.openedAt)} ago, and ${count(reading.left)} of ${count(reading.total)} generations that had ended are not read yet. Workers buy; unknown idempotency keys and ids are refused.`,
        ]),
    ...(damaged.length === 0
      ? []
      : [
          `A rebuild left out ${count(damaged.length)}${damaged.length === SHOWN ? ' or more' : ''} generations whose records cannot be read, such as ${damaged[0]?.key ?? ''}; caps count up to ${formatUsd(leftOut)} USD for them. Repair the records, then: darkroom rebuild.`,
        ]),
  ];
}

/** Shows what was looked at, also where all is well, and what this process cannot look at. */
export function showChecks({ redis, noWorkerSince, isOpen, ownerId, caps, skewMs, jobs, readMs, version, now }: Health): Html {
  const { usedBytes, limitBytes = 0, evictedKeys = 0 } = redis;
  const memory =
    usedBytes === undefined
      ? 'does not tell its memory'
      : `${megabytes(usedBytes)} used${limitBytes > 0 ? ` of ${megabytes(limitBytes)} (${Math.round((100 * usedBytes) / limitBytes)} %)` : ', no limit set'}`;
  const worst = redis.shortcomings.length === 0 ? 'no fault in its settings' : redis.shortcomings.map(({ kind }) => kind).join(', ');
  const rows: [string, Html][] = [
    ['Redis', `answers; ${memory}; ${worst}${evictedKeys > 0 ? `; ${count(evictedKeys)} keys were thrown away since its start` : ''}`],
    ['Clock', html`${moment(now)} in Redis; ours differs by ${duration(Math.abs(skewMs))}`],
    ['Store', isOpen ? `open; ${ownerId === undefined ? 'without an owner' : `of the Darkroom ${ownerId}`}` : 'not open'],
    ['Workers', noWorkerSince === undefined ? 'one gave a sign of life in the last half minute' : 'none is alive'],
    ['Spend caps', caps === undefined ? 'not known' : describeCaps(caps)],
    ['Queues', `${jobs.length} can be read`],
    ['This dashboard', `version ${version}; read this page in ${duration(readMs)}`],
  ];
  return html`${showTable({ isStacked: false, columns: ['What', 'State'], rows })}
    <p class="soft">
      Bucket, account at the provider and webhook address need rights and keys that the dashboard does not have:
      <code>darkroom doctor</code>
      checks them.
    </p>`;
}

const megabytes = (bytes: number): string => `${count(Math.round(bytes / 1024 / 1024))} MB`;
