import { DarkroomError, defined } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { Logger } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Notes } from './notes.ts';

export interface ActDependencies {
  readonly store: Pick<GenerationStore, 'noteAct'>;
  readonly logger: Logger;
  /** The path at which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly notes: Notes;
  /** Builds the page that says why an act was refused. */
  readonly buildRefusal: (words: string, back: string) => string;
}

export type Fields = Readonly<Record<string, string>>;

/** An act of an operator, which is safe to repeat. */
export interface Act {
  readonly name: string;
  /** Pattern of its address. */
  readonly url: string;
  /** Page that leads to it, and to which it leads back. */
  readonly back: (id: string) => string;
  /** @returns its result in words. @throws DarkroomError; RangeError for a wrong field. */
  readonly run: (fields: Fields & { readonly reason: string }, id: string, who: string) => Promise<string>;
  /** Names what it concerns: an id, a cap. */
  readonly on: (fields: Fields, id: string) => string | Promise<string>;
}

const MAX_REASON = 200;
const HTML = 'text/html; charset=utf-8';

/** Adds a parser for the forms of acts. */
export const addFormParser = (server: FastifyInstance): void =>
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );

/** Adds the route of an act. It asks for a reason, and notes the act before it does it: one that a crash interrupts is noted too. */
export function addAct(server: FastifyInstance, { store, logger, path, notes, buildRefusal }: ActDependencies, act: Act): void {
  server.post<{ Params: { id?: string } }>(act.url, async (request, reply) => {
    const { id = '' } = request.params;
    const fields = (request.body ?? {}) as Fields; // by the parser above
    const back = act.back(id);
    const reason = (fields['reason'] ?? '').trim().slice(0, MAX_REASON);
    const refuse = (status: number, words: string) => reply.code(status).type(HTML).send(buildRefusal(words, back));
    if (reason === '') return refuse(400, 'An act needs its reason.');
    const signature = signatureOf(request);
    let noted = { act: act.name, on: id, reason, ...defined({ who: signature.who }) };
    try {
      noted = { ...noted, on: await act.on(fields, id) };
      logger.info({ event: 'act', ...noted, ...signature }, 'an operator asks for an act');
      await store.noteAct(noted);
      const words = await act.run({ ...fields, reason }, id, signature.who ?? '');
      logger.info({ event: 'act.done', ...noted, ...signature }, words);
      return await reply.redirect(`${path}/${back}?done=${notes.add(words)}`, 303);
    } catch (error) {
      if (!(error instanceof DarkroomError || error instanceof RangeError)) throw error;
      const { code, retryable } = error instanceof DarkroomError ? error : { code: 'request.invalid', retryable: false };
      logger.warn({ event: 'act.refused', ...noted, ...signature, code }, 'an act was refused');
      return refuse(retryable ? 503 : 409, error.message);
    }
  });
}

/** Names the operator and the address of a request. */
export const signatureOf = ({ visitor, ip }: FastifyRequest): { who?: string; address: string } => ({
  ...defined({ who: visitor?.user }),
  address: ip,
});
