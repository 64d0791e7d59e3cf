import { format } from 'node:util';
import { pino, stdTimeFunctions, type LoggerOptions as PinoOptions } from 'pino';
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
  const pinoOptions: PinoOptions = {
    name: options.name,
    level: options.level ?? 'info',
    base: { name: options.name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
      bindings: (bindings) => redactFields(bindings, redaction),
      log: (fields) => redactFields(fields, redaction),
    },
    // The fields are redacted as a whole above; pino's own serializer would describe an error a second time.
    serializers: { err: (error: unknown) => error },
    hooks: {
      logMethod(args, method) {
        const [first, ...rest] = args as unknown[]; // typed by pino for one of its overloads
        const [fields, words] = typeof first === 'object' && first !== null ? [first, rest] : [{}, [first, ...rest]];
        const bound = fields instanceof Error ? { err: fields } : fields;
        method.apply(this, [bound, redactText(words.length === 0 ? '' : format(...words), redaction)]);
      },
    },
  };
  return pino(pinoOptions, options.pretty === true ? prettyStream(stream) : stream);
}

/** Writes nothing: the default of libraries. */
export const silentLogger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const prettyStream = (stream: LogStream): LogStream => ({ write: (line) => stream.write(`${prettyLine(line)}\n`) });
