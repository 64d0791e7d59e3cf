import type { Timing } from '@darkroom/contracts';
import { createDraws, type NamedDraws } from '../named-draws.ts';
import { POISON } from './orders.ts';
import type { FaultRunSettings } from './settings.ts';
import { forgetAfterMs } from './timing.ts';

/** Switches of the emulator, as its README lists them. */
export type ProviderFaults = Readonly<Record<string, unknown>>;

/** What the provider does wrong while faults go on, and what it leaves alone once they have stopped. */
export interface ProviderBehaviour {
  faulty: ProviderFaults;
  calm: ProviderFaults;
}

/**
 * What Runware's sources leave open is drawn for the whole run (docs/runware.md); each answer is right in some of them.
 * @returns switches that never go off beside those of the time of faults.
 */
export function deriveProviderFaults({ seed, scale, forget, switches = {} }: FaultRunSettings, timing: Timing): ProviderBehaviour {
  const draws = createDraws(seed, 'provider');
  const ms = (value: number): number => Math.round(value * scale);
  const forgetsAfterMs = forgetAfterMs(forget, timing);
  const [shapes, terms] = [drawShapes(draws), drawTerms(draws)];
  const drawn: ProviderFaults = {
    executionMs: [ms(50), ms(1200)],
    uploadDelayMs: [ms(10), ms(400)],
    webhookFirstRetryMs: ms(100),
    webhookMaxRetryMs: ms(1000),
    webhookTimeoutMs: ms(1000),
    ...shapes,
    ...(forget === 'inside-window' ? { uploadChunkedRate: 0 } : terms),
    ...(forgetsAfterMs === undefined ? drawMemory(draws, ms) : forgetting(forgetsAfterMs)),
  };
  // A rate that is no term of the provider ends with the faults, as those do that are drawn.
  const lasting = Object.entries(switches).filter(([name]) => name in drawn || !name.endsWith('Rate'));
  const usesUpIds = { ...drawn, ...switches }['rejectionConsumesId'] === true;
  const calm: ProviderFaults = { ...drawn, ...(usesUpIds ? tellingTrail : {}), ...Object.fromEntries(lasting) };
  const outcomes = forget === 'inside-window' ? whatNeedsNoMemory : { ...failures, ...uploads(timing) };
  const decidable = usesUpIds ? whatIsRefusedOrAccepted : {};
  return {
    calm,
    faulty: { ...calm, ...submissions(timing), ...outcomes, ...webhooks, ...questions, ...poison, ...decidable, ...switches },
  };
}

/** How things are said and sent. */
const drawShapes = (draws: NamedDraws) => ({
  webhookBody: draws.pick('webhookBody', ['flat', 'envelope', 'singular-error', 'array', 'several-items']),
  webhookExtraFields: draws.chance('webhookExtraFields', 0.5),
  pollErrorShape: draws.pick('pollErrorShape', ['errors', 'data-nested', 'data-flat']),
  pollRunningWord: draws.pick('pollRunningWord', ['processing', 'pending']),
  pollUnknown: draws.pick('pollUnknown', ['empty', 'not-found']),
  detailsResponse: draws.pick('detailsResponse', ['result', 'last-response', 'null']),
  // S3 takes no body without its length (411 MissingContentLength), so that such an image comes from its address: the road that fewer
  // may take than the upload, or the run would prove little of it
  uploadChunkedRate: draws.chance('uploadChunkedRate', 0.2) ? 0.1 : 0,
  uploadContentType: draws.pick('uploadContentType', ['', 'application/octet-stream']),
  unknownParameters: draws.pick('unknownParameters', ['refuse', 'ignore']),
  // All that an address may answer before it has the image: with patience each is the image in the end.
  imageUrlLateAnswer: draws.pick('imageUrlLateAnswer', imageUrlAnswers),
});

/** What an address may answer in place of the image, as the emulator's README lists it. */
export const imageUrlAnswers = [
  '404',
  '403',
  '410',
  '401',
  'html',
  'empty',
  'truncated',
  'other-size',
  'redirect',
  '400',
  'reset',
] as const;

/**
 * How long the provider refuses an id that it knows, and which of its running tasks it does not tell of. One that takes an id again as soon
 * as its task is over tells of each task in one of its answers at least, at any time: of one that did not, nothing is promised, because a
 * task may end between the answer and the next send (docs/guarantees.md). One that refuses for good may hide what runs from all questions.
 */
function drawMemory(draws: NamedDraws, ms: (value: number) => number): ProviderFaults {
  const replay = draws.pick('replay', ['conflict-for-good', 'conflict-while-running']);
  const pollHidesRunning = draws.chance('pollHidesRunning', 0.5);
  if (replay === 'conflict-while-running') return { replay, pollHidesRunning };
  return {
    replay,
    pollHidesRunning,
    detailsHideRunning: draws.chance('detailsHideRunning', 0.5),
    detailsRefusalHidesTask: draws.chance('detailsRefusalHidesTask', 0.5),
    pollLagMs: draws.chance('pollLagMs', 0.5) ? [0, ms(1500)] : [0, 0],
  };
}

/**
 * What is charged, and what a refusal does to an id. A cost that is not told is booked as the price list has it, and a failure
 * without one as free: such a provider charges just that, or the ledger could not be the bill.
 */
function drawTerms(draws: NamedDraws) {
  const cost = draws.pick('cost', ['quoted', 'absent']);
  const referenceImageCharge = draws.pick('referenceImageCharge', ['per-image', 'per-request']);
  const failedTasksCharged = draws.chance('failedTasksCharged', 0.5);
  const rejectionConsumesId = draws.chance('rejectionConsumesId', 0.5);
  return cost === 'absent'
    ? { cost, rejectionConsumesId }
    : { cost, referenceImageCharge, failedTasksCharged, failedTasksTellCost: failedTasksCharged, rejectionConsumesId };
}

/**
 * Where refusals use up ids, a send that may have been accepted and was not can leave an image that nobody can tell of before the
 * horizon: after the next refusal its id is "known". Kills bring about enough of them.
 */
const whatIsRefusedOrAccepted: ProviderFaults = { submitResetBeforeRate: 0, submit5xxAcceptedRate: 1 };

/** Without it no id that was used up could be told from one that was accepted before the horizon. */
const tellingTrail: ProviderFaults = { detailsKeepRefusals: true, detailsResponse: 'last-response' };

/** Takes an id again, and knows nothing of its task in answers to questions. */
const forgetting = (afterMs: number): ProviderFaults => ({
  replay: 'conflict-for-a-while',
  replayForgetAfterMs: afterMs,
  pollForgetsAfterMs: afterMs,
  detailsForgetAfterMs: afterMs,
});

/**
 * A provider that forgets at once is asked how often it bills. It can tell of no failure and of no other address of an image, so
 * that nothing fails, and uploads are tried until they arrive.
 */
const whatNeedsNoMemory: ProviderFaults = { uploadBeforeWebhookRate: 0.2, uploadTwiceRate: 0.03, uploadAttempts: 60 };

/**
 * One in ten is accepted and its answer comes too late, one in fourteen is accepted and its answer lost or nonsense; one in ten is
 * refused or cut off, of which some were accepted all the same.
 */
const submissions = ({ requestTimeoutMs }: Timing): ProviderFaults => ({
  submitSlowRate: 0.1,
  submitSlowMs: Math.round(requestTimeoutMs * 1.5),
  submitResetAfterRate: 0.05,
  submitResetBeforeRate: 0.02,
  submit429Rate: 0.03,
  submit429AcceptedRate: 0.2,
  submit500Rate: 0.015,
  submit503Rate: 0.015,
  submit504Rate: 0.01,
  submit5xxAcceptedRate: 0.4,
  submitErrorsIn200Rate: 0.01,
  submitEmptyAckRate: 0.01,
  submitNotJsonRate: 0.01,
});

const failures: ProviderFaults = { failProviderErrorRate: 0.02, failTimeoutProviderRate: 0.01, failContentPolicyRate: 0.01 };

const webhooks: ProviderFaults = {
  webhookDropRate: 0.2,
  webhookDuplicateRate: 0.2,
  webhookBeforeAckRate: 0.05,
  webhookProcessingRate: 0.1,
  webhookErrorFirstRate: 0.03,
  webhookStrangeImageRate: 0.02,
};

/** One in twenty is bad. What replaces a good upload is never a valid image: nobody could tell it from the one that was made. */
const uploads = ({ uploadWindowMs }: Timing): ProviderFaults => ({
  uploadBeforeWebhookRate: 0.2,
  uploadNeverRate: 0.01,
  uploadForbiddenRate: 0.005,
  uploadTruncatedRate: 0.01,
  uploadEmptyRate: 0.005,
  uploadHtmlRate: 0.005,
  uploadOtherFormatRate: 0.005,
  uploadOtherSizeRate: 0.01,
  uploadTwiceRate: 0.03,
  uploadReplayRate: 0.03,
  uploadReplayAfterMs: [0, uploadWindowMs],
  uploadReplayBytes: 'other-size',
  uploadLateRate: 0.01,
  uploadLateMs: Math.round(uploadWindowMs * 1.5),
  // Of those whose upload never comes, some are not at their address either when the window closes.
  imageUrlLateRate: 0.2,
  imageUrlLateMs: uploadWindowMs * 2,
  imageUrlMovesRate: 0.1,
  imageUrlMovesMs: uploadWindowMs * 2,
});

/** Only while faults go on: what is answered so while nothing of others is taken is sent again for good (docs/guarantees.md). */
const poison: ProviderFaults = { poisonWord: POISON, poisonAnswer: 'html-403' };

const questions: ProviderFaults = {
  pollTerminal504Rate: 0.3,
  pollEmptyRate: 0.02,
  pollStrangerRate: 0.05,
  pollResetRate: 0.02,
  poll401Rate: 0.003,
  poll402Rate: 0.003,
  poll403Rate: 0.003,
  poll429Rate: 0.02,
  poll500Rate: 0.02,
  poll503Rate: 0.01,
  pollErrorNames: 'task',
};
