import { hasCode } from '@darkroom/contracts';
import { redisCureOf, type ConnectionState, type GenerationStore } from '@darkroom/generation-store';
import type { Producer } from '@darkroom/producer';
import type { Logger } from '@darkroom/service-runtime';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { mayAct } from '../access/visitor.ts';
import { addAct, addFormParser } from './acts/add-act.ts';
import { buildGenerationActs } from './acts/generation-acts.ts';
import { createNotes } from './acts/notes.ts';
import { buildStoreActs, type ActStore } from './acts/store-acts.ts';
import { showGeneration } from './generation/generation-page.ts';
import { showGenerations } from './generations/generations-page.ts';
import { readFilter } from './generations/read-filter.ts';
import { readGenerations, type SearchStore } from './generations/read-generations.ts';
import { showHealth } from './health/health-page.ts';
import { readHealth, type HealthSources, type HealthStore } from './health/read-health.ts';
import { addManyRoutes, buildManyActs, type ManyStore } from './many/many-routes.ts';
import type { ManyRunner } from './many/many-runner.ts';
import { showOverview } from './overview/overview-page.ts';
import { readOverview, type OverviewStore } from './overview/read-overview.ts';
import { addAssets } from './parts/assets.ts';
import { html } from './parts/html.ts';
import { buildPage, type PageParts } from './parts/layout.ts';
import type { Pictures } from './pictures/create-pictures.ts';
import { addPictureRoutes } from './pictures/picture-routes.ts';
import { showSpendPage } from './spend/spend-page.ts';
import { readSpendPage, type SpendStore } from './spend/read-spend-page.ts';

export interface PageDependencies extends Omit<HealthSources, 'store'> {
  readonly producer: Pick<Producer, 'list' | 'get' | 'timeline' | 'cancel' | 'retry' | 'erase'>;
  readonly store: OverviewStore & SpendStore & HealthStore & ActStore & ManyStore & SearchStore & Pick<GenerationStore, 'noteAct'>;
  readonly runner: Pick<ManyRunner, 'wake'>;
  /** Returns the state of the connection to Redis. */
  readonly connection: () => ConnectionState;
  /** Wakes the purchases that rest because buying was paused. */
  readonly wakeAll: () => Promise<number>;
  /** Absent where the dashboard was given no bucket. */
  readonly pictures: Pictures | undefined;
  readonly showPrompts: boolean;
  /** The path at which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly logger: Logger;
}

type Query = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Tells an operator why no page can be shown. */
const whyNot = (state: ConnectionState): string =>
  state.kind === 'lost'
    ? `Redis cannot be used (${state.trouble.reason}): ${state.trouble.cure ?? redisCureOf(state.trouble.reason)}. Nothing is bought meanwhile, and nothing that was bought is lost. If its data are gone, start an empty one, and run darkroom rebuild.`
    : 'Redis did not answer in time, or the dashboard has a fault: its log has the reason. The page can be asked for again.';

/** Adds the pages, what they load, and what they can do. */
export function addPages(server: FastifyInstance, dependencies: PageDependencies): void {
  const { producer, store, pictures, showPrompts, path, logger, wakeAll, runner, connection } = dependencies;
  const hasPictures = pictures !== undefined;
  const page = (parts: Omit<PageParts, 'path'>): string => buildPage({ ...parts, path });
  const send = (reply: FastifyReply, parts: Omit<PageParts, 'path' | 'self'>) =>
    reply.type('text/html; charset=utf-8').send(page({ ...parts, self: reply.request.url }));
  const buildRefusal = (words: string, back: string, title = 'Refused'): string =>
    page({
      title,
      current: 'generations',
      isLive: false,
      body: html`<p class="notice bad" role="alert">${words}</p>
        <p><a href=${back}>Back</a></p>`,
    });

  server.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) return reply.code(error.statusCode).send();
    logger.warn({ err: error, route: request.routeOptions.url }, 'a page could not be shown');
    return reply
      .code(503)
      .type('text/html; charset=utf-8')
      .send(buildRefusal(whyNot(connection()), './', 'Not now'));
  });
  const notes = createNotes();
  addAssets(server);
  addPictureRoutes(server, { producer, pictures });
  addFormParser(server);
  for (const act of [...buildGenerationActs(producer), ...buildStoreActs(store, wakeAll), ...buildManyActs({ store, runner })])
    addAct(server, { store, logger, path, notes, buildRefusal }, act);

  addManyRoutes(server, {
    store,
    runner,
    notes,
    logger,
    path,
    send,
    refuse: (reply, status, words) => reply.code(status).type('text/html; charset=utf-8').send(buildRefusal(words, 'generations')),
  });

  server.get<{ Querystring: Query }>('/', async ({ query }, reply) => {
    const overview = await readOverview(store, query['range'] === 'day' ? 'day' : 'hour');
    return send(reply, { title: 'Overview', current: './', isLive: true, body: showOverview(overview) });
  });

  server.get<{ Querystring: Query }>('/generations', async (request, reply) => {
    const filter = readFilter(request.query);
    const [found, now] = await Promise.all([readGenerations({ producer, store }, filter), store.readTime()]);
    const body = showGenerations({ ...found, filter, now, hasPictures, mayAct: mayAct(request) });
    return send(reply, { title: 'Generations', current: 'generations', isLive: filter.cursor === '', body });
  });

  server.get<{ Querystring: Query }>('/spend', async (request, reply) => {
    const { day, after, done } = request.query;
    const spend = await readSpendPage(store, text(day), text(after));
    return send(reply, { title: 'Spend', current: 'spend', isLive: true, body: showSpendPage(spend, mayAct(request), notes.find(done)) });
  });

  server.get<{ Querystring: Query }>('/health', async (request, reply) => {
    const health = await readHealth(dependencies);
    return send(reply, {
      title: 'Health',
      current: 'health',
      isLive: true,
      body: showHealth(health, mayAct(request), notes.find(request.query['done'])),
    });
  });

  server.get<{ Params: { generationId: string }; Querystring: Query }>('/generations/:generationId', async (request, reply) => {
    const { generationId } = request.params;
    try {
      const [generation, timeline, now] = await Promise.all([
        producer.get(generationId),
        producer.timeline(generationId),
        store.readTime(),
      ]);
      const note = notes.find(request.query['done']);
      const body = showGeneration({ generation, timeline, now, hasPictures, showPrompts, mayAct: mayAct(request), note });
      return await send(reply, { title: `Generation ${generationId}`, current: 'generations', isLive: true, body });
    } catch (error) {
      const refusal = refusalOf(error, generationId);
      if (refusal === undefined) throw error;
      const { status, title, words } = refusal;
      if (status === 500) logger.warn({ err: error, generationId }, 'a generation could not be shown');
      return reply
        .code(status)
        .type('text/html; charset=utf-8')
        .send(buildRefusal(words, 'generations', title));
    }
  });
}

/** Returns why a generation cannot be shown; undefined for an error that says something else. */
function refusalOf(error: unknown, generationId: string): { status: number; title: string; words: string } | undefined {
  if (hasCode(error, 'generation.erased')) return { status: 410, title: 'Erased', words: `Generation ${generationId} was erased.` };
  if (hasCode(error, 'store.corrupt-record')) {
    const words = `The entry of generation ${generationId} in Redis is corrupt. To repair it: docs/operations/troubleshooting.md.`;
    return { status: 500, title: 'Corrupt', words };
  }
  if (!hasCode(error, 'generation.not-found') && !hasCode(error, 'request.invalid')) return undefined;
  const words = `Redis holds no generation ${generationId}. It lets go of one a week after its end.`;
  return { status: 404, title: 'Not found', words };
}
