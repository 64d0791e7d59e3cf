import { hasCode } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { Logger } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { mayAct } from '../access/visitor.ts';
import { addActRoutes, createNotes } from './acts/act-routes.ts';
import { showGeneration } from './generation/generation-page.ts';
import { showGenerations } from './generations/generations-page.ts';
import { readFilter } from './generations/read-filter.ts';
import { readGenerations } from './generations/read-generations.ts';
import { showOverview } from './overview/overview-page.ts';
import { readOverview, type OverviewStore } from './overview/read-overview.ts';
import { addAssets } from './parts/assets.ts';
import { html } from './parts/html.ts';
import { buildPage, type PageParts } from './parts/layout.ts';
import type { Pictures } from './pictures/create-pictures.ts';
import { addPictureRoutes } from './pictures/picture-routes.ts';

export interface PageDependencies {
  readonly producer: Pick<Producer, 'list' | 'get' | 'timeline' | 'cancel' | 'retry' | 'erase'>;
  readonly store: OverviewStore;
  /** Absent where the dashboard was given no bucket. */
  readonly pictures: Pictures | undefined;
  readonly showPrompts: boolean;
  /** The path at which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly logger: Logger;
}

type Query = Record<string, unknown>;

/** Adds the pages, what they load, and what they can do. */
export function addPages(server: FastifyInstance, { producer, store, pictures, showPrompts, path, logger }: PageDependencies): void {
  const hasPictures = pictures !== undefined;
  const page = (parts: Omit<PageParts, 'path'>): string => buildPage({ ...parts, path });
  const send = (reply: FastifyReply, parts: Omit<PageParts, 'path'>) => reply.type('text/html; charset=utf-8').send(page(parts));
  const buildRefusal = (words: string, back: string): string =>
    page({
      title: 'Refused',
      current: 'generations',
      isLive: false,
      body: html`<p class="notice bad" role="alert">${words}</p><p><a href=${back}>Back</a></p>`,
    });

  const notes = createNotes();
  addAssets(server);
  addPictureRoutes(server, { producer, pictures });
  addActRoutes(server, { producer, logger, path, notes, buildRefusal });

  server.get<{ Querystring: Query }>('/', async ({ query }, reply) => {
    const overview = await readOverview(store, query['range'] === 'day' ? 'day' : 'hour');
    return send(reply, { title: 'Overview', current: './', isLive: true, body: showOverview(overview) });
  });

  server.get<{ Querystring: Query }>('/generations', async ({ query }, reply) => {
    const filter = readFilter(query);
    const [found, now] = await Promise.all([readGenerations(producer, filter), store.readTime()]);
    const body = showGenerations({ ...found, filter, now, hasPictures });
    return send(reply, { title: 'Generations', current: 'generations', isLive: filter.cursor === '', body });
  });

  server.get<{ Params: { generationId: string }; Querystring: Query }>('/generations/:generationId', async (request, reply) => {
    const { generationId } = request.params;
    try {
      const [generation, timeline, now] = await Promise.all([producer.get(generationId), producer.timeline(generationId), store.readTime()]);
      const note = notes.find(String(request.query['done'] ?? ''));
      const body = showGeneration({ generation, timeline, now, hasPictures, showPrompts, mayAct: mayAct(request), note });
      return await send(reply, { title: `Generation ${generationId}`, current: 'generations', isLive: true, body });
    } catch (error) {
      const isErased = hasCode(error, 'generation.erased');
      if (!isErased && !hasCode(error, 'generation.not-found') && !hasCode(error, 'request.invalid')) throw error;
      const words = isErased ? `Generation ${generationId} was erased.` : `Redis holds no generation ${generationId}. It lets go of one a week after its end.`;
      return reply.code(isErased ? 410 : 404).type('text/html; charset=utf-8').send(buildRefusal(words, 'generations'));
    }
  });
}
