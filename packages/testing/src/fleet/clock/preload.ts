import { CLOCK_VARIABLE } from './shift-clock.ts';

/** Loaded into a process before its own code (`node --import`): its clock is wrong by so many milliseconds. */

const offsetMs = Number(process.env[CLOCK_VARIABLE] ?? 0);
const TrueDate = Date;

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, words: unknown[], newTarget): object =>
    Reflect.construct(target, words.length === 0 ? [TrueDate.now() + offsetMs] : words, newTarget) as object, // a Date
  apply: () => new Date().toString(),
  get: (target, name): unknown => (name === 'now' ? () => TrueDate.now() + offsetMs : Reflect.get(target, name)),
});
