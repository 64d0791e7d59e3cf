import { capNames, formatUsd, type CapName } from '@darkroom/contracts';
import type { TenantPage } from '@darkroom/generation-store';
import { showSpend } from '../overview/overview-page.ts';
import { showReason } from '../parts/forms.ts';
import { html, type Html } from '../parts/html.ts';
import { showTable } from '../parts/table.ts';
import { count, moment, nothing } from '../parts/words.ts';
import type { SpendPage } from './read-spend-page.ts';

/** Names of the caps for a reader. */
const words: Readonly<Record<CapName, string>> = {
  allPerDay: 'all tenants, a day',
  allPerMonth: 'all tenants, a month',
  tenantPerDay: 'each tenant, a day',
  tenantPerMonth: 'each tenant, a month',
};

/** Shows who has spent how much, and what they may. */
export function showSpendPage(
  { shown, days, periods, tenants, month, caps, changed, isRecorded }: SpendPage,
  mayAct: boolean,
  note: string | undefined,
): Html {
  return html`
    ${note !== undefined && html`<p class="notice good" role="status">${note}</p>`} ${showSpend(periods)}
    <h2>Tenants by day</h2>
    <nav aria-label="Days">
      <p>${days.map((day) => html`<a href="spend?day=${day}" aria-current=${day === shown ? 'true' : undefined}>${day}</a> `)}</p>
    </nav>
    ${showTenants(tenants, `Tenants on ${shown}`)}
    ${tenants.next !== undefined && html`<p><a href="spend?day=${shown}&after=${encodeURIComponent(tenants.next)}" rel="next">More tenants</a></p>`}
    <h2>Tenants this month</h2>
    ${showTenants(month, 'Tenants this month')}
    <h2>Caps</h2>
    ${
      caps === undefined
        ? html`<p class="notice bad">
            Redis does not hold the caps of this store, and nothing is bought until it does. A worker restores them from the bucket within
            seconds.
          </p>`
        : showTable({
            isStacked: false,
            columns: ['Cap on', { name: 'USD', isNumber: true }],
            rows: capNames.map((name) => [words[name], caps[name] === undefined ? 'none' : formatUsd(caps[name])]),
          })
    }
    ${changed !== undefined && html`<p class="soft">Changed ${moment(changed.at)}${changed.who !== undefined && ` by ${changed.who}`}${changed.reason !== undefined && `: ${changed.reason}`}</p>`}
    ${!isRecorded && html`<p class="notice">A lower cap holds in Redis, and a worker records it in the bucket.</p>`}
    ${
      mayAct &&
      caps !== undefined &&
      html`<div class="acts">
        <details>
          <summary>Lower a cap</summary>
          <p>
            A lower cap holds at once; a worker records it in the bucket within seconds. A higher one needs the bucket first:
            <code>darkroom caps --day 50 --reason …</code>
          </p>
          <form method="post" action="spend/caps">
            <label
              >Cap on<select name="cap">
                ${capNames.map((name) => html`<option value=${name}>${words[name]}</option>`)}
              </select></label
            >
            <label>USD<input name="usd" required inputmode="decimal" pattern="[0-9]+([.][0-9]+)?" size="8" /></label>
            ${showReason()}
            <button type="submit">Lower the cap</button>
          </form>
        </details>
      </div>`
    }
  `;
}

const showTenants = ({ tenants, total }: TenantPage, caption: string): Html =>
  tenants.length === 0
    ? nothing('No tenant has enqueued or spent.')
    : showTable({
        isStacked: false,
        caption: html`${caption}: ${count(total)}${tenants.length < total && `, ${count(tenants.length)} of them here`}`,
        columns: ['Tenant', { name: 'Settled, USD', isNumber: true }, { name: 'Held, USD', isNumber: true }],
        rows: tenants
          .toSorted((a, b) => b.settledNanoUsd + b.reservedNanoUsd - a.settledNanoUsd - a.reservedNanoUsd)
          .map(({ tenant, settledNanoUsd, reservedNanoUsd }) => ({
            isEntry: true,
            cells: [
              html`<a class="open" href="generations?tenant=${encodeURIComponent(tenant)}">${tenant}</a>`,
              formatUsd(settledNanoUsd),
              formatUsd(reservedNanoUsd),
            ],
          })),
      });
