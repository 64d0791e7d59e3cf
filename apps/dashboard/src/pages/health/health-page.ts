import { formatUsd } from '@darkroom/contracts';
import { findingKinds, findingWords, isLiftable, type PassReport } from '@darkroom/generation-store';
import { html, type Html } from '../parts/html.ts';
import { count, duration, moment, nothing } from '../parts/words.ts';
import type { Health } from './read-health.ts';

const reasonField = html`<label
  >Reason, kept in the log of acts<input name="reason" required maxlength="200" size="40" autocomplete="off"
/></label>`;

/** Shows what needs a person, what the reconciler found, and what operators did. */
export function showHealth(health: Health, mayAct: boolean, note: string | undefined): Html {
  const { now, isOpen, held, trouble, noWorkerSince, differing, jobs, shortcomings, unknown, withheld } = health;
  const findings = [
    ...(isOpen ? [] : ['The store is not open: start a worker if this is new; else darkroom rebuild.']),
    ...shortcomings.map(({ text }) => `Redis: ${text}.`),
    ...(noWorkerSince === undefined
      ? []
      : [`No worker is alive${noWorkerSince > 0 ? `; the last gave a sign ${duration(now - noWorkerSince)} ago` : ''}.`]),
    ...held.map(({ worker, kind, reason }) => `Worker ${worker} buys nothing (${kind}): ${reason}`),
    ...(trouble === undefined ? [] : [`The provider is in trouble: the last ${trouble.failures} requests failed.`]),
    ...(differing === undefined ? [] : [`A process names other caps in its environment: ${differing}; the caps of the store apply.`]),
  ];
  return html`
    ${note !== undefined && html`<p class="notice good" role="status">${note}</p>`}
    <h2>Findings</h2>
    ${findings.length === 0 ? html`<p class="notice good">Nothing is wrong with store, workers and provider.</p>` : findings.map((words) => html`<p class="notice bad">${words}</p>`)}
    ${showBuying(health, mayAct)}
    <h2>Repairs</h2>
    ${showPass(health)}
    <h2>Outcomes unknown</h2>
    ${
      unknown.count === 0
        ? nothing('None. No money is held without an end in sight.')
        : html`<p>
              ${count(unknown.count)} purchases have an unknown outcome, and their money is on hold. An operator ends it:
              <code>darkroom unknown</code>
            </p>
            <ul>
              ${unknown.oldest.map(
                ({ ref, tenant, heldNanoUsd, since }) =>
                  html`<li>
                    <a href="generations/${ref.generationId}"><code>${ref.generationId}</code></a> image ${ref.index}, ${tenant},
                    ${formatUsd(heldNanoUsd)} USD, since ${moment(since)}
                  </li>`,
              )}
            </ul>`
    }
    <h2>Withheld images</h2>
    ${
      withheld.count === 0
        ? nothing('None waits for a release.')
        : html`<p>${count(withheld.count)} wait for a release: <code>darkroom withheld</code></p>
            <ul>
              ${withheld.oldest.map(
                ({ ref, tenant, since }) =>
                  html`<li>
                    <a href="generations/${ref.generationId}"><code>${ref.generationId}</code></a> image ${ref.index}, ${tenant}, since
                    ${moment(since)}
                  </li>`,
              )}
            </ul>`
    }
    <h2>Queues</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Queue</th>
          <th scope="col">Jobs by state</th>
        </tr>
      </thead>
      <tbody>
        ${jobs.map(
          ({ queue, states }) =>
            html`<tr>
              <th scope="row"><a href="queues/queue/${queue}">${queue}</a></th>
              <td>${describeStates(states)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${showActsDone(health)}
  `;
}

const describeStates = (states: Readonly<Record<string, number>>): string =>
  Object.entries(states)
    .filter(([, value]) => value > 0)
    .map(([state, value]) => `${count(value)} ${state}`)
    .join(', ') || 'empty';

function showBuying({ pauses }: Health, mayAct: boolean): Html {
  return html`<h2>Buying</h2>
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
            <form method="post" action="health/pause">${reasonField}<button type="submit" class="danger">Pause buying</button></form>
          </details>`
        }
        ${
          pauses.some(({ kind }) => kind === 'account') &&
          html`<details>
            <summary>Try the account again</summary>
            <p>Lifts the pause of the account now; a worker would ask once a minute.</p>
            <form method="post" action="health/resume">${reasonField}<button type="submit">Try the account again</button></form>
          </details>`
        }
        ${pauses.some(({ kind }) => kind === 'operator') && html`<p>What lets more be bought needs the bucket first: <code>darkroom resume --kind operator --reason …</code></p>`}
      </div>`
    }`;
}

function showPass({ lastPass, progress, now }: Health): Html {
  return html`
    ${
      lastPass === undefined
        ? nothing('No worker has compared jobs, entries, money and the bucket yet.')
        : html`<p>
              Jobs, entries, money and the bucket were compared ${duration(now - lastPass.endedAt)} ago (${moment(lastPass.endedAt)}),
              ${count(lastPass.open)} open generations and ${count(lastPass.stored)} of the last days.
            </p>
            ${showFindings(lastPass)}`
    }
    ${progress !== undefined && html`<p class="soft">A pass began ${duration(now - progress.startedAt)} ago.</p>`}
  `;
}

function showFindings({ findings, named }: PassReport): Html {
  const rows = findingKinds.flatMap((kind) => {
    const counts = findings[kind];
    return counts === undefined ? [] : [{ kind, ...counts }];
  });
  if (rows.length === 0) return nothing('Nothing was wrong.');
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Found</th>
            <th scope="col" class="number">repaired</th>
            <th scope="col" class="number">left for a person</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ kind, repaired, named: left }) =>
              html`<tr>
                <th scope="row">${findingWords[kind]}</th>
                <td class="number">${count(repaired)}</td>
                <td class="number">${count(left)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <ul>
      ${named.map(({ kind, generationId, index, detail }) => html`<li>${findingWords[kind]}${generationId !== undefined && html`: <a href="generations/${generationId}"><code>${generationId}</code></a>`}${index !== undefined && ` image ${index}`}${detail !== undefined && ` – ${detail}`}</li>`)}
    </ul>`;
}

const showActsDone = ({ acts }: Health): Html =>
  html`<h2>Log of acts</h2>
    ${
      acts.length === 0
        ? nothing('No operator has changed anything on these pages.')
        : html`<div class="scroll">
            <table class="stack">
              <thead>
                <tr>
                  <th scope="col">Time</th>
                  <th scope="col">Act</th>
                  <th scope="col">On</th>
                  <th scope="col">By</th>
                  <th scope="col">Reason</th>
                </tr>
              </thead>
              <tbody>
                ${acts.map(
                  ({ at, act, on, who, reason }) =>
                    html`<tr>
                      <th scope="row" data-name="Time">${moment(at)}</th>
                      <td data-name="Act">${act}</td>
                      <td data-name="On">${on}</td>
                      <td data-name="By">${who}</td>
                      <td data-name="Reason">${reason}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }`;
