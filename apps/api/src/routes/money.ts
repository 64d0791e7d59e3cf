import { formatUsd, parseGrokImagineRequest, quote } from '@darkroom/contracts';
import type { Route } from './route.ts';

export const moneyRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/quotes',
    operationId: 'createQuote',
    tag: 'Money',
    summary: 'Checks a request and returns its highest price. Enqueues and buys nothing.',
    scope: 'read',
    body: { kind: 'json', schema: 'QuoteRequest', isRequired: true },
    answers: { 200: { description: 'The highest price.', schema: 'Quote' } },
    errors: [],
    async run({ body }) {
      const request = parseGrokImagineRequest(body);
      const { imageUsd, totalUsd, currency } = quote(request);
      return { status: 200, body: { images: request.numberResults, imageUsd, atMostUsd: totalUsd, currency } };
    },
  },
  {
    method: 'GET',
    path: '/v1/spend',
    operationId: 'getSpend',
    tag: 'Money',
    summary: 'Reads what the tenant has spent today and this month, beside its caps. Days and months are in UTC.',
    scope: 'read',
    answers: { 200: { description: 'The present periods.', schema: 'Spend' } },
    errors: ['store.corrupt-record'],
    async run({ producers, tenant }) {
      const periods = await producers.readSpend(tenant);
      const own = periods.filter(({ name }) => name.startsWith('tenant:'));
      return {
        status: 200,
        body: {
          tenant,
          periods: own.map(({ name, capNanoUsd, reservedNanoUsd, settledNanoUsd, unreadNanoUsd, resetsAt, ...period }) => ({
            period: name.includes(':day:') ? 'day' : 'month',
            date: name.slice(name.lastIndexOf(':') + 1),
            reservedUsd: formatUsd(reservedNanoUsd),
            spentUsd: formatUsd(settledNanoUsd),
            expectedUsd: formatUsd(period.expectedNanoUsd),
            reportedUsd: formatUsd(period.reportedNanoUsd),
            unreported: period.unreported,
            differing: period.differing,
            unreadUsd: unreadNanoUsd === undefined ? null : formatUsd(unreadNanoUsd),
            capUsd: capNanoUsd === undefined ? null : formatUsd(capNanoUsd),
            resetsAt: new Date(resetsAt).toISOString(),
          })),
        },
      };
    },
  },
];
