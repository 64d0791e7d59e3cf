import { findingKinds, findingWords, type PassReport } from '@darkroom/generation-store';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { count, duration, moment, nothing } from '../parts/words.ts';
import type { Health } from './read-health.ts';

/** Shows the last pass of the reconciler with its findings, and the one under way. */
export const showPass = ({ lastPass, progress, now }: Health): Html => html`
  ${
    lastPass === undefined
      ? nothing('No worker has compared jobs, entries, money and the bucket yet.')
      : html`<p>
            Jobs, entries, money and the bucket were compared ${duration(now - lastPass.endedAt)} ago (${moment(lastPass.endedAt)}),
            ${count(lastPass.open)} open generations and ${count(lastPass.stored)} of the last days.
          </p>
          ${showFound(lastPass)}`
  }
  ${progress !== undefined && html`<p class="soft">A pass began ${duration(now - progress.startedAt)} ago.</p>`}
`;

function showFound({ findings, named }: PassReport): Html {
  const rows = findingKinds.flatMap((kind) => {
    const counts = findings[kind];
    return counts === undefined ? [] : [{ kind, ...counts }];
  });
  if (rows.length === 0) return nothing('Nothing was wrong.');
  return html`${showTable({
    columns: ['Found', { name: 'repaired', isNumber: true }, { name: 'left for a person', isNumber: true }],
    rows: rows.map(({ kind, repaired, named: left }) => [findingWords[kind], count(repaired), count(left)]),
  })}
  ${
    named.length > 0 &&
    html`<ul>
      ${named.map(({ kind, generationId, index, detail }) => html`<li>${findingWords[kind]}${generationId !== undefined && html`: <a href="generations/${generationId}"><code>${generationId}</code></a>`}${index !== undefined && ` image ${index}`}${detail !== undefined && ` – ${detail}`}</li>`)}
    </ul>`
  }`;
}
