import type { FastifyRequest } from 'fastify';

/** A user of the dashboard. */
export interface Visitor {
  readonly user: string;
  /** A visitor who may only look changes nothing. */
  readonly role: 'look' | 'act';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the login; null before it. */
    visitor: Visitor | null;
  }
}

export const mayAct = ({ visitor }: FastifyRequest): boolean => visitor?.role === 'act';
