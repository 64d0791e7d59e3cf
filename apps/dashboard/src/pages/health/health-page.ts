import { formatUsd } from '@darkroom/contracts';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { count, moment, nothing } from '../parts/words.ts';
import type { Health } from './read-health.ts';
import { showActsDone } from './show-acts-done.ts';
import { showBuying } from './show-buying.ts';
import { showChecks, showFindings } from './show-checks.ts';
import { showNotifications } from './show-notifications.ts';
import { showPass } from './show-pass.ts';

/** Shows what needs a person, what the reconciler found, and what operators did. */
export const showHealth = (health: Health, mayAct: boolean, note: string | undefined): Html => html`
  ${note !== undefined && html`<p class="notice good" role="status">${note}</p>`}
  <h2>Findings</h2>
  ${showFindings(health)} ${showBuying(health, mayAct)}
  <h2>Repairs</h2>
  ${showPass(health)}
  <h2>Outcomes unknown</h2>
  ${showUnknown(health)}
  <h2>Withheld images</h2>
  ${showWithheld(health)}
  <h2>Notifications</h2>
  ${showNotifications(health)}
  <h2>Queues</h2>
  ${showTable({
    isStacked: false,
    columns: ['Queue', 'Jobs by state'],
    rows: health.jobs.map(({ queue, states }) => [html`<a href="queues/queue/${queue}">${queue}</a>`, describeStates(states)]),
  })}
  <h2>Checked</h2>
  ${showChecks(health)}
  <h2>Log of acts</h2>
  ${showActsDone(health)}
`;

const describeStates = (states: Readonly<Record<string, number>>): string =>
  Object.entries(states)
    .filter(([, value]) => value > 0)
    .map(([state, value]) => `${count(value)} ${state}`)
    .join(', ') || 'empty';

interface ShownImage {
  readonly ref: { readonly generationId: string; readonly index: number };
  readonly tenant: string;
  readonly since: number;
}

const showImages = (images: readonly (ShownImage & { readonly heldNanoUsd?: number })[]): Html =>
  html`<ul>
    ${images.map(
      ({ ref, tenant, since, heldNanoUsd }) =>
        html`<li>
          <a href="generations/${ref.generationId}"><code>${ref.generationId}</code></a> image ${ref.index},
          ${tenant}${heldNanoUsd !== undefined && `, ${formatUsd(heldNanoUsd)} USD`}, since ${moment(since)}
        </li>`,
    )}
  </ul>`;

const showUnknown = ({ unknown }: Health): Html =>
  unknown.count === 0
    ? nothing('None. No money is held without an end in sight.')
    : html`<p>
          ${count(unknown.count)} ${unknown.count === 1 ? 'purchase has' : 'purchases have'} an unknown outcome, and their money is on hold.
          An operator ends it: <code>darkroom unknown</code>
        </p>
        ${showImages(unknown.oldest)}`;

const showWithheld = ({ withheld }: Health): Html =>
  withheld.count === 0
    ? nothing('None waits for a release.')
    : html`<p>${count(withheld.count)} ${withheld.count === 1 ? 'waits' : 'wait'} for a release: <code>darkroom withheld</code></p>
        ${showImages(withheld.oldest)}`;
