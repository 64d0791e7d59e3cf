import { generationStatuses, isFinalGeneration, type GenerationSummary } from '@darkroom/contracts';
import { html, type Html } from '../parts/html.ts';
import { badge, duration, moment, nothing } from '../parts/words.ts';
import { pictureOf } from '../pictures/picture-of.ts';
import { writeFilter, type Filter } from './read-filter.ts';
import type { FoundGenerations } from './read-generations.ts';

export interface GenerationsParts extends FoundGenerations {
  readonly filter: Filter;
  readonly now: number;
  /** False where the dashboard was given no bucket. */
  readonly hasPictures: boolean;
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
  const { generations, nextCursor, problem, filter } = parts;
  return html`
    ${showForm(filter)} ${problem !== undefined && html`<p class="notice bad" role="status">${problem}</p>`}
    ${filter.status.length > 1 && html`<p>Status: ${filter.status.join(', ')}</p>`}
    ${
      generations.length === 0
        ? nothing(nextCursor === undefined ? 'No generation fits.' : 'None of those looked at fits; there are more.')
        : filter.view === 'pictures'
          ? showPictures(parts)
          : showTable(parts)
    }
    <p>
      ${filter.cursor !== '' && html`<a href="generations?${writeFilter(filter, { cursor: '' })}">Newest</a> `}
      ${nextCursor !== undefined && html`<a href="generations?${writeFilter(filter, { cursor: nextCursor })}" rel="next">Older</a>`}
    </p>
  `;
}

const showTable = ({ generations, now, hasPictures }: GenerationsParts): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="Generations">
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">Generation</th>
          <th scope="col">Status</th>
          <th scope="col">Tenant</th>
          <th scope="col">Images</th>
          <th scope="col" class="number">USD</th>
          <th scope="col">Created</th>
          <th scope="col">Took</th>
          <th scope="col">Fault</th>
        </tr>
      </thead>
      <tbody>
        ${generations.map(
          (each) =>
            html`<tr data-row>
              <th scope="row" data-name="Generation">
                <a class="open" href="generations/${each.generationId}"><code>${each.generationId}</code></a
                >${each.tags !== undefined && html`<br /><span class="soft">${each.tags.join(', ')}</span>`}
              </th>
              <td data-name="Status">${badge(each.status)}</td>
              <td data-name="Tenant">${each.tenant}</td>
              <td data-name="Images">${describeImages(each)}${hasPictures && showStrip(each)}</td>
              <td data-name="USD" class="number">${each.costUsd}</td>
              <td data-name="Created">${moment(each.createdAt)}</td>
              <td data-name="Took">${tookOf(each, now)}</td>
              <td data-name="Fault">${each.codes.join(', ')}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;

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
