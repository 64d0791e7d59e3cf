import { fileURLToPath } from 'node:url';
import { eventually, startProgram, type Fleet } from '@darkroom/testing';
import { expect, onTestFinished } from 'vitest';

/** PGlite takes most of it to make its database, on a busy machine. */
const WITHIN_MS = 180_000;

/** A program of `examples/` as a process of its own. It does not outlive its test. */
export interface ExampleProgram {
  /** Returns everything that it has printed. */
  output(): string;
  /** Waits until it prints this. @returns the first group. */
  untilItPrints(pattern: RegExp): Promise<string>;
  kill(): Promise<void>;
  /** Sends SIGTERM. @returns its exit code. */
  stop(): Promise<number | null>;
  /** Resolves with the kind of its end. */
  readonly ended: Promise<string>;
}

/** Returns the variables that `npm start` prints. */
export const environmentBeside = ({ redisUrl, s3Config: { endpoint, credentials } }: Fleet): Record<string, string> => ({
  REDIS_URL: redisUrl,
  S3_ENDPOINT: endpoint,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});

/** Starts a program with nothing but an environment, as a person at a terminal does. @param file Its path below `examples/`. */
export function startExample(file: string, args: readonly string[], environment: Readonly<Record<string, string>>): ExampleProgram {
  const path = fileURLToPath(new URL(`../../../examples/${file}`, import.meta.url));
  const program = startProgram({ name: file, args: [path, ...args], environment });
  onTestFinished(() => program.kill());
  return {
    output: program.output,
    untilItPrints: (pattern) =>
      eventually(
        () => {
          if (!program.isRunning() && !pattern.test(program.output())) throw program.failure(`ended before it printed ${String(pattern)}`);
          expect(program.output()).toMatch(pattern);
          return pattern.exec(program.output())?.[1] ?? '';
        },
        { withinMs: WITHIN_MS },
      ),
    kill: program.kill,
    stop: () => program.stop(WITHIN_MS),
    ended: program.ended,
  };
}
