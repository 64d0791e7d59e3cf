import { createGenerationId, isGenerationId } from '@darkroom/contracts';
import { passByCorrupt, type BulkAct, type GenerationStore } from '@darkroom/generation-store';
import type { Logger } from '@darkroom/service-runtime';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { mayAct } from '../../access/visitor.ts';
import { signatureOf, type Act, type Fields } from '../acts/add-act.ts';
import type { Notes } from '../acts/notes.ts';
import { filterOf, isNarrowed, writeFilter } from '../generations/read-filter.ts';
import type { PageParts } from '../parts/layout.ts';
import { describeAmount, kinds, statusesOf } from './kinds.ts';
import { describeFilter, showManyAct, showManyActs } from './many-page.ts';
import type { ManyRunner } from './many-runner.ts';

export type ManyStore = Pick<
  GenerationStore,
  'addBulkAct' | 'stepBulkAct' | 'findBulkAct' | 'listBulkActs' | 'listBulkActsUnderWay' | 'readTime'
>;

export interface ManyDependencies {
  readonly store: ManyStore;
  readonly runner: Pick<ManyRunner, 'wake'>;
  readonly notes: Notes;
  readonly logger: Logger;
  readonly path: string;
  readonly send: (reply: FastifyReply, parts: Omit<PageParts, 'path' | 'self'>) => FastifyReply;
  readonly refuse: (reply: FastifyReply, status: number, words: string) => FastifyReply;
}

/** Acts under way at once: each is the work of an operator. */
const MOST_UNDER_WAY = 20;
const SHOWN = 50;
const GONE = 'Redis holds no such act: it keeps one that is not under way for a week after its last step.';

const kindOf = (name: unknown): BulkAct['kind'] | undefined => (name === 'cancel' || name === 'retry' ? name : undefined);

/** Adds the pages of acts on many generations, and the form that counts what one would take. */
export function addManyRoutes(server: FastifyInstance, { store, runner, notes, logger, path, send, refuse }: ManyDependencies): void {
  server.get('/generations/many', async (_request, reply) => {
    const acts = await store.listBulkActs(SHOWN);
    return send(reply, { title: 'Acts on many generations', current: 'generations', isLive: true, body: showManyActs(acts) });
  });

  server.get<{ Params: { id: string }; Querystring: Record<string, unknown> }>('/generations/many/:id', async (request, reply) => {
    const act = await findAct(store, request.params.id);
    if (act === undefined) return refuse(reply, 404, GONE);
    const body = showManyAct(act, mayAct(request), notes.find(request.query['done']));
    return send(reply, { title: `${kinds[act.kind].words} many generations`, current: 'generations', isLive: true, body });
  });

  // It changes nothing yet, so it needs no reason.
  server.post('/generations/many', async (request, reply) => {
    const fields = (request.body ?? {}) as Fields; // by the parser of forms
    const kind = kindOf(fields['act']);
    const filter = filterOf(fields['filter'] ?? '');
    if (kind === undefined || !isNarrowed(filter))
      return refuse(reply, 400, 'Search by a status, tenant, tag, code or time first: an act on all generations by a slip would be dear.');
    if (statusesOf(kind, filter).length === 0)
      return refuse(reply, 400, `Nothing to ${kind} has the status ${filter.status.join(' or ')}.`);
    if ((await store.listBulkActsUnderWay()).length >= MOST_UNDER_WAY)
      return refuse(reply, 409, `${MOST_UNDER_WAY} acts on many generations are under way: wait for one of them.`);
    const now = await store.readTime();
    const id = createGenerationId(now);
    const { who = '' } = signatureOf(request);
    await store.addBulkAct(id, { kind, filter: writeFilter(filter, { cursor: '', view: 'table' }), createdBefore: now, who });
    logger.info(
      { event: 'act.count', act: `${kind}-many`, id, ...signatureOf(request) },
      'an operator asks what an act on many generations would take',
    );
    runner.wake();
    return reply.redirect(`${path}/generations/many/${id}`, 303);
  });
}

const findAct = async (store: Pick<ManyStore, 'findBulkAct'>, id: string): Promise<BulkAct | undefined> =>
  isGenerationId(id) ? store.findBulkAct(id).catch(passByCorrupt) : undefined;

/** Builds the acts that begin one on many generations, let it go on, and stop it. */
export function buildManyActs({ store, runner }: Pick<ManyDependencies, 'store' | 'runner'>): readonly Act[] {
  const back = (id: string): string => `generations/many/${encodeURIComponent(id)}`;
  const on = async (_fields: unknown, id: string): Promise<string> => {
    const act = await findAct(store, id);
    if (act === undefined) throw new RangeError(GONE);
    const { kind, filter, countedGenerations: generations = 0, countedImages: images = 0, countedNanoUsd: nanoUsd = 0 } = act;
    return `${describeFilter(filter)}: ${describeAmount(kind, { generations, images, nanoUsd })} (${id})`;
  };
  const begin = (kind: BulkAct['kind']): Act => ({
    name: `${kind}-many`,
    url: `/generations/many/:id/${kind}`,
    back,
    on,
    async run({ reason }, id, who) {
      const act = await findAct(store, id);
      if (act?.kind !== kind) throw new RangeError(GONE);
      if (act.countedAt === undefined) throw new RangeError('What it takes is not counted yet.');
      if (!(await store.stepBulkAct(id, ['counted', 'stopped'], { state: 'changing', reason, who, why: '' })))
        return 'It is under way, or done.';
      runner.wake();
      return act.state === 'stopped'
        ? 'It goes on.'
        : 'It has begun. It goes on if this page is left, and if the dashboard is started anew.';
    },
  });
  return [
    begin('cancel'),
    begin('retry'),
    {
      name: 'stop-many',
      url: '/generations/many/:id/stop',
      back,
      on,
      async run(_fields, id) {
        const isStopped = await store.stepBulkAct(id, ['counting', 'changing'], { state: 'stopped', endedAt: await store.readTime() });
        return isStopped ? 'Stopped; what a dashboard does just now comes to its end.' : 'It is not under way.';
      },
    },
  ];
}
