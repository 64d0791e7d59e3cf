import type { Purchase } from '@darkroom/purchase';
import { expect, test } from 'vitest';
import { traceLines } from './trace-lines.ts';

const ref = { generationId: 'g', index: 0, n: 1 };
const TRACE = '0af7651916cd43dd8448eb211c80319c';

function setup(answer: unknown) {
  const lines: unknown[] = [];
  const add = (event: string, _ref: unknown, details?: object) => void lines.push({ event, ...details });
  // the parts that are asked
  const purchase = {
    store: { commit: async () => answer, beginSettlement: async () => answer },
    around: { log: add, warn: add },
  } as unknown as Purchase;
  return { lines, traced: traceLines(purchase) };
}

test.each(['commit', 'beginSettlement'] as const)('the lines behind "%s" name the trace of their generation', async (step) => {
  const { lines, traced } = setup({ kind: 'go', traceparent: `00-${TRACE}-b7ad6b7169203331-01` });
  traced.around.log('before', ref);
  await (step === 'commit' ? traced.store.commit(ref, 'token') : traced.store.beginSettlement(ref));
  traced.around.log('submission.sending', ref, { send: 1 });
  traced.around.warn('submission.dearer-than-held', ref);
  expect(lines).toEqual([
    { event: 'before' },
    { event: 'submission.sending', send: 1, traceId: TRACE },
    { event: 'submission.dearer-than-held', traceId: TRACE },
  ]);
});

test('a generation without a trace, and a purchase that was stopped, add nothing', async () => {
  for (const answer of [{ kind: 'go' }, { kind: 'stop', reason: 'paused' }, undefined]) {
    const { lines, traced } = setup(answer);
    if (answer === undefined) await traced.store.beginSettlement(ref);
    else await traced.store.commit(ref, 'token');
    traced.around.log('submission.sending', ref);
    expect(lines).toEqual([{ event: 'submission.sending' }]);
  }
});
