import type { FastifyReply } from 'fastify';
import type { BrokenBody } from '../faults/schema.ts';

/** Time between two bytes of an endless answer: less than any limit on a silent connection. */
const TRICKLE_MS = 50;

/** Answers with the first half of a body, in one of the forms of `brokenBody`; status and content type are those of the reply. */
export function sendBroken(reply: FastifyReply, form: BrokenBody, whole: Buffer): FastifyReply {
  const half = whole.subarray(0, whole.length >> 1);
  if (form === 'truncated') return reply.send(half);
  const { raw } = reply;
  void reply.hijack();
  raw.writeHead(reply.statusCode, {
    'content-type': String(reply.getHeader('content-type')),
    ...(form === 'cut' && { 'content-length': whole.length }),
  });
  if (form !== 'endless') {
    raw.write(half, () => raw.socket?.destroySoon());
    return reply;
  }
  raw.write(half);
  const trickle = setInterval(() => raw.write(' '), TRICKLE_MS);
  raw.on('close', () => clearInterval(trickle));
  return reply;
}
