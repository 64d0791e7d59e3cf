/** Carries what is wrong with a value on the command line. */
export class WrongValue extends Error {
  readonly problems: readonly string[];
  constructor(...problems: string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Option of a command. Its name on the command line follows from its key: `dataDir` is `--data-dir`. */
export interface Option<Value> {
  /** Says in a line what the option does, and what holds without it. */
  readonly what: string;
  /** Stands for the value in the help, such as "amount"; absent for an option without a value. */
  readonly placeholder?: string;
  /** One letter that stands for the name. */
  readonly short?: string;
  readonly isRepeatable?: true;
  /** Allowed values, for the help and for completion. */
  readonly choices?: readonly string[];
  /** Reads the values as typed, in their order. @param name As typed, such as "--data-dir". @throws WrongValue */
  read(texts: readonly string[], name: string): Value;
}

/** Words of a command that follow its name. */
export interface Argument<Value> {
  readonly what: string;
  readonly isOptional?: true;
  /** Takes all words that are left. */
  readonly isVariadic?: true;
  readonly choices?: readonly string[];
  /** @throws WrongValue */
  read(texts: readonly string[], name: string): Value;
}

/** Reads one value as typed. @throws WrongValue */
export type Reader<Value> = (text: string, name: string) => Value;

interface Form {
  short?: string;
  choices?: readonly string[];
}

/** Makes an option without a value. */
export const flag = (what: string, form: Form = {}): Option<boolean> => ({ ...form, what, read: (texts) => texts.length > 0 });

/** Makes an option with a value. */
export const option = <Value>(placeholder: string, what: string, read: Reader<Value>, form: Form = {}): Option<Value | undefined> => ({
  ...form,
  what,
  placeholder,
  read: ([text], name) => (text === undefined ? undefined : read(text, name)),
});

/** Makes an option with a value that holds when it is absent. */
export const optionOr = <Value>(
  otherwise: Value,
  placeholder: string,
  what: string,
  read: Reader<Value>,
  form: Form = {},
): Option<Value> => ({
  ...form,
  what,
  placeholder,
  read: ([text], name) => (text === undefined ? otherwise : read(text, name)),
});

/** Makes an option that must be given. @param why Follows the name in the message about its absence. */
export const needed = <Value>(placeholder: string, what: string, why: string, read: Reader<Value>): Option<Value> => ({
  what: `${what}; must be given`,
  placeholder,
  read([text], name) {
    if (text === undefined) throw new WrongValue(`${name} is missing: ${why}`);
    return read(text, name);
  },
});

/** Makes an option that may be given several times. */
export const options = <Value>(placeholder: string, what: string, read: Reader<Value>, form: Form = {}): Option<Value[]> => ({
  ...form,
  what: `${what}; may be given several times`,
  placeholder,
  isRepeatable: true,
  read: (texts, name) => texts.map((text) => read(text, name)),
});

/** Makes a word that must be given. */
export const argument = <Value>(what: string, read: Reader<Value>, form: Form = {}): Argument<Value> => ({
  ...form,
  what,
  read: ([text = ''], name) => read(text, name),
});

/** Makes a word that may be absent. */
export const optionalArgument = <Value>(what: string, read: Reader<Value>, form: Form = {}): Argument<Value | undefined> => ({
  ...form,
  what,
  isOptional: true,
  read: ([text], name) => (text === undefined ? undefined : read(text, name)),
});

/** Makes a list of words that may be empty. */
export const argumentsLeft = <Value>(what: string, read: Reader<Value>): Argument<Value[]> => ({
  what,
  isOptional: true,
  isVariadic: true,
  read: (texts, name) => texts.map((text) => read(text, name)),
});

/** Returns the name of an option on the command line. @param key Such as "dataDir". */
export const longOf = (key: string): string => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
