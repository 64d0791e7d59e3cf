import { isLiftable } from '@darkroom/generation-store';
import { showReason } from '../parts/forms.ts';
import { html, type Html } from '../parts/html.ts';
import { moment } from '../parts/words.ts';
import type { Health } from './read-health.ts';

/** Shows the pauses of buying, and what an operator can do about them. */
export const showBuying = ({ pauses }: Health, mayAct: boolean): Html =>
  html`<h2>Buying</h2>
    ${pauses.length === 0 ? html`<p>Buying is not paused.</p>` : ''}
    ${pauses.map((pause) =>
      isLiftable(pause)
        ? html`<p class="notice bad">
            <strong>Paused (${pause.kind})</strong>${pause.by !== undefined && ` by ${pause.by}`}:
            ${pause.reason}${pause.since > 0 && html` – since ${moment(pause.since)}`}
          </p>`
        : html`<p class="notice bad"><strong>Waits (${pause.kind})</strong>: ${pause.reason}. A worker ends this by itself.</p>`,
    )}
    ${
      mayAct &&
      html`<div class="acts">
        ${
          !pauses.some(({ kind }) => kind === 'operator') &&
          html`<details>
            <summary>Pause buying</summary>
            <p>No worker buys any more, at once. What was sent comes home.</p>
            <form method="post" action="health/pause">${showReason()}<button type="submit" class="danger">Pause buying</button></form>
          </details>`
        }
        ${
          pauses.some(({ kind }) => kind === 'account') &&
          html`<details>
            <summary>Try the account again</summary>
            <p>Lifts the pause of the account now; a worker would ask once a minute.</p>
            <form method="post" action="health/resume">${showReason()}<button type="submit">Try the account again</button></form>
          </details>`
        }
        ${pauses.some(({ kind }) => kind === 'operator') && html`<p>What lets more be bought needs the bucket first: <code>darkroom resume --kind operator --reason …</code></p>`}
      </div>`
    }`;
