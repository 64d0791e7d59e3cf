import type { Timing } from '@darkroom/contracts';
import { createDraws, type NamedDraws } from '../named-draws.ts';
import { POISON } from './orders.ts';
import type { FaultRunSettings } from './settings.ts';
import { forgetAfterMs } from './timing.ts';

/** Switches of the emulator, as its README lists them. */
export type ProviderFaults = Readonly<Record<string, unknown>>;

/** Switches of the provider during the faults, and after them. */
export interface ProviderBehaviour {
  faulty: ProviderFaults;
  calm: ProviderFaults;
}

/**
 * Draws for the whole run what Runware's sources leave open (docs/runware.md); each answer is right in some runs.
 * @returns switches that stay for the whole run, and those that stay only during the faults.
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
  // A rate that is not a term of the provider ends with the faults, like the drawn ones.
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

/** Draws the forms of answers and deliveries. */
const drawShapes = (draws: NamedDraws) => ({
  webhookBody: draws.pick('webhookBody', ['flat', 'envelope', 'singular-error', 'array', 'several-items']),
  webhookExtraFields: draws.chance('webhookExtraFields', 0.5),
  pollErrorShape: draws.pick('pollErrorShape', ['errors', 'data-nested', 'data-flat']),
  pollRunningWord: draws.pick('pollRunningWord', ['processing', 'pending']),
  pollUnknown: draws.pick('pollUnknown', ['empty', 'not-found']),
  detailsResponse: draws.pick('detailsResponse', ['result', 'last-response', 'null']),
  // S3 refuses a body without a length (411 MissingContentLength), so the worker fetches such an image from its address. A rate above this
  // would leave too few uploads for a proof.
  uploadChunkedRate: draws.chance('uploadChunkedRate', 0.2) ? 0.1 : 0,
  uploadContentType: draws.pick('uploadContentType', ['', 'application/octet-stream']),
  unknownParameters: draws.pick('unknownParameters', ['refuse', 'ignore']),
  // Each answer that an address may give before it has the image; a patient worker gets the image in the end.
  imageUrlLateAnswer: draws.pick('imageUrlLateAnswer', imageUrlAnswers),
  brokenBody: draws.pick('brokenBody', ['truncated', 'cut', 'cut-chunked', 'endless']),
});

/** Answers that an address may give instead of the image (see the emulator's README). */
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
  'cut',
  'cut-chunked',
  'endless',
] as const;

/**
 * Draws how long the provider refuses a known id, and which running tasks it hides from questions. A provider that takes an id again
 * once its task has ended shows each task in at least one of its answers: for a hidden task docs/guarantees.md promises nothing, because
 * the task may end between the answer and the next send. A provider that refuses ids for good may hide running tasks from all questions.
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
 * Draws the charges, and the effect of a refusal on an id. Darkroom books an unreported cost from the price list, and a failure
 * without a cost as free. A provider that reports no costs must charge exactly that, or ledger and bill would differ.
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
 * Keeps a refusal apart from an acceptance. If refusals use up ids, an ambiguous send that was not accepted leaves an image whose
 * end is unknown until the horizon: after the next refusal its id is "known". Kills cause enough of these.
 */
const whatIsRefusedOrAccepted: ProviderFaults = { submitResetBeforeRate: 0, submit5xxAcceptedRate: 1 };

/** Keeps refusals in the trail: without it a used-up id would look like an accepted one until the horizon. */
const tellingTrail: ProviderFaults = { detailsKeepRefusals: true, detailsResponse: 'last-response' };

/** Makes the provider take an id again after this time, and answer no more questions about its task. */
const forgetting = (afterMs: number): ProviderFaults => ({
  replay: 'conflict-for-a-while',
  replayForgetAfterMs: afterMs,
  pollForgetsAfterMs: afterMs,
  detailsForgetAfterMs: afterMs,
});

/**
 * Switches for a provider that forgets at once, whose answers are compared with its bill. It cannot tell of a failure or of another
 * address of an image, so no task fails, and it repeats uploads until they arrive.
 */
const whatNeedsNoMemory: ProviderFaults = { uploadBeforeWebhookRate: 0.2, uploadTwiceRate: 0.03, uploadAttempts: 60 };

/**
 * One send in ten is accepted and answered too late; one in fourteen is accepted and its answer is lost or nonsense. One in ten is
 * refused or cut off, and some of these are accepted all the same.
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
  submitBrokenRate: 0.01,
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

/** One upload in twenty is bad. A bad upload is never a valid image, because no check could tell it from the real one. */
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
  // Some images whose upload never comes are missing at their address, too, when the window closes.
  imageUrlLateRate: 0.2,
  imageUrlLateMs: uploadWindowMs * 2,
  imageUrlMovesRate: 0.1,
  imageUrlMovesMs: uploadWindowMs * 2,
});

/** Only during the faults: while the provider takes no other purchase, a worker repeats a poisoned order for ever (docs/guarantees.md). */
const poison: ProviderFaults = { poisonWord: POISON, poisonAnswer: 'html-403' };

const questions: ProviderFaults = {
  pollTerminal504Rate: 0.3,
  pollEmptyRate: 0.02,
  pollStrangerRate: 0.05,
  pollResetRate: 0.02,
  pollBrokenRate: 0.01,
  poll401Rate: 0.003,
  poll402Rate: 0.003,
  poll403Rate: 0.003,
  poll429Rate: 0.02,
  poll500Rate: 0.02,
  poll503Rate: 0.01,
  pollErrorNames: 'task',
};
