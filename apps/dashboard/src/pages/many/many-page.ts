import type { BulkAct } from '@darkroom/generation-store';
import { filterOf, writeFilter } from '../generations/read-filter.ts';
import { showReason } from '../parts/forms.ts';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { count, moment, nothing } from '../parts/words.ts';
import { describeAmount, kinds, statusesOf } from './kinds.ts';

/** Describes a filter in words: "status failed; tenant acme". */
export const describeFilter = (text: string): string =>
  [...new URLSearchParams(text)]
    .filter(([name]) => name !== 'view')
    .map(([name, value]) => `${name} ${value}`)
    .join('; ') || 'all';

const stateWords: Readonly<Record<BulkAct['state'], string>> = {
  counting: 'counting',
  counted: 'counted, not begun',
  changing: 'under way',
  stopped: 'stopped',
  done: 'done',
};

const countedOf = ({ countedGenerations = 0, countedImages = 0, countedNanoUsd = 0 }: BulkAct) => ({
  generations: countedGenerations,
  images: countedImages,
  nanoUsd: countedNanoUsd,
});

/** Shows one act: what it would take, how far it has come, and what could not be changed. */
export function showManyAct(act: BulkAct, mayAct: boolean, note: string | undefined): Html {
  const { id, kind, state, filter, who, reason, failures, failed, before, why, countedAt, createdBefore, endedAt } = act;
  const { change, words } = kinds[kind];
  const counted = countedOf(act);
  const statuses = statusesOf(kind, filterOf(filter));
  const again = filterOf(filter);
  return html`
    ${note !== undefined && html`<p class="notice good" role="status">${note}</p>`}
    <p>
      ${words} all with: ${describeFilter(filter)}. It looks at ${statuses.join(', ')}, enqueued before ${moment(createdBefore)}.
      <a href="generations?${writeFilter(again, { status: statuses })}">List them</a>
    </p>
    ${state === 'counting' && html`<p class="notice" role="status">Counts what it would take, and changes nothing: ${describeAmount(kind, act)} so far.</p>`}
    ${countedAt !== undefined && html`<p class="notice"><strong>${describeAmount(kind, counted)}</strong>, counted ${moment(countedAt)}. ${kind === 'cancel' ? 'What is not sent yet is never bought, and its money is free; what was sent comes home and is kept.' : 'It buys no more than this. Images that are unknown or lost are left out: retry them one by one.'}</p>`}
    ${state === 'counted' && counted.generations === 0 && nothing('There is nothing to do.')}
    ${(state === 'changing' || state === 'done' || (state === 'stopped' && countedAt !== undefined)) && showProgress(act, counted)}
    ${state === 'stopped' && html`<p class="notice bad"><strong>Stopped</strong>${endedAt !== undefined && html` ${moment(endedAt)}`}${why !== '' && `: ${why}`}.</p>`}
    ${reason !== '' && html`<p class="soft">By ${who || 'unknown'}: ${reason}</p>`}
    ${
      failed > 0 &&
      html`<h2>Not ${change.done}: ${count(failed)}</h2>
        <ul>
          ${failures.map(
            ({ generationId, words: fault }) =>
              html`<li>
                <a href="generations/${generationId}"><code>${generationId}</code></a> ${fault}
              </li>`,
          )}
        </ul>`
    }
    ${before > 0 && html`<p>${count(before)} had been ${change.done} before, and stay as they are.</p>`}
    ${mayAct && showForms(id, act, counted)}
    <p><a href="generations/many">All acts on many generations</a></p>
  `;
}

function showProgress(act: BulkAct, counted: ReturnType<typeof countedOf>): Html {
  const { kind, state, generations, failed, before } = act;
  const looked = generations + failed + before;
  return html`<p class=${`notice ${state === 'done' ? 'good' : ''}`} role="status">
    <label class="progress"
      >${state === 'done' ? 'Done' : 'So far'}, ${kinds[kind].change.done}:
      ${describeAmount(kind, act)}${failed > 0 && `; ${count(failed)} could not be`}
      <progress
        max=${Math.max(1, counted.generations)}
        value=${state === 'done' ? Math.max(1, counted.generations) : Math.min(looked, counted.generations)}
      ></progress
    ></label>
  </p>`;
}

function showForms(id: string, { kind, state }: BulkAct, counted: ReturnType<typeof countedOf>): Html {
  const { words } = kinds[kind];
  const mayBegin = counted.generations > 0 && (state === 'counted' || state === 'stopped');
  return html`<div class="acts">
    ${
      mayBegin &&
      html`<form method="post" action="generations/many/${id}/${kind}">
        ${showReason()}<button type="submit" class="danger">
          ${state === 'stopped' ? 'Go on' : `${words} ${count(counted.generations)} ${counted.generations === 1 ? 'generation' : 'generations'}`}
        </button>
      </form>`
    }
    ${
      (state === 'counting' || state === 'changing') &&
      html`<form method="post" action="generations/many/${id}/stop">${showReason()}<button type="submit">Stop</button></form>`
    }
  </div>`;
}

/** Shows the last acts on many generations. */
export const showManyActs = (acts: readonly BulkAct[]): Html =>
  acts.length === 0
    ? nothing('None in the last week. Search for generations by a filter, and open “Change all of them” above the list.')
    : showTable({
        label: 'Acts on many generations',
        columns: ['Time', 'Act', 'Filter', 'State', 'Changed', 'By', 'Reason'],
        rows: acts.map(({ id, kind, filter, state, createdAt, who, reason, ...amount }) => ({
          isEntry: true,
          cells: [
            html`<a class="open" href="generations/many/${id}">${moment(createdAt)}</a>`,
            kinds[kind].words,
            describeFilter(filter),
            stateWords[state],
            state === 'counting' || state === 'counted' ? '' : describeAmount(kind, amount),
            who,
            reason,
          ],
        })),
      });
