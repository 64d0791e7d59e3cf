import { defined, traceIdOf } from '@darkroom/contracts';
import type { Purchase } from '@darkroom/purchase';

/** Adds the trace of a generation to the lines of one run, from the moment at which Redis has told it. */
export function traceLines(purchase: Purchase): Purchase {
  const { store, around } = purchase;
  let trace: { traceId?: string } = {};
  const note = (known: { traceparent?: string } | undefined): void => {
    trace = defined({ traceId: traceIdOf(known?.traceparent) });
  };
  return {
    ...purchase,
    store: {
      ...store,
      async commit(...given) {
        const commitment = await store.commit(...given);
        if (commitment.kind === 'go') note(commitment);
        return commitment;
      },
      async beginSettlement(...given) {
        const view = await store.beginSettlement(...given);
        note(view);
        return view;
      },
    },
    around: {
      ...around,
      log: (event, ref, details) => around.log(event, ref, { ...details, ...trace }),
      warn: (event, ref, details) => around.warn(event, ref, { ...details, ...trace }),
    },
  };
}
