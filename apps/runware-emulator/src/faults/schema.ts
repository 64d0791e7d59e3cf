import { z } from 'zod';
import { wallAnswers } from './wall-answers.ts';

/**
 * Every switch of the emulator. The defaults are the best reading of Runware's documentation; each point that the
 * documentation leaves open, or that others saw go wrong, is a switch. A new switch is one line here and one place that reads it;
 * the table in README.md is drawn from this schema.
 *
 * Switches of a submission, of polls and of validation hold at the moment of the request. All others are taken down with the
 * task when it is accepted and go with it to its end, also through a restart.
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

/** What an upload can hold. */
export const uploadKinds = ['other-image', 'image', 'truncated', 'empty', 'html', 'other-format', 'other-size'] as const;
export type UploadKind = (typeof uploadKinds)[number];

/** What an image's address may answer in place of the image. */
export const imageAnswers = ['404', '403', '410', '401', 'html', 'empty', 'truncated', 'other-size', 'redirect', '400', 'reset'] as const;
export type ImageAnswer = (typeof imageAnswers)[number];

export const faultsSchema = z.strictObject({
  // The request
  unknownParameters: choice(
    ['refuse', 'ignore'],
    'What happens to a parameter that the page does not name: `unknownParameter`, or nothing.',
  ),
  geometry: choice(
    ['optional', 'required'],
    'Whether a request without reference images, size and resolution gets 1024x1024 or is refused.',
  ),
  maxReferenceImages: z.int().min(0).default(0).describe('Most reference images of a request; 0 is no limit (the page names none).'),

  // What stands in front of Runware: it answers by itself, and neither the bill nor the tasks know of it
  gatewayAnswer: choice(
    wallAnswers,
    "How every request is answered in place of Runware: a page, nothing or another host's JSON with that status; `account-403` and `refusal-400` pretend to be Runware.",
  ),
  poisonWord: z.string().default('').describe('Requests that hold this word anywhere are answered by `poisonAnswer`; none when empty.'),
  poisonAnswer: choice(wallAnswers, 'See `poisonWord`; the values of `gatewayAnswer`.'),
  wallPassesOn: flag(false, 'Such requests are passed on to Runware all the same, whose answer is thrown away.'),
  dryRunIsCharged: flag(false, 'A dry run is executed and charged as a purchase.'),

  // A submission; at most one of the rates strikes, the first in this order, drawn anew for every receipt of a taskUUID
  submitResetBeforeRate: rate(0, 'The connection is reset, and the task was not accepted.'),
  submitResetAfterRate: rate(0, 'The connection is reset, and the task was accepted.'),
  submit429Rate: rate(0, 'HTTP 429 `rateLimitExceeded`.'),
  submit429RetryAfterSeconds: z.int().min(0).default(0).describe('`Retry-After` of those 429; 0 sends none.'),
  submit429AcceptedRate: rate(0, 'Share of those 429 whose task was accepted all the same, as by a gateway that passes the request on.'),
  submit500Rate: rate(0, 'HTTP 500 `internalServerError`.'),
  submit503Rate: rate(0, 'HTTP 503 `serviceUnavailable`.'),
  submit504Rate: rate(0, 'HTTP 504 `serverUnavailable`.'),
  submit5xxAcceptedRate: rate(0, 'Share of those 500, 503 and 504 whose task was accepted all the same.'),
  submitErrorsIn200Rate: rate(0, 'HTTP 200 with `errors` (`rateLimitExceeded`); not accepted.'),
  submitEmptyAckRate: rate(0, 'HTTP 200 `{"data":[]}`, and the task was accepted.'),
  submitNotJsonRate: rate(0, 'HTTP 200 with an HTML page, and the task was accepted.'),
  submitSlowRate: rate(0, 'The answer takes `submitSlowMs` longer; the task was accepted at once.'),
  submitSlowMs: milliseconds(5000, 'See `submitSlowRate`.'),
  submit401Rate: rate(0, 'HTTP 401 `invalidApiKey`.'),
  submit402Rate: rate(0, 'HTTP 402 `insufficientCredits`.'),
  submit403Rate: rate(0, 'HTTP 403 `permissionDenied`.'),
  replay: choice(
    ['conflict-for-good', 'conflict-while-running', 'conflict-for-a-while'],
    'When a taskUUID that was accepted is refused as `conflictTaskUUID`; otherwise it is executed and charged again.',
  ),
  replayForgetAfterMs: milliseconds(60_000, 'How long after the acceptance `conflict-for-a-while` lasts, at least while it runs.'),
  rejectionConsumesId: flag(false, 'A refusal uses up the taskUUID: sent again, it is refused as `conflictTaskUUID` for good.'),

  // The execution
  executionMs: millisecondRange(1000, 3000, 'How long an image takes.'),
  failTimeoutProviderRate: rate(0, 'Accepted tasks that fail with `timeoutProvider`.'),
  failProviderErrorRate: rate(0, 'Accepted tasks that fail with `providerError`.'),
  failContentPolicyRate: rate(0, 'Accepted tasks that fail with `contentPolicyViolation`.'),
  failedTasksCharged: flag(false, 'Whether a failed task costs its price.'),
  failedTasksTellCost: flag(false, 'Whether a failure that is charged for says its `cost`, where that was asked for.'),
  referenceImageCharge: choice(['per-image', 'per-request'], 'What the additional 0.002 USD is charged for.'),
  cost: choice(
    ['quoted', 'absent', 'zero', 'surcharged'],
    'What `cost` says: the price; nothing; 0 (both charged as quoted); half as much again (and charged so).',
  ),

  // The webhook
  webhookBody: choice(
    ['flat', 'envelope', 'singular-error', 'array', 'several-items'],
    'The body: the task object; `{"data":[…]}` or `{"errors":[…]}`; flat, failures as `{"error":{…},"taskUUID"}`; `[…]`; an envelope that also holds an item of a task of somebody else.',
  ),
  webhookExtraFields: flag(false, 'Bodies hold fields that nobody documented.'),
  webhookErrorWithoutTaskUuid: flag(false, 'Failures do not name their task.'),
  webhookAttempts: z.int().min(0).default(8).describe('How often a webhook is tried; any 2xx ends it.'),
  webhookFirstRetryMs: milliseconds(250, 'The wait before the second attempt; doubles, less up to half of it as jitter.'),
  webhookMaxRetryMs: milliseconds(8000, 'The longest such wait.'),
  webhookTimeoutMs: milliseconds(5000, 'How long an answer to a webhook or an upload is waited for.'),
  webhookDelayMs: millisecondRange(0, 0, 'How long after the result the webhook is sent.'),
  webhookDropRate: rate(0, 'Webhooks that are never sent.'),
  webhookDuplicateRate: rate(0, 'Webhooks that are sent again after a 2xx.'),
  webhookBeforeAckRate: rate(0, 'Asynchronous submissions whose acknowledgement waits until the first webhook was answered.'),
  webhookProcessingRate: rate(0, 'Tasks that also send a `processing` webhook halfway.'),
  webhookErrorFirstRate: rate(
    0,
    'Webhooks of a result that come after one that says the task failed with `providerError`, which it did not.',
  ),
  webhookStrangeImageRate: rate(0, 'Webhooks of a result with the `imageURL` of another task, once another has succeeded.'),

  // The upload; at most one of the wrong contents strikes, the first in this order
  uploadDelayMs: millisecondRange(1000, 3000, 'How long after the webhook the upload starts.'),
  uploadBeforeWebhookRate: rate(0, 'Uploads that are over before the webhook is sent.'),
  uploadNeverRate: rate(0, 'Uploads that are never made.'),
  uploadForbiddenRate: rate(0, 'Uploads with a spoilt signature: the storage answers 403.'),
  uploadTruncatedRate: rate(0, 'Uploads of the first half of the image.'),
  uploadEmptyRate: rate(0, 'Uploads of no bytes.'),
  uploadHtmlRate: rate(0, 'Uploads of a page of HTML instead of the image.'),
  uploadOtherFormatRate: rate(0, 'Uploads of the image in another format: PNG for JPG and WEBP, JPG for PNG.'),
  uploadOtherSizeRate: rate(0, 'Uploads of the image at half its width and height.'),
  uploadTwiceRate: rate(0, 'Uploads that are made twice.'),
  uploadReplayRate: rate(0, 'Uploads after which another PUT to the same address is made, with `uploadReplayBytes`.'),
  uploadReplayAfterMs: millisecondRange(0, 0, 'How long after the upload that second PUT comes.'),
  uploadReplayBytes: choice(
    uploadKinds,
    'What it holds: another image of the same size and format; the image itself; or one of the other wrong uploads.',
  ),
  uploadLateRate: rate(0, 'Uploads that start `uploadLateMs` later.'),
  uploadLateMs: milliseconds(300_000, 'See `uploadLateRate`.'),
  uploadAttempts: z.int().min(1).default(1).describe('How often an upload is tried, with the waits of the webhook.'),
  uploadContentType: z.string().default('').describe('`Content-Type` of uploads; none when empty.'),
  uploadChunkedRate: rate(0, 'Uploads that are chunked and have no `Content-Length`.'),

  // Questions about a task
  pollErrorShape: choice(
    ['errors', 'data-nested', 'data-flat'],
    'How `getResponse` tells a failure: in `errors`; in `data` with `error:{…}`; in `data` with flat `code` and `message`.',
  ),
  pollTerminal504Rate: rate(0, 'Answers to `getResponse` about a failed task that come with HTTP 504.'),
  pollRunningWord: choice(['processing', 'pending'], 'The `status` of a task that runs (`pending` is of the older documentation).'),
  pollForgetsAfterMs: milliseconds(0, 'How long after its end `getResponse` knows a task; 0 is for good.'),
  pollEmptyRate: rate(0, 'Questions about a known task that are answered `{"data":[]}`.'),
  pollLagMs: millisecondRange(0, 0, 'How long after its acceptance questions and details do not know a task.'),
  pollHidesRunning: flag(false, 'While a task runs, `getResponse` answers as for one that it does not know.'),
  pollUnknown: choice(
    ['empty', 'not-found'],
    'How a question about an unknown task is answered: `{"data":[]}`, or HTTP 404 `taskNotFound`.',
  ),
  pollStrangerRate: rate(0, 'Answers to questions that also hold a result of another task and a failure of a third.'),
  pollResetRate: rate(0, 'Questions whose connection is reset.'),
  poll401Rate: rate(0, 'Questions answered with HTTP 401 `invalidApiKey`.'),
  poll402Rate: rate(0, 'Questions answered with HTTP 402 `insufficientCredits`.'),
  poll403Rate: rate(0, 'Questions answered with HTTP 403 `permissionDenied`.'),
  poll429Rate: rate(0, 'Questions answered with HTTP 429 `rateLimitExceeded`.'),
  poll500Rate: rate(0, 'Questions answered with HTTP 500 `internalServerError`.'),
  poll503Rate: rate(0, 'Questions answered with HTTP 503 `serviceUnavailable`.'),
  pollErrorNames: choice(
    ['question', 'task', 'nobody'],
    'What such errors about the question name: `getResponse` and the taskUUID; the task itself, with `status: "error"` as if it had failed; nothing.',
  ),
  pollErrorsIn200: flag(false, 'Such errors come with HTTP 200.'),
  detailsForgetAfterMs: milliseconds(0, 'How long after its end `getTaskDetails` knows a task; 0 is for good.'),
  detailsHideRunning: flag(false, 'While a task runs, `getTaskDetails` does not know it either.'),
  detailsKeepRefusals: flag(
    false,
    '`getTaskDetails` also knows an id that was refused and never had a task: its `response` is the first refusal, or with `detailsResponse` at `last-response` the newest one.',
  ),
  detailsRefusalHidesTask: flag(
    false,
    'After a refusal, other than a conflict, of an id that has a task, `getTaskDetails` shows that refusal in place of the task, as the last response to the id.',
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
    'What such an address answers before it has the image: HTTP 404, 403, 410 or 401; a page of HTML; no bytes; half of the image; the image at half its width and height; a redirect; HTTP 400; a reset connection.',
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

/** The switches that are not at their defaults: what is worth writing down. */
export function changedFaults(faults: Faults): FaultsInput {
  const defaults = new Map(Object.entries(faultsSchema.parse({})));
  const changed = Object.entries(faults).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(name)));
  return Object.fromEntries(changed);
}
