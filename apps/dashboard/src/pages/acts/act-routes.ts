import { randomUUID } from 'node:crypto';
import { DarkroomError, defined } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { Logger } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export interface ActDependencies {
  readonly producer: Pick<Producer, 'cancel' | 'retry' | 'erase'>;
  readonly logger: Logger;
  /** The path at which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly notes: Notes;
  /** Builds the page that says why an act was refused. */
  readonly buildRefusal: (words: string, back: string) => string;
}

/** Results of acts, until the next page shows them: an address with the words could be made by anyone. */
export interface Notes {
  /** @returns the name of the note. */
  add(words: string): string;
  find(name: string): string | undefined;
}

const MOST_NOTES = 200;

export function createNotes(): Notes {
  const notes = new Map<string, string>();
  return {
    add(words) {
      const name = randomUUID();
      notes.set(name, words);
      const [oldest] = notes.keys();
      if (notes.size > MOST_NOTES && oldest !== undefined) notes.delete(oldest);
      return name;
    },
    find: (name) => notes.get(name),
  };
}

type Fields = Readonly<Record<string, string>>;
type Act = (producer: ActDependencies['producer'], generationId: string, fields: Fields) => Promise<string>;

/** What may be done with one generation. Each returns its result in words; each is safe to repeat. */
const acts: Readonly<Record<string, Act>> = {
  async cancel(producer, generationId) {
    const status = await producer.cancel(generationId);
    return status === 'cancelled' ? 'Cancelled.' : `It is ${status}: what was sent comes home, the rest is never bought.`;
  },
  async retry(producer, generationId, { mayPayAgain, reason = '' }) {
    const again = mayPayAgain === 'yes' ? { mayPayAgain: true as const, reason } : {};
    const { generationId: retryId, created } = await producer.retry(generationId, again);
    return created ? `Bought again as ${retryId}.` : `${retryId} buys it again already.`;
  },
  async erase(producer, generationId, { sure, cancel }) {
    if (sure !== 'yes') return 'Nothing was erased: the box "It cannot be undone" was not checked.';
    const { status } = await producer.erase(generationId, { cancel: cancel === 'yes' });
    return status === 'erased' ? 'Erased.' : 'The eraser has been asked. Look here again until it says "erased".';
  },
};

const MAX_REASON = 200;

/** Adds the routes that change one generation, and a parser for their forms. */
export function addActRoutes(server: FastifyInstance, { producer, logger, path, notes, buildRefusal }: ActDependencies): void {
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  for (const [name, act] of Object.entries(acts))
    server.post<{ Params: { generationId: string } }>(`/generations/:generationId/${name}`, async (request, reply) => {
      const { generationId } = request.params;
      const fields = (request.body ?? {}) as Fields; // by the parser above
      const back = `generations/${encodeURIComponent(generationId)}`;
      const reason = (fields['reason'] ?? '').trim().slice(0, MAX_REASON);
      if (reason === '') return reply.code(400).type('text/html; charset=utf-8').send(buildRefusal('An act needs its reason.', back));
      const line = { event: 'act', act: name, generationId, reason, ...signatureOf(request) };
      // before the act: one that a crash interrupts has its line too
      logger.info(line, 'an operator asks for an act');
      try {
        const words = await act(producer, generationId, fields);
        logger.info({ ...line, event: 'act.done' }, words);
        return await reply.redirect(`${path}/${back}?done=${notes.add(words)}`, 303);
      } catch (error) {
        if (!(error instanceof DarkroomError)) throw error;
        logger.warn({ ...line, event: 'act.refused', code: error.code }, 'an act was refused');
        return reply.code(error.retryable ? 503 : 409).type('text/html; charset=utf-8').send(buildRefusal(error.message, back));
      }
    });
}

/** Names the operator and the address of a request. */
export const signatureOf = ({ visitor, ip }: FastifyRequest) => defined({ who: visitor?.user, address: ip });
