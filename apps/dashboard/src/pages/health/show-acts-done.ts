import { isGenerationId } from '@darkroom/contracts';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { moment, nothing } from '../parts/words.ts';
import type { Health } from './read-health.ts';

/** Shows the last acts of operators, with links to what they concern. */
export const showActsDone = ({ acts }: Health): Html =>
  acts.length === 0
    ? nothing('No act of an operator is noted.')
    : showTable({
        columns: ['Time', 'Act', 'On', 'By', 'Reason'],
        rows: acts.map(({ at, act, on = '', who, reason }) => [moment(at), act, showSubject(act, on), who, reason]),
      });

/** The id of an act on many generations stands at the end, in brackets. */
const ofMany = /^(.*) \(([0-9a-f-]{36})\)$/s;

function showSubject(act: string, on: string): Html {
  if (isGenerationId(on)) return html`<a href="generations/${on}"><code>${on}</code></a>`;
  const [, words, id] = (act.endsWith('-many') && ofMany.exec(on)) || [];
  return id === undefined ? on : html`<a href="generations/many/${id}">${words}</a>`;
}
