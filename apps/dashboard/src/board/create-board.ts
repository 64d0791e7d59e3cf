import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import { describeErrorChain, redactText, type Logger } from '@darkroom/service-runtime';
import type { Queue } from 'bullmq';
import type { FastifyPluginCallback } from 'fastify';
import { buildAdapter } from './board-queues.ts';
import { showAnswer } from './show-answer.ts';

/** System fonts: the board's own font comes from another site. */
const fonts = { 'font-sans': 'system-ui, sans-serif', 'font-mono': 'ui-monospace, monospace' };

/** Builds the board as a fastify plugin for the root of a server. @param path The path at which a proxy offers that root, without a slash at its end. */
export function createBoard(queues: readonly Queue[], path: string, logger: Logger): FastifyPluginCallback {
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(path);
  createBullBoard({
    queues: queues.map(buildAdapter),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Darkroom',
        hideDocsLink: true,
        menu: { width: '200px' },
        theme: { light: fonts, dark: fonts },
        miscLinks: [
          { text: 'Metrics of this dashboard', url: `${path}/metrics` },
          { text: 'Is Redis there?', url: `${path}/readyz` },
        ],
      },
      handlerHooks: { after: showAnswer },
    },
  });
  serverAdapter.setErrorHandler((error) => {
    logger.warn({ err: error }, 'the board could not answer');
    return { status: 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message: redactText(describeErrorChain(error)) } };
  });
  return serverAdapter.registerPlugin();
}
