import type { RequestInput } from '@darkroom/contracts';
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
    async run({ producer, body }) {
      const { images, imageUsd, totalUsd, currency } = producer.quote(body as RequestInput); // the library refuses all else
      return { status: 200, body: { images, imageUsd, atMostUsd: totalUsd, currency } };
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
    async run({ producer, tenant }) {
      const periods = await producer.spend();
      return {
        status: 200,
        body: {
          tenant,
          periods: periods.map(({ tenant: _, unreadUsd = null, capUsd = null, resetsAt, ...period }) => ({
            ...period,
            unreadUsd,
            capUsd,
            resetsAt: new Date(resetsAt).toISOString(),
          })),
        },
      };
    },
  },
];
