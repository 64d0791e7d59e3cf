import { isIP } from 'node:net';
import { withoutBrackets } from '@darkroom/contracts';
import { z } from 'zod';
import { formed, wholeNumber } from './variables.ts';

/** `HOST` (this machine alone unless set) and `PORT`. @param defaultPort Each process that listens has its own; 0 is any free one. */
export const listenSettings = (defaultPort: number) =>
  z
    .object({
      HOST: formed('a host name or address to listen on', findHostProblem).default('127.0.0.1'),
      PORT: wholeNumber(0, 65_535).default(defaultPort),
    })
    .transform((env) => ({ host: withoutBrackets(env.HOST), port: env.PORT }));
export type ListenSettings = z.output<ReturnType<typeof listenSettings>>;

/** Says what is wrong with a host to listen on; it is not repeated. @returns undefined when nothing is wrong */
function findHostProblem(host: string): string | undefined {
  if (isIP(withoutBrackets(host)) !== 0) return undefined;
  if (/[\s\p{Cc}]/u.test(host)) return 'has a blank or line break in it';
  if (/[/@?#]/.test(host)) return 'is an address with more than a host';
  if (/:\d*$/.test(host)) return 'has a port in it, which is a setting of its own (PORT)';
  if (host === '*') return 'is none (every address of this machine is 0.0.0.0 or ::)';
  return /^[a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_.])?$/i.test(host) ? undefined : 'has a sign in it that no host has';
}
