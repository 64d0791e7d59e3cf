import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { count, duration, nothing } from '../parts/words.ts';
import { MOST_ENDPOINTS, type Health } from './read-health.ts';

const offWords: Readonly<Record<string, string>> = {
  gone: 'off: it answered 410',
  failing: 'off: it failed for five days',
};

/** Shows the receivers of notifications that fail. Their addresses are their owners', and stand on no page. */
export function showNotifications({ failing, givenUp, now }: Health): Html {
  const named = [...givenUp].filter(([, failures]) => failures > 0);
  return html`
    ${
      failing.endpoints === undefined
        ? html`<p>
            There are ${count(failing.total)} endpoints, and this page looks at no more than ${count(MOST_ENDPOINTS)}. The metric
            <code>darkroom_notifications_total</code> of the notifier counts what fails; <code>darkroom notifications</code> lists those of
            a tenant.
          </p>`
        : failing.endpoints.length === 0
          ? nothing(failing.total === 0 ? 'No tenant has an endpoint.' : `All ${count(failing.total)} endpoints answer.`)
          : showTable({
              columns: [
                'Endpoint',
                'Tenant',
                'State',
                { name: 'Failed attempts', isNumber: true },
                { name: 'Given up today', isNumber: true },
              ],
              rows: failing.endpoints.map(({ id, tenant, disabledFor, failingSince, failures, givenUp: lost }) => [
                html`<code>${id}</code>`,
                tenant,
                disabledFor === undefined
                  ? failingSince === undefined
                    ? 'answers again'
                    : `fails for ${duration(now - failingSince)}`
                  : (offWords[disabledFor] ?? `off: ${disabledFor}`),
                count(failures),
                count(lost),
              ]),
            })
    }
    ${
      named.length > 0 &&
      html`<p>Given up today, of receivers that requests named:</p>
        <ul>
          ${named.map(([tenant, failures]) => html`<li>${tenant}: ${count(failures)}</li>`)}
        </ul>`
    }
    ${
      (failing.endpoints?.length ?? 0) + named.length > 0 &&
      html`<p class="soft"><code>darkroom notifications</code> shows the attempts of a tenant, and sends again.</p>`
    }
  `;
}
