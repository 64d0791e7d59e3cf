import { pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';
import { prettyLine } from './pretty-line.ts';
import { redactFields } from './redact-fields.ts';
import { redactText, type RedactOptions } from './redact-text.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** What libraries accept. A message is a constant; what varies goes into the fields, errors under `err`. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** What a process has: a logger that can bind fields. */
export interface ProcessLogger extends Logger {
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): ProcessLogger;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** The name of the process, on every line. */
  readonly name: string;
  /** Lines below it are not written. Defaults to "info". */
  readonly level?: LogLevel;
  /** One readable line instead of JSON, for a terminal. Defaults to false. */
  readonly pretty?: boolean;
  /** Writes prompts. Defaults to false. */
  readonly logPrompts?: boolean;
  /** Secrets that are known as such, removed wherever they stand; those with a known shape need not be named. */
  readonly secrets?: readonly string[];
}

/** Where lines go: each ends in a line feed. */
export interface LogStream {
  write(line: string): void;
}

/**
 * Creates the logger of a process: JSON lines with ISO times, in which no key, capability, presigned URL or (unless switched
 * on) prompt can be read, wherever it stands (I8): in a message, a field, a nested object, an error or its causes.
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

/** Nothing reaches pino that was not redacted: pino's own hooks do not see what is bound by `child`. */
function redacting(target: PinoLogger, redaction: RedactOptions): ProcessLogger {
  const redacted = (fields: LogFields) => redactFields(fields instanceof Error ? { err: fields } : fields, redaction);
  const writeAt = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    if (target.isLevelEnabled(level)) target[level](redacted(fields), redactText(message, redaction));
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
