import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';
import { prettyLine } from './pretty-line.ts';
import { redactFields } from './redact-fields.ts';
import { redactText, type RedactOptions } from './redact-text.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** The logger that libraries accept. A message is constant; variable parts go into the fields, errors under `err`. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** The logger of a process, which can bind fields. */
export interface ProcessLogger extends Logger {
  /** Returns a logger that adds these fields to every line. */
  child(fields: LogFields): ProcessLogger;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** Name of the process, on every line. */
  readonly name: string;
  /** Lowest written level. Defaults to "info". */
  readonly level?: LogLevel;
  /** Writes one readable line instead of JSON, for a terminal. Defaults to false. */
  readonly pretty?: boolean;
  /** Writes prompts. Defaults to false. */
  readonly logPrompts?: boolean;
  /** Known secrets, removed from every text; those of a known form need not be named. */
  readonly secrets?: readonly string[];
}

/** Destination of lines, each of which ends in a line feed. */
export interface LogStream {
  write(line: string): void;
}

/**
 * Creates the logger of a process. It writes JSON lines with ISO times, without any key, capability, presigned URL or (unless switched on)
 * prompt (I8), in messages, fields, nested objects, errors and their causes.
 * @param stream Standard output by default.
 */
export function createLogger(options: LoggerOptions, stream: LogStream = pino.destination({ fd: 1, sync: true })): ProcessLogger {
  const redaction: RedactOptions = { keepPrompts: options.logPrompts ?? false, secrets: options.secrets ?? [] };
  const written = options.pretty === true ? prettyStream(stream) : stream;
  const root = pino(
    {
      base: { name: options.name },
      level: options.level ?? 'info',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are described and redacted with the other fields; pino's serializer would describe them once more.
      serializers: { err: (error: unknown) => error },
    },
    written,
  );
  return redacting(root, redaction);
}

const MOST_MESSAGES = 500;
const MAX_MESSAGE = 200;

/** Redacts everything before it reaches pino, because pino's own hooks do not see fields bound by `child`. */
function redacting(target: PinoLogger, redaction: RedactOptions): ProcessLogger {
  const redacted = (fields: LogFields) => redactFields(fields instanceof Error ? { err: fields } : fields, redaction);
  // A message is constant, so few are redacted, whatever the number of lines. Careless callers make it one of many.
  const messages = new Map<string, string>();
  const redactedMessage = (message: string): string => {
    const known = messages.get(message);
    if (known !== undefined) return known;
    const text = redactText(message, redaction);
    if (messages.size < MOST_MESSAGES && message.length <= MAX_MESSAGE) messages.set(message, text);
    return text;
  };
  const writeAt = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    if (target.isLevelEnabled(level)) target[level](redacted(fields), redactedMessage(message));
  };
  return {
    debug: writeAt('debug'),
    info: writeAt('info'),
    warn: writeAt('warn'),
    error: writeAt('error'),
    child: (fields) => redacting(target.child(redacted(fields)), redaction),
  };
}

/** Writes nothing: the default of libraries. */
export const silentLogger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const prettyStream = (stream: LogStream): LogStream => ({ write: (line) => stream.write(`${prettyLine(line)}\n`) });
