import type { ProbeAnswer, ProbeEntry } from '@darkroom/runware-client';
import {
  describeAnswer,
  faultOf,
  IMAGE_NANO_USD,
  isAccepted,
  isOpen,
  pollUntilOver,
  sureOf,
  PROMPT,
  type Observation,
  type Probe,
  type Step,
} from './step.ts';

/** Just above the longest request: only a request that did not arrive is sent again. */
const NO_RESEND = { name: 'TIMING_RESEND_WINDOW_MS', value: '31000' };

/** Words for the answer of the address of an image. */
const addressWords = { fetched: 'fetched', 'not-there': 'gone', unavailable: 'unavailable' } as const;

/** Buys one image and asks the provider everything about it. */
export const lifeOfTaskStep: Step = {
  questions: [4, 5, 10, 11],
  title: 'one image: resend while it runs and after, several questions in one request, details, life of imageURL',
  // the image, and two resends that may be run as purchases
  worstNanoUsd: 3 * IMAGE_NANO_USD,
  async run(probe) {
    const { client, budget, createId, shared, now } = probe;
    const taskUUID = createId();
    const order = { taskUUID, prompt: PROMPT };
    const bought = await client.buy(order);
    if (!isAccepted(bought)) return [{ text: `the purchase was refused: ${describeAnswer(bought)}`, sure: 'not seen' }];
    budget.spend(IMAGE_NANO_USD);
    const whileRunning = await resend(probe, order, 'while it ran');
    const several = await client.poll([taskUUID, createId()]);
    const over = await pollUntilOver(probe, taskUUID);
    if (over === undefined) return [...whileRunning, { text: 'the task did not end in time', sure: 'not seen' }];
    if (over.fault !== undefined) return [...whileRunning, failureObservation(over)];
    shared.finished = { taskUUID, endedAt: now(), imageURL: over.imageURL };
    const fetched = over.imageURL === undefined ? 'unavailable' : await client.fetchImage(over.imageURL);
    const detailsBefore = await client.details(taskUUID);
    const afterEnd = await resend(probe, order, 'after its end');
    const detailsAfter = await client.details(taskUUID);
    const responseOf = (answer: typeof detailsAfter): string => answer.entries[0]?.response ?? 'nothing';
    const knew = several.entries.filter((entry) => entry.taskUUID === taskUUID).length;
    return [
      ...whileRunning,
      ...afterEnd,
      {
        text: `of two tasks asked for in one request, the one that exists got ${knew} answers (${describeAnswer(several)})`,
        sure: sureOf(several),
      },
      {
        text: `getTaskDetails kept as the response: ${responseOf(detailsBefore)}; after the resend: ${responseOf(detailsAfter)}`,
        sure: isOpen(detailsBefore) ? sureOf(detailsBefore) : sureOf(detailsAfter),
      },
      { text: `imageURL without a ttl was ${addressWords[fetched]} at once`, sure: 'seen once' },
    ];
  },
};

/** Sends a purchase again; the provider may run and charge it again. */
async function resend({ client, budget }: Probe, order: { taskUUID: string; prompt: string }, when: string): Promise<Observation[]> {
  const answer = await client.buy(order);
  if (faultOf(answer)?.class === 'conflict')
    return [{ text: `sent again ${when}, it was refused: ${describeAnswer(answer)}`, sure: 'seen once' }];
  if (!isAccepted(answer)) return [{ text: `sent again ${when}: ${describeAnswer(answer)}, which says neither`, sure: 'not seen' }];
  budget.spend(IMAGE_NANO_USD);
  return [
    {
      text: `sent again ${when}, it was TAKEN, and perhaps run and charged twice`,
      sure: 'seen once',
      setting: { ...NO_RESEND, why: 'a resend may be a second purchase: only what surely did not arrive is sent again' },
    },
  ];
}

const failureObservation = ({ form, fault, status }: NonNullable<Awaited<ReturnType<typeof pollUntilOver>>>): Observation => ({
  text: `a task failed, reported as ${form}, code ${fault?.code ?? 'none'}, status ${status ?? 'none'}`,
  sure: 'seen once',
});

/** Checks whether a refusal uses up the taskUUID. */
export const rejectionStep: Step = {
  questions: [4],
  title: 'does a refused request use up its taskUUID',
  worstNanoUsd: 2 * IMAGE_NANO_USD,
  async run({ client, budget, createId }) {
    const taskUUID = createId();
    const refused = await client.buy({ taskUUID, prompt: PROMPT, refusable: true });
    if (isAccepted(refused)) {
      budget.spend(IMAGE_NANO_USD);
      return [{ text: 'a width that the page does not list was taken: no refusal to look at', sure: 'not seen' }];
    }
    if (isOpen(refused)) return [{ text: `no refusal to look at: ${describeAnswer(refused)}`, sure: 'not seen' }];
    const corrected = await client.buy({ taskUUID, prompt: PROMPT });
    const text = `the refusal was ${describeAnswer(refused)}; corrected and sent again under the same id: ${describeAnswer(corrected)}`;
    if (faultOf(corrected)?.class === 'conflict')
      return [{ text: `${text}: the refusal USED UP the id; Darkroom continues with a new id, no setting needed`, sure: 'seen once' }];
    if (!isAccepted(corrected)) return [{ text: `${text}, which says neither`, sure: 'not seen' }];
    budget.spend(IMAGE_NANO_USD);
    return [{ text: `${text}: the refusal did not use up the id`, sure: 'seen once' }];
  },
};

/** Address under a reserved name (RFC 2606) that never resolves: a task with it cannot succeed. */
const NO_IMAGE = 'https://runware-probe.invalid/nothing.png';

export const IMAGE_WITH_REFERENCE_NANO_USD = IMAGE_NANO_USD + 2_000_000;

/** Observes a failed task, without asking for forbidden content. */
export const failureStep: Step = {
  questions: [6],
  title: 'how is a failed task reported, and with which cost (a reference image that cannot be fetched)',
  worstNanoUsd: IMAGE_WITH_REFERENCE_NANO_USD,
  async run(probe) {
    const { client, budget, createId } = probe;
    const taskUUID = createId();
    const answer = await client.buy({ taskUUID, prompt: PROMPT, referenceImages: [NO_IMAGE] });
    if (!isAccepted(answer))
      return [
        {
          text: `${isOpen(answer) ? 'it was not answered' : 'it was refused before it began'}: ${describeAnswer(answer)}`,
          sure: sureOf(answer),
        },
      ];
    budget.spend(IMAGE_WITH_REFERENCE_NANO_USD);
    const over = await pollUntilOver(probe, taskUUID, IMAGE_WITH_REFERENCE_NANO_USD);
    if (over?.fault === undefined)
      return [{ text: 'it did not fail: the image was made, or the task did not end in time', sure: 'not seen' }];
    const cost = over.costNanoUsd === undefined ? 'no cost was reported' : 'a cost was reported';
    return [{ ...failureObservation(over), text: `${failureObservation(over).text}; ${cost}` }];
  },
};

/** Describes if an answer still knows a task. @param isIt Tells an entry that does. */
const memoryOf = (answer: ProbeAnswer, isIt: (entry: ProbeEntry) => boolean): string =>
  isOpen(answer) ? 'did not answer about' : answer.entries.some(isIt) ? 'still knows' : 'FORGOT';

/** Asks the same questions again, later. @param waitMs Time after the end of the task. */
export const laterStep = (waitMs: number): Step => ({
  questions: [4, 5],
  title: `${waitMs / 1000} s later: is the id still refused, the result still known, the image still there`,
  worstNanoUsd: IMAGE_NANO_USD,
  async run(probe) {
    const { client, shared, sleep, now } = probe;
    const { finished } = shared;
    if (finished === undefined) return [{ text: 'left out: no image was made to look at', sure: 'not seen' }];
    await sleep(Math.max(0, finished.endedAt + waitMs - now()));
    const seconds = Math.round((now() - finished.endedAt) / 1000);
    const polled = await client.poll([finished.taskUUID]);
    const details = await client.details(finished.taskUUID);
    const fetched = finished.imageURL === undefined ? 'unavailable' : await client.fetchImage(finished.imageURL);
    const again = await resend(probe, { taskUUID: finished.taskUUID, prompt: PROMPT }, `${seconds} s after its end`);
    return [
      ...again,
      { text: `getResponse ${memoryOf(polled, ({ hasImage }) => hasImage)} the result after ${seconds} s`, sure: sureOf(polled) },
      { text: `getTaskDetails ${memoryOf(details, () => true)} the task after ${seconds} s`, sure: sureOf(details) },
      { text: `imageURL without a ttl was ${addressWords[fetched]} after ${seconds} s`, sure: 'seen once' },
    ];
  },
});
