import { formatUsd } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { badge, count, duration, moment, nothing } from '../parts/words.ts';
import { buildBars, drawChart, drawPart } from './chart.ts';
import { percentile, ranges, type Overview, type Range } from './read-overview.ts';

/** Shows the state of the fleet: what needs a person first. */
export function showOverview(overview: Overview): Html {
  const { now, from, range, minutes, counts, open, tasks, images, spend, unknown, failed, providerMs } = overview;
  const bars = buildBars(minutes, from, now, ranges[range].barMs);
  const recorded = bars.reduce((sum, each) => sum + each.recorded, 0);
  const lost = bars.reduce((sum, each) => sum + each.failed, 0);
  const [p50, p95] = [percentile(providerMs, 0.5), percentile(providerMs, 0.95)];
  return html`
    ${showTroubles(overview)}
    <dl class="tiles">
      ${tile('Images home', count(recorded), ranges[range].words)} ${tile('Images failed', count(lost), ranges[range].words)}
      ${tile('At the provider', count(tasks.count), `of ${count(tasks.limit)} tasks allowed`)}
      ${tile('Open images', count(images.count), images.limit > 0 ? `of ${count(images.limit)} allowed` : 'no bound')}
      ${tile('Oldest open', open.oldest === undefined ? 'none' : html`<a href="generations/${open.oldest.generationId}">${duration(now - open.oldest.createdAt)}</a>`, `${count(open.count)} generations are open`)}
      ${tile('Provider, p50', p50 === undefined ? 'unknown' : duration(p50), `p95 ${p95 === undefined ? 'unknown' : duration(p95)}, last ${providerMs.length} images`)}
      ${tile('Queued', count(counts.queued), html`<a href="generations?status=queued">show</a>`)}
      ${tile('Running', count(counts.running), html`<a href="generations?status=running">show</a>`)}
      ${tile('Failed or partial', count(counts.failed + counts.partial), html`<a href="generations?status=failed&status=partial">show</a>`)}
      ${tile('Unknown outcomes', count(unknown.count), 'their money is held')}
    </dl>
    <h2>Throughput</h2>
    <p>
      ${(Object.keys(ranges) as Range[]).map((each) => html`<a href="./?range=${each}" aria-current=${each === range ? 'true' : undefined}>${ranges[each].words}</a> `)}
    </p>
    ${drawChart(bars, `Images by time, ${ranges[range].words}: ${recorded} came home, ${lost} failed`)}
    <div class="split">
      <div>
        <h2>Failures by code</h2>
        ${showCounts(sumOf(minutes.map((each) => each.failed)), 'No image failed.', { name: 'code' }, (code) => html`<a href="generations?code=${code}">${code}</a>`)}
        <h2>Refused orders</h2>
        ${showCounts(sumOf(minutes.map((each) => each.refused)), 'No order was refused.', { name: 'code', of: 'times' }, (code) => code)}
      </div>
      <div>
        <h2>Roads home</h2>
        ${showCounts(sumOf(minutes.map((each) => each.roads)), 'No image came home.', { name: 'road' }, (road) => road)}
      </div>
    </div>
    <h2>Spend</h2>
    ${showSpend(spend)}
    <h2>Last failures</h2>
    ${
      failed.length === 0
        ? nothing('No generation has failed.')
        : showTable({
            columns: ['Generation', 'Status', 'Tenant', 'Fault', 'Created'],
            rows: failed.map(({ generationId, status, tenant, codes, createdAt }) => ({
              isEntry: true,
              cells: [
                html`<a class="open" href="generations/${generationId}"><code>${generationId}</code></a>`,
                badge(status),
                tenant,
                codes.join(', '),
                moment(createdAt),
              ],
            })),
          })
    }
  `;
}

const tile = (name: string, value: Html, small: Html): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${value}<small>${small}</small></dd>
  </div>`;

function showTroubles({ now, isOpen, pauses, held, trouble, failing, noWorkerSince, counts }: Overview): Html {
  const waiting = counts.queued + counts.running;
  return html`
    ${!isOpen && html`<p class="notice bad"><strong>The store is not open.</strong> No worker has started here yet, or Redis lost its memory. Start a worker if this Darkroom is new; else <code>darkroom rebuild</code>.</p>`}
    ${pauses.map(
      (pause) =>
        html`<p class="notice bad">
          <strong>Buying is paused (${pause.kind}).</strong> ${pause.reason}${'since' in pause && html` – since ${moment(pause.since)}`}
        </p>`,
    )}
    ${held.map(({ worker, kind, reason, since }) => html`<p class="notice bad"><strong>Worker ${worker} buys nothing (${kind}).</strong> ${reason} – since ${moment(since)}</p>`)}
    ${trouble !== undefined && html`<p class="notice bad"><strong>The provider is in trouble</strong> since ${moment(trouble.since)}: the last ${trouble.failures} requests failed${lastCode(trouble)}. One trial request goes out at a time.</p>`}
    ${failing !== undefined && waiting > 0 && html`<p class="notice"><strong>Sends fail</strong> since ${moment(failing.since)}: those of ${failing.generations === 1 ? 'one generation' : `${count(failing.generations)} generations`}${lastCode(failing)}, and workers send them again.</p>`}
    ${noWorkerSince !== undefined && waiting > 0 && html`<p class="notice bad"><strong>No worker is alive</strong>${noWorkerSince > 0 ? html`; the last gave a sign ${duration(now - noWorkerSince)} ago` : ''}. What is queued waits.</p>`}
  `;
}

/** Names the last failure, by which an operator knows where to look. */
const lastCode = ({ code }: { code?: string }): Html => (code === undefined ? '' : html`, the last with <code>${code}</code>`);

const sumOf = (all: readonly Readonly<Record<string, number>>[]): [string, number][] => {
  const sums = new Map<string, number>();
  for (const each of all) for (const [name, value] of Object.entries(each)) sums.set(name, (sums.get(name) ?? 0) + value);
  return [...sums].toSorted((a, b) => b[1] - a[1]);
};

const showCounts = (
  counts: readonly [string, number][],
  none: string,
  { name, of = 'images' }: { name: string; of?: string },
  show: (name: string) => Html,
): Html =>
  counts.length === 0
    ? nothing(none)
    : showTable({
        isStacked: false,
        columns: [name, { name: of, isNumber: true }],
        rows: counts.map(([each, value]) => [show(each), count(value)]),
      });

/** Names a period of all tenants for a reader: "all tenants, 2026-11-30". */
const periodOf = (name: string): string => name.replace(/^all:(?:day|month):/, 'all tenants, ');

/** Shows the money of periods beside their caps. */
export const showSpend = (periods: readonly PeriodSpend[]): Html =>
  showTable({
    columns: ['Period', 'Of the cap', ...['Settled', 'Held', 'Cap'].map((name) => ({ name, isNumber: true }) as const), 'Begins anew'],
    rows: periods.map(({ name, settledNanoUsd, reservedNanoUsd, capNanoUsd, resetsAt }) => [
      periodOf(name),
      capNanoUsd === undefined
        ? 'no cap'
        : html`${drawPart(settledNanoUsd, reservedNanoUsd, capNanoUsd)}
          ${Math.floor((100 * (settledNanoUsd + reservedNanoUsd)) / capNanoUsd)} %`,
      `${formatUsd(settledNanoUsd)} USD`,
      `${formatUsd(reservedNanoUsd)} USD`,
      capNanoUsd === undefined ? '–' : `${formatUsd(capNanoUsd)} USD`,
      moment(resetsAt),
    ]),
  });
