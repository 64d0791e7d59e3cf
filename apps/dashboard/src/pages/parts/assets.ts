import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#7a1f1f"/><circle cx="8" cy="8" r="4" fill="#ffd7a8"/></svg>';

const assets = {
  style: { text: STYLE, ending: 'css', type: 'text/css; charset=utf-8' },
  script: { text: SCRIPT, ending: 'js', type: 'text/javascript; charset=utf-8' },
  icon: { text: ICON, ending: 'svg', type: 'image/svg+xml' },
} as const;

const pathOf = (name: keyof typeof assets): string =>
  `assets/${name}-${createHash('sha256').update(assets[name].text).digest('hex').slice(0, 12)}.${assets[name].ending}`;

/** Paths of the files that pages load. They hold a digest of the file, so a browser may keep it for good. */
export const assetPaths = { style: pathOf('style'), script: pathOf('script'), icon: pathOf('icon') };

/** Adds the routes of these files. */
export function addAssets(server: FastifyInstance): void {
  for (const name of Object.keys(assets) as (keyof typeof assets)[]) {
    server.get(`/${assetPaths[name]}`, async (_request, reply) =>
      reply.type(assets[name].type).header('cache-control', 'private, max-age=31536000, immutable').send(assets[name].text),
    );
  }
}
