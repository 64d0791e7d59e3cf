import { generationStatuses, isFinalGeneration, type GenerationSummary } from '@darkroom/contracts';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { badge, count, duration, moment, nothing } from '../parts/words.ts';
import { pictureOf } from '../pictures/picture-of.ts';
import { isNarrowed, writeFilter, type Filter } from './read-filter.ts';
import type { FoundGenerations } from './read-generations.ts';

export interface GenerationsParts extends FoundGenerations {
  readonly filter: Filter;
  readonly now: number;
  /** False where the dashboard was given no bucket. */
  readonly hasPictures: boolean;
  readonly mayAct: boolean;
}

/** Shows the form of the filter. It stands outside of the part that changes by itself. */
const showForm = ({ id, status, tenant, tag, code, from, to, view }: Filter): Html => html`
  <form class="filters" method="get" action="generations" role="search" aria-label="Generations">
    <label>Id, or its first digits<input type="search" name="id" value=${id} autocomplete="off" spellcheck="false" /></label>
    <label
      >Status
      <select name="status">
        <option value="">all</option>
        ${generationStatuses.map((each) => html`<option value=${each} selected=${status.length === 1 && status[0] === each}>${each}</option>`)}
      </select>
    </label>
    <label>Tenant<input name="tenant" value=${tenant} size="12" /></label>
    <label>Tag<input name="tag" value=${tag} size="10" /></label>
    <label>Error code<input name="code" value=${code} size="20" /></label>
    <label>Created since (UTC)<input type="datetime-local" name="from" value=${from} /></label>
    <label>before<input type="datetime-local" name="to" value=${to} /></label>
    <label
      >Show as
      <select name="view">
        <option value="table">table</option>
        <option value="pictures" selected=${view === 'pictures'}>pictures</option>
      </select>
    </label>
    <button type="submit">Search</button>
  </form>
`;

/** Shows the generations that a filter describes. */
export function showGenerations(parts: GenerationsParts): Html {
  const { generations, nextCursor, problem, stopped, filter, mayAct } = parts;
  return html`
    ${showForm(filter)} ${problem !== undefined && html`<p class="notice bad" role="status">${problem}</p>`}
    ${mayAct && isNarrowed(filter) && showMany(filter)} ${filter.status.length > 1 && html`<p>Status: ${filter.status.join(', ')}</p>`}
    ${
      generations.length === 0
        ? nothing(
            nextCursor !== undefined
              ? 'None of those looked at fits; there are more.'
              : isNarrowed(filter) || filter.id !== ''
                ? 'No generation fits. Redis lets go of one a week after its end.'
                : 'No generation has been enqueued yet, or each has ended more than a week ago.',
          )
        : filter.view === 'pictures'
          ? showPictures(parts)
          : showList(parts)
    }
    ${
      stopped !== undefined &&
      html`<p class="notice" role="status">
        Looked at ${count(stopped.looked)} generations, all that were enqueued up to ${moment(stopped.at)}. An id may be older than its
        enqueue: there may be more.
      </p>`
    }
    <p>
      ${filter.cursor !== '' && html`<a href="generations?${writeFilter(filter, { cursor: '' })}">${filter.id === '' ? 'Newest' : 'From the beginning'}</a> `}
      ${nextCursor !== undefined && html`<a href="generations?${writeFilter(filter, { cursor: nextCursor })}" rel="next">${filter.id === '' ? 'Older' : 'Go on'}</a>`}
    </p>
  `;
}

/** Offers the acts on all that the filter lets pass, on all pages. Each begins with a count, which changes nothing. */
const showMany = (filter: Filter): Html =>
  html`<details class="many">
    <summary>Change all of them</summary>
    <p>First it counts what it would take, and what that costs. Nothing is changed until you begin it with a reason.</p>
    <form method="post" action="generations/many">
      <input type="hidden" name="filter" value=${writeFilter(filter, { cursor: '' })} />
      <button type="submit" name="act" value="cancel">Count for a cancel</button>
      <button type="submit" name="act" value="retry">Count for a retry</button>
      <a href="generations/many">Acts so far</a>
    </form>
  </details>`;

const showList = ({ generations, now, hasPictures }: GenerationsParts): Html =>
  showTable({
    label: 'Generations',
    columns: ['Generation', 'Status', 'Tenant', 'Images', { name: 'USD', isNumber: true }, 'Created', 'Took', 'Fault'],
    rows: generations.map((each) => ({
      isEntry: true,
      cells: [
        html`<a class="open" href="generations/${each.generationId}"><code>${each.generationId}</code></a
          >${each.tags !== undefined && html`<br /><span class="soft">${each.tags.join(', ')}</span>`}`,
        badge(each.status),
        each.tenant,
        html`${describeImages(each)}${hasPictures && showStrip(each)}`,
        each.costUsd,
        moment(each.createdAt),
        tookOf(each, now),
        each.codes.join(', '),
      ],
    })),
  });

const describeImages = ({ images }: GenerationSummary): string =>
  `${images.filter((status) => status === 'succeeded').length} of ${images.length}`;

const tookOf = ({ status, createdAt, finishedAt }: GenerationSummary, now: number): string =>
  finishedAt !== undefined ? duration(finishedAt - createdAt) : isFinalGeneration(status) ? '' : `${duration(now - createdAt)} so far`;

const SHOWN_IN_ROW = 4;

const showStrip = ({ generationId, images }: GenerationSummary): Html => {
  const there = images.flatMap((status, index) => (status === 'succeeded' ? [index] : []));
  return (
    there.length > 0 &&
    html`<div class="strip">${there.slice(0, SHOWN_IN_ROW).map((index) => pictureOf(generationId, index, 'small'))}</div>`
  );
};

const showPictures = ({ generations, hasPictures }: GenerationsParts): Html =>
  html`<ul class="pictures">
    ${generations.flatMap((each) =>
      each.images.map(
        (status, index) =>
          html`<li data-row>
            ${status === 'succeeded' && hasPictures ? pictureOf(each.generationId, index, 'small') : html`<div class="none">${status === 'succeeded' ? 'no bucket is configured' : each.codes.join(', ') || status}</div>`}
            <p>
              <a class="open" href="generations/${each.generationId}"><code>…${each.generationId.slice(-8)}</code> image ${index}</a>
              ${badge(status)}<br />${each.tenant}, ${moment(each.createdAt)}
            </p>
          </li>`,
      ),
    )}
  </ul>`;
