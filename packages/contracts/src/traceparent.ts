import { describeGiven } from './models/given.ts';
import type { Problem } from './problems.ts';

/** Version 00 of W3C Trace Context, "traceparent Header": no other version exists, and ids of zeros are invalid. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Returns the problem of a `traceparent`. */
export const traceparentProblems = (path: string, value: unknown): Problem[] =>
  typeof value === 'string' && TRACEPARENT.test(value)
    ? []
    : [
        {
          path,
          message:
            'must be a traceparent of W3C Trace Context: "00-", 32 and "-" 16 and "-" 2 hexadecimal digits in lower case, neither id all zeros',
          given: describeGiven(value),
        },
      ];

/** Returns the id of the trace that a `traceparent` belongs to; undefined for a text that is none. */
export const traceIdOf = (traceparent: string | undefined): string | undefined => TRACEPARENT.exec(traceparent ?? '')?.[1];
