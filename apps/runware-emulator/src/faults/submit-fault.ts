import type { Dice } from '../dice.ts';
import type { FaultName, Faults } from './schema.ts';

/** Fault of one submission. */
export type SubmitFault =
  | { kind: 'reset'; accepts: boolean }
  | { kind: 'refusal'; accepts: boolean; httpStatus: number; code: string; message: string; retryAfterSeconds?: number }
  | { kind: 'slow' | 'empty-ack' | 'not-json' | 'broken'; accepts: true };

type RateName = Extract<FaultName, `submit${string}Rate`>;

const refusal = (httpStatus: number, code: string, message: string): SubmitFault => ({
  kind: 'refusal',
  accepts: false,
  httpStatus,
  code,
  message,
});

const faultsByRate: readonly (readonly [RateName, SubmitFault])[] = [
  ['submitResetBeforeRate', { kind: 'reset', accepts: false }],
  ['submitResetAfterRate', { kind: 'reset', accepts: true }],
  ['submit429Rate', refusal(429, 'rateLimitExceeded', 'The queue capacity is exceeded. Try again later.')],
  ['submit500Rate', refusal(500, 'internalServerError', 'An internal error occurred.')],
  ['submit503Rate', refusal(503, 'serviceUnavailable', 'The service is temporarily unavailable.')],
  ['submit504Rate', refusal(504, 'serverUnavailable', 'The request waited in the queue for too long.')],
  ['submitErrorsIn200Rate', refusal(200, 'rateLimitExceeded', 'The queue capacity is exceeded. Try again later.')],
  ['submitEmptyAckRate', { kind: 'empty-ack', accepts: true }],
  ['submitNotJsonRate', { kind: 'not-json', accepts: true }],
  ['submitBrokenRate', { kind: 'broken', accepts: true }],
  ['submitSlowRate', { kind: 'slow', accepts: true }],
  ['submit401Rate', refusal(401, 'invalidApiKey', 'Invalid API key.')],
  ['submit402Rate', refusal(402, 'insufficientCredits', 'The balance is not enough for this task.')],
  ['submit403Rate', refusal(403, 'permissionDenied', 'The API key lacks the permission for this task.')],
];

/** Draws the fault of the `receipt`-th submission of a taskUUID; undefined for none. */
export function drawSubmitFault(faults: Faults, dice: Dice, taskUUID: string, receipt: number): SubmitFault | undefined {
  const shares = faultsByRate.map(([rate, fault]) => [rate, faults[rate], fault] as const);
  const fault = dice.oneOf(shares, 'submit-fault', taskUUID, receipt);
  return fault === undefined ? undefined : withSettings(fault, faults, dice, taskUUID, receipt);
}

/** Draws a fault of the account (key, balance, permission): the only faults that a dry run meets. */
export function drawAccountFault(faults: Faults, dice: Dice, taskUUID: string): (SubmitFault & { kind: 'refusal' }) | undefined {
  const fault = drawSubmitFault(faults, dice, taskUUID, 1);
  return fault?.kind === 'refusal' && [401, 402, 403].includes(fault.httpStatus) ? fault : undefined;
}

function withSettings(fault: SubmitFault, faults: Faults, dice: Dice, taskUUID: string, receipt: number): SubmitFault {
  if (fault.kind !== 'refusal') return fault;
  if (fault.httpStatus >= 500)
    return { ...fault, accepts: dice.chance(faults.submit5xxAcceptedRate, 'submit-5xx-accepted', taskUUID, receipt) };
  if (fault.httpStatus === 429) {
    const accepts = dice.chance(faults.submit429AcceptedRate, 'submit-429-accepted', taskUUID, receipt);
    const { submit429RetryAfterSeconds: retryAfterSeconds } = faults;
    return { ...fault, accepts, ...(retryAfterSeconds > 0 && { retryAfterSeconds }) };
  }
  return fault;
}
