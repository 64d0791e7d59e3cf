import { z } from 'zod';
import { text, wholeNumber } from './variables.ts';

/** `HOST` (this machine alone unless set) and `PORT`. @param defaultPort Each process that listens has its own; 0 is any free one. */
export const listenSettings = (defaultPort: number) =>
  z
    .object({ HOST: text('a host name or address to listen on').default('127.0.0.1'), PORT: wholeNumber(0, 65_535).default(defaultPort) })
    .transform((env) => ({ host: env.HOST, port: env.PORT }));
export type ListenSettings = z.output<ReturnType<typeof listenSettings>>;
