import type { Faults } from '../faults/schema.ts';
import type { WallAnswer } from '../faults/wall-answers.ts';

export interface WallReply {
  httpStatus: number;
  contentType: string;
  body: string;
  location?: string;
}

/**
 * Returns the answer of the gateway to a body in place of Runware; undefined if the body passes. `gatewayAnswer` answers every request,
 * also questions; `poisonAnswer` only bodies that contain the word.
 */
export function wallAnswerOf(body: unknown, { gatewayAnswer, poisonWord, poisonAnswer }: Faults): Exclude<WallAnswer, 'none'> | undefined {
  if (gatewayAnswer !== 'none') return gatewayAnswer;
  const isPoisoned = poisonWord !== '' && JSON.stringify(body ?? '').includes(poisonWord);
  return isPoisoned && poisonAnswer !== 'none' ? poisonAnswer : undefined;
}

/** Builds the answer of the gateway. @param taskUUID Named in the two answers that pretend to be Runware's. */
export function describeWall(answer: Exclude<WallAnswer, 'none' | 'reset'>, taskUUID: string): WallReply {
  const [kind, status] = answer.split('-') as [string, string]; // each name is "<kind>-<status>"
  const httpStatus = Number(status);
  const json = (value: unknown): WallReply => ({ httpStatus, contentType: 'application/json', body: JSON.stringify(value) });
  switch (kind) {
    case 'html':
      return { httpStatus, contentType: 'text/html', body: `<!doctype html><title>${status}</title><h1>${status}</h1>` };
    case 'redirect':
      return { httpStatus, contentType: 'text/html', body: '', location: '/login' };
    case 'json':
      return json(
        answer === 'json-404'
          ? { errors: [{ code: 'notFound', message: 'No route matches this address.' }] }
          : answer === 'json-403'
            ? { message: 'Forbidden' }
            : { status: 'ok', service: 'another' },
      );
    case 'data':
      return json({ data: [{ id: 1, name: 'another' }] });
    case 'wordless':
      return json({ data: [] });
    case 'moderation':
      return json({ error: { code: 'moderation_error', message: 'The content was refused.' } });
    case 'account':
      return json({
        data: [],
        errors: [{ code: 'permissionDenied', message: 'The API key lacks the permission for this task.', taskUUID }],
      });
    case 'refusal':
      return json({
        data: [],
        errors: [{ code: 'invalidModel', message: 'The model is not supported any more.', parameter: 'model', taskUUID }],
      });
    default:
      return { httpStatus, contentType: 'text/plain', body: '' };
  }
}
