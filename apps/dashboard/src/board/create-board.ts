import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import { DarkroomError } from '@darkroom/contracts';
import { describeErrorChain, redactText, type Logger } from '@darkroom/service-runtime';
import type { Queue } from 'bullmq';
import type { FastifyPluginCallback } from 'fastify';
import { BOARD_PATH } from './board-path.ts';
import { buildAdapter } from './board-queues.ts';
import { GenerationsAdapter, type GenerationsAdapterParts } from './generations-adapter.ts';
import { showAnswer } from './show-answer.ts';

/** System fonts: the board's own font comes from another site. */
const fonts = { 'font-sans': 'system-ui, sans-serif', 'font-mono': 'ui-monospace, monospace' };

export interface BoardParts extends GenerationsAdapterParts {
  readonly queues: readonly Queue[];
  /** The path at which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  readonly logger: Logger;
}

/** Builds the board as a fastify plugin, to be registered under `BOARD_PATH`. */
export function createBoard({ queues, path, logger, ...parts }: BoardParts): FastifyPluginCallback {
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(`${path}${BOARD_PATH}`);
  createBullBoard({
    queues: [new GenerationsAdapter(parts), ...queues.map(buildAdapter)],
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Darkroom',
        hideDocsLink: true,
        menu: { width: '200px' },
        theme: { light: fonts, dark: fonts },
        miscLinks: [
          { text: 'Darkroom', url: `${path}/` },
          { text: 'Metrics of this dashboard', url: `${path}/metrics` },
          { text: 'Is Redis there?', url: `${path}/readyz` },
        ],
      },
      handlerHooks: { after: showAnswer },
    },
  });
  serverAdapter.setErrorHandler((error) => {
    // such as a refused retry: the operator reads why
    if (error instanceof DarkroomError && !error.retryable)
      return { status: 409, body: { error: { key: 'ERRORS.CONFLICT' }, message: redactText(error.message) } };
    logger.warn({ err: error }, 'the board could not answer');
    return { status: 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message: redactText(describeErrorChain(error)) } };
  });
  return serverAdapter.registerPlugin();
}
