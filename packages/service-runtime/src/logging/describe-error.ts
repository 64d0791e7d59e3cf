import { format } from 'node:util';
import { boundText, DarkroomError } from '@darkroom/contracts';
import { redactText } from './redact-text.ts';

/** Fields of an error that are logged; others may hold whole requests (`command.args` of ioredis, `$response` of the AWS SDK). */
const wanted = ['code', 'retryable', 'reached', 'details', 'problems', 'status', 'statusCode', 'syscall', 'errno'] as const;

const MAX_CAUSES = 5;

/** Describes an error as fields: its class, its message, its stack, the fields of our own classes, and its causes. Not yet redacted. */
export function describeError(error: Error, depth = 0): Record<string, unknown> {
  const described: Record<string, unknown> = { type: error.name, message: error.message };
  for (const name of wanted) {
    const value: unknown = Reflect.get(error, name);
    if (value !== undefined) described[name] = value;
  }
  if (error.stack !== undefined) described['stack'] = error.stack;
  if (depth >= MAX_CAUSES) return described;
  const describeAny = (value: unknown): unknown => (value instanceof Error ? describeError(value, depth + 1) : value);
  if (error.cause !== undefined) described['cause'] = describeAny(error.cause);
  if (error instanceof AggregateError) described['errors'] = error.errors.map(describeAny);
  return described;
}

/** Writes an error and its causes on one line, for a terminal. Not yet redacted. */
export function describeErrorChain(error: unknown): string {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth <= MAX_CAUSES && current !== undefined && current !== null; depth += 1) {
    messages.push(current instanceof Error ? current.message || current.name : format('%s', current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages.join(': ');
}

const MAX_SHORT = 300;

/**
 * Explains an error in one short line for a probe or a log: the message of a DarkroomError, which is complete and holds no secret, or else
 * the messages of the chain, redacted.
 */
export function explainShortly(error: unknown): string {
  const text = error instanceof DarkroomError ? error.message : describeErrorChain(error);
  return redactText(boundText(text, MAX_SHORT).replaceAll(/\s+/g, ' '));
}
