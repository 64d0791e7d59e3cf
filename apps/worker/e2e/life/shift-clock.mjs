// Loaded before a process. Each SIGUSR2 moves its clocks an hour ahead, so that a test can play a night.
const HOUR_MS = 3_600_000;
let aheadMs = 0;
const monotonic = performance.now.bind(performance);
const RealDate = Date;
performance.now = () => monotonic() + aheadMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, caller) => Reflect.construct(target, given.length === 0 ? [target.now() + aheadMs] : given, caller),
  get: (target, name) => (name === 'now' ? () => target.now() + aheadMs : Reflect.get(target, name)),
});
process.on('SIGUSR2', () => (aheadMs += HOUR_MS));
