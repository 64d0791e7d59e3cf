import { defined, type ProviderFault } from '@darkroom/contracts';
import type { AnswerEntry } from './answer.ts';
import { classifyFault } from './classify.ts';
import type { Exchange } from './exchange.ts';
import type { Redactor } from './redact.ts';

/** An answer of the provider with its status and body. */
export type Answered = Extract<Exchange, { kind: 'answered' }>;

/** Builds the fault of an entry, redacted. Its class is that of its code; with `statusDecides` the status stands in for an unknown code. */
export function faultOfEntry(entry: AnswerEntry, redactor: Redactor, status: number, statusDecides: boolean): ProviderFault {
  const isName = redactor.keepsWords || /^[\w.-]{1,100}$/.test(entry.code ?? '');
  const code = entry.code === undefined || entry.code === '' || !isName ? undefined : redactor.text(entry.code).slice(0, 100);
  return {
    class: classifyFault({ code: entry.code, httpStatus: statusDecides ? status : undefined }),
    code: code ?? `HTTP_${status}`,
    message: redactor.keepsWords
      ? redactor.text(entry.message ?? 'the provider gave no message')
      : 'the provider failed the task; its words are not kept, because they may repeat the prompt',
    httpStatus: status,
    ...defined({ parameter: entry.parameter === undefined || !redactor.keepsWords ? undefined : redactor.text(entry.parameter) }),
    ...(redactor.keepsWords && { raw: redactor.json(entry.raw) }),
  };
}

/** Builds the fault of an answer without a readable error, from its status and the form of its body. */
export function faultOfAnswer({ status, body }: Answered): ProviderFault {
  const held = body.kind === 'json' ? 'without a known error in its body' : `with a body that was ${body.reason}`;
  return {
    class: classifyFault({ httpStatus: status }),
    code: `HTTP_${status}`,
    message: `the provider answered ${status} ${held}`,
    httpStatus: status,
  };
}
