import { z } from 'zod';
import { wallAnswers } from './wall-answers.ts';

/**
 * All switches of the emulator. The defaults are the best reading of Runware's documentation; each point that the documentation leaves
 * open, or that other users saw fail, is a switch. A new switch is one line here and one place that reads it; the table in README.md
 * comes from this schema.
 *
 * Switches of a submission, of polls and of validation apply at the moment of the request. All others are stored with the task when it
 * is accepted and apply until its end, also after a restart.
 */

const rate = (share: number, does: string) => z.number().min(0).max(1).default(share).describe(does);
const flag = (on: boolean, does: string) => z.boolean().default(on).describe(does);
const milliseconds = (value: number, does: string) => z.int().min(0).default(value).describe(does);
const choice = <const Values extends readonly [string, ...string[]]>(values: Values, does: string) =>
  z.enum(values).default(values[0]).describe(does);
const millisecondRange = (from: number, to: number, does: string) =>
  z
    .tuple([z.int().min(0), z.int().min(0)])
    .refine(([min, max]) => min <= max, 'the first number must not be above the second')
    .default([from, to])
    .describe(does);

/** Contents of an upload. */
export const uploadKinds = ['other-image', 'image', 'truncated', 'empty', 'html', 'other-format', 'other-size'] as const;
export type UploadKind = (typeof uploadKinds)[number];

/** Answers that are not whole. */
export const brokenBodies = ['truncated', 'cut', 'cut-chunked', 'endless'] as const;
export type BrokenBody = (typeof brokenBodies)[number];

/** Answers of an image's address in place of the image. */
export const imageAnswers = [
  '404',
  '403',
  '410',
  '401',
  'html',
  'empty',
  'other-size',
  'redirect',
  '400',
  'reset',
  ...brokenBodies,
] as const;
export type ImageAnswer = (typeof imageAnswers)[number];

export const faultsSchema = z.strictObject({
  // The request
  unknownParameters: choice(
    ['refuse', 'ignore'],
    'A parameter that the page does not name is refused with `unknownParameter`, or ignored.',
  ),
  geometry: choice(['optional', 'required'], 'A request without reference images, size and resolution gets 1024x1024, or is refused.'),
  maxReferenceImages: z.int().min(0).default(0).describe('Most reference images in a request; 0 is no limit (the page names none).'),

  // A gateway in front of Runware: it answers by itself, and neither the bill nor the tasks know of it
  gatewayAnswer: choice(
    wallAnswers,
    "Answers every request in place of Runware: with a page, an empty body or another host's JSON and that status; `account-403` and `refusal-400` pretend to be Runware.",
  ),
  poisonWord: z.string().default('').describe('Requests that contain this word anywhere get `poisonAnswer`; empty: none.'),
  poisonAnswer: choice(wallAnswers, 'See `poisonWord`; the values of `gatewayAnswer`.'),
  wallPassesOn: flag(false, 'Such requests are also passed on to Runware, whose answer is dropped.'),
  dryRunIsCharged: flag(false, 'A dry run is executed and charged as a purchase.'),

  brokenBody: choice(
    brokenBodies,
    'Form of answers that are not whole: the first half with its true length; the first half of a greater length, or of chunks without an end, and then the end of the connection; the first half, and then a byte from time to time for ever.',
  ),

  // The account
  balanceUsd: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/)
    .default('1000')
    .describe('Balance of the account before the first charge, in US dollars, which `accountManagement` tells.'),
  balanceHidden: flag(false, '`accountManagement` is refused: the key lacks the permission.'),

  // A submission; at most one of the rates applies, the first in this order, drawn again for every receipt of a taskUUID
  submitResetBeforeRate: rate(0, 'The connection is reset, and the task was not accepted.'),
  submitResetAfterRate: rate(0, 'The connection is reset, and the task was accepted.'),
  submit429Rate: rate(0, 'HTTP 429 `rateLimitExceeded`.'),
  submit429RetryAfterSeconds: z.int().min(0).default(0).describe('`Retry-After` of those 429; 0: no header.'),
  submit429AcceptedRate: rate(0, 'Share of those 429 whose task was accepted nevertheless, as by a gateway that passes the request on.'),
  submit500Rate: rate(0, 'HTTP 500 `internalServerError`.'),
  submit503Rate: rate(0, 'HTTP 503 `serviceUnavailable`.'),
  submit504Rate: rate(0, 'HTTP 504 `serverUnavailable`.'),
  submit5xxAcceptedRate: rate(0, 'Share of those 500, 503 and 504 whose task was accepted nevertheless.'),
  submitErrorsIn200Rate: rate(0, 'HTTP 200 with `errors` (`rateLimitExceeded`); not accepted.'),
  submitEmptyAckRate: rate(0, 'HTTP 200 `{"data":[]}`, and the task was accepted.'),
  submitNotJsonRate: rate(0, 'HTTP 200 with an HTML page, and the task was accepted.'),
  submitBrokenRate: rate(0, 'The answer is not whole (`brokenBody`), and the task was accepted.'),
  submitSlowRate: rate(0, 'The answer takes `submitSlowMs` longer; the task was accepted at once.'),
  submitSlowMs: milliseconds(5000, 'See `submitSlowRate`.'),
  submit401Rate: rate(0, 'HTTP 401 `invalidApiKey`.'),
  submit402Rate: rate(0, 'HTTP 402 `insufficientCredits`.'),
  submit403Rate: rate(0, 'HTTP 403 `permissionDenied`.'),
  replay: choice(
    ['conflict-for-good', 'conflict-while-running', 'conflict-for-a-while'],
    'How long an accepted taskUUID is refused as `conflictTaskUUID`; after that it is executed and charged again.',
  ),
  replayForgetAfterMs: milliseconds(60_000, 'Duration of `conflict-for-a-while` from the acceptance, at least until the task ends.'),
  rejectionConsumesId: flag(false, 'A refusal uses up the taskUUID: every later request with it is refused as `conflictTaskUUID`.'),

  // The execution
  executionMs: millisecondRange(1000, 3000, 'Duration of the execution of an image.'),
  failTimeoutProviderRate: rate(0, 'Accepted tasks that fail with `timeoutProvider`.'),
  failProviderErrorRate: rate(0, 'Accepted tasks that fail with `providerError`.'),
  failContentPolicyRate: rate(0, 'Accepted tasks that fail with `contentPolicyViolation`.'),
  failedTasksCharged: flag(false, 'A failed task costs its price.'),
  failedTasksTellCost: flag(false, 'A charged failure names its `cost`, if the request asked for it.'),
  referenceImageCharge: choice(
    ['per-image', 'per-request'],
    'The additional 0.002 USD is charged for each reference image, or once a request.',
  ),
  cost: choice(
    ['quoted', 'absent', 'zero', 'surcharged'],
    'Value of `cost`: the price; absent; 0 (both charged as quoted); one and a half times the price (and charged so).',
  ),

  // The webhook
  webhookBody: choice(
    ['flat', 'envelope', 'singular-error', 'array', 'several-items'],
    'The body: the task object; `{"data":[…]}` or `{"errors":[…]}`; flat, failures as `{"error":{…},"taskUUID"}`; `[…]`; an envelope that also contains an item of an unrelated task.',
  ),
  webhookExtraFields: flag(false, 'Bodies contain undocumented fields.'),
  webhookErrorWithoutTaskUuid: flag(false, 'Failures do not name their task.'),
  webhookAttempts: z.int().min(0).default(8).describe('Most attempts to send a webhook; any 2xx ends them.'),
  webhookFirstRetryMs: milliseconds(250, 'Wait before the second attempt; it doubles each time, less up to half of it as jitter.'),
  webhookMaxRetryMs: milliseconds(8000, 'Longest such wait.'),
  webhookTimeoutMs: milliseconds(5000, 'Longest wait for the answer to a webhook or an upload.'),
  webhookDelayMs: millisecondRange(0, 0, 'Delay of the webhook after the result.'),
  webhookDropRate: rate(0, 'Webhooks that are never sent.'),
  webhookDuplicateRate: rate(0, 'Webhooks that are sent again after a 2xx.'),
  webhookBeforeAckRate: rate(0, 'Asynchronous submissions that are acknowledged only after the first webhook was answered.'),
  webhookProcessingRate: rate(0, 'Tasks that also send a `processing` webhook halfway.'),
  webhookErrorFirstRate: rate(0, 'Webhooks of a result that follow a false one, which reports a failure with `providerError`.'),
  webhookStrangeImageRate: rate(0, 'Webhooks of a result with the `imageURL` of another succeeded task, if there is one.'),

  // The upload; at most one of the wrong contents applies, the first in this order
  uploadDelayMs: millisecondRange(1000, 3000, 'Delay of the upload after the webhook.'),
  uploadBeforeWebhookRate: rate(0, 'Uploads that end before the webhook is sent.'),
  uploadNeverRate: rate(0, 'Uploads that are never made.'),
  uploadForbiddenRate: rate(0, 'Uploads with a wrong signature: the storage answers 403.'),
  uploadTruncatedRate: rate(0, 'Uploads of the first half of the image.'),
  uploadEmptyRate: rate(0, 'Uploads of no bytes.'),
  uploadHtmlRate: rate(0, 'Uploads of a page of HTML instead of the image.'),
  uploadOtherFormatRate: rate(0, 'Uploads of the image in another format: PNG for JPG and WEBP, JPG for PNG.'),
  uploadOtherSizeRate: rate(0, 'Uploads of the image at half its width and height.'),
  uploadTwiceRate: rate(0, 'Uploads that are made twice.'),
  uploadReplayRate: rate(0, 'Uploads that are followed by another PUT to the same address, of `uploadReplayBytes`.'),
  uploadReplayAfterMs: millisecondRange(0, 0, 'Delay of that second PUT after the upload.'),
  uploadReplayBytes: choice(
    uploadKinds,
    'Contents of that PUT: another image of the same size and format; the image itself; or one of the other wrong uploads.',
  ),
  uploadLateRate: rate(0, 'Uploads that start `uploadLateMs` later.'),
  uploadLateMs: milliseconds(300_000, 'See `uploadLateRate`.'),
  uploadAttempts: z.int().min(1).default(1).describe('Most attempts of an upload, with the waits of the webhook.'),
  uploadContentType: z.string().default('').describe('`Content-Type` of uploads; empty: no header.'),
  uploadChunkedRate: rate(0, 'Uploads that are chunked and have no `Content-Length`.'),

  // Questions about a task
  pollErrorShape: choice(
    ['errors', 'data-nested', 'data-flat'],
    'Form of a failure in `getResponse`: in `errors`; in `data` with `error:{…}`; in `data` with flat `code` and `message`.',
  ),
  pollTerminal504Rate: rate(0, 'Answers to `getResponse` about a failed task that come with HTTP 504.'),
  pollRunningWord: choice(['processing', 'pending'], '`status` of a running task (`pending` is from the older documentation).'),
  pollForgetsAfterMs: milliseconds(0, 'Time after its end for which `getResponse` knows a task; 0 is for ever.'),
  pollEmptyRate: rate(0, 'Questions about a known task that get `{"data":[]}`.'),
  pollLagMs: millisecondRange(0, 0, 'Time after its acceptance for which `getResponse` and `getTaskDetails` do not know a task.'),
  pollHidesRunning: flag(false, '`getResponse` answers for a running task as for an unknown one.'),
  pollUnknown: choice(['empty', 'not-found'], 'Answer to a question about an unknown task: `{"data":[]}`, or HTTP 404 `taskNotFound`.'),
  pollStrangerRate: rate(0, 'Answers to questions that also contain a result of another task and a failure of a third.'),
  pollResetRate: rate(0, 'Questions whose connection is reset.'),
  pollBrokenRate: rate(0, 'Answers to `getResponse` and `getTaskDetails` that are not whole (`brokenBody`).'),
  poll401Rate: rate(0, 'Questions answered with HTTP 401 `invalidApiKey`.'),
  poll402Rate: rate(0, 'Questions answered with HTTP 402 `insufficientCredits`.'),
  poll403Rate: rate(0, 'Questions answered with HTTP 403 `permissionDenied`.'),
  poll429Rate: rate(0, 'Questions answered with HTTP 429 `rateLimitExceeded`.'),
  poll500Rate: rate(0, 'Questions answered with HTTP 500 `internalServerError`.'),
  poll503Rate: rate(0, 'Questions answered with HTTP 503 `serviceUnavailable`.'),
  pollErrorNames: choice(
    ['question', 'task', 'nothing'],
    'Names in such errors: `getResponse` and the taskUUID; the task itself, with `status: "error"` as if it had failed; none.',
  ),
  pollErrorsIn200: flag(false, 'Such errors come with HTTP 200.'),
  detailsForgetAfterMs: milliseconds(0, 'Time after its end for which `getTaskDetails` knows a task; 0 is for ever.'),
  detailsHideRunning: flag(false, '`getTaskDetails` does not know a running task either.'),
  detailsKeepRefusals: flag(
    false,
    '`getTaskDetails` also knows an id that was refused and never had a task: its `response` is the first refusal, or the newest one with `detailsResponse` at `last-response`.',
  ),
  detailsRefusalHidesTask: flag(
    false,
    'If the last response to an id with a task was a refusal other than a conflict, `getTaskDetails` shows that refusal in place of the task.',
  ),
  detailsResponse: choice(
    ['result', 'last-response', 'null'],
    '`response` of `getTaskDetails`: the result; the conflict, after a refused replay; `null`.',
  ),

  // The image's own address
  imageUrlGoneRate: rate(0, 'Images whose `imageURL` answers 404.'),
  imageUrlLateRate: rate(0, 'Images whose `imageURL` answers with `imageUrlLateAnswer` for `imageUrlLateMs` after the end of the task.'),
  imageUrlLateMs: milliseconds(30_000, 'See `imageUrlLateRate`.'),
  imageUrlLateAnswer: choice(
    imageAnswers,
    'Answer of such an address before it has the image: HTTP 404, 403, 410 or 401; a page of HTML; no bytes; the image at half its width and height; a redirect; HTTP 400; a reset connection; an image that is not whole (`brokenBody`).',
  ),
  imageUrlMovesRate: rate(
    0,
    'Images whose first `imageURL` answers 410, and which get another address `imageUrlMovesMs` after the end of the task.',
  ),
  imageUrlMovesMs: milliseconds(5000, 'See `imageUrlMovesRate`.'),
});

/** All switches, each with a value. */
export type Faults = z.output<typeof faultsSchema>;
/** Some switches; the others keep their defaults. */
export type FaultsInput = z.input<typeof faultsSchema>;

export type FaultName = keyof Faults;

/** Returns the switches that differ from their defaults. */
export function changedFaults(faults: Faults): FaultsInput {
  const defaults = new Map(Object.entries(faultsSchema.parse({})));
  const changed = Object.entries(faults).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(name)));
  return Object.fromEntries(changed);
}
