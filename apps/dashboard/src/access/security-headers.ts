import type { FastifyReply, FastifyRequest } from 'fastify';
import { BOARD_PATH } from '../board/board-path.ts';

/** Sources of our own pages: their files, and requests to themselves. No inline style or script. */
const ownPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The board is one page with its own scripts, styles and images. It needs inline styles; its font of another site is not loaded. */
const boardPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. No page may frame it, and no cache may keep what it shows, but for files that never change. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // With "no-referrer" a browser names no origin on a form of our own, and refuse-other-sites.ts could not know it.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Adds the headers to every answer, also those of Bull Board and fastify. */
export async function addSecurityHeaders(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const isBoard = request.routeOptions.url?.startsWith(BOARD_PATH) === true;
  void reply.headers({ ...headers, 'content-security-policy': isBoard ? boardPolicy : ownPolicy });
  if (reply.getHeader('cache-control') === undefined || isBoard) void reply.header('cache-control', 'no-store');
}
