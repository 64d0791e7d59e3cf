/** Meanings of the names in `process.getActiveResourcesInfo()`, for the reader of a failed run. */
const MEANINGS: Readonly<Record<string, string>> = {
  TCPServerWrap: 'listening server',
  TCPSocketWrap: 'socket',
  TLSWrap: 'TLS socket',
  UDPWrap: 'UDP socket',
  PipeWrap: 'pipe',
  ProcessWrap: 'child process',
  Timeout: 'timer',
  Immediate: 'immediate',
  FSEventWrap: 'file watcher',
  MessagePort: 'message port',
  Worker: 'worker thread',
};

/** Returns the number of additional active resources of each kind. */
function findLeaks(before: readonly string[], after: readonly string[]): Map<string, number> {
  const leaks = new Map<string, number>();
  for (const kind of new Set(after)) {
    const more = countOf(kind, after) - countOf(kind, before);
    if (more > 0) leaks.set(kind, more);
  }
  return leaks;
}

const countOf = (kind: string, all: readonly string[]): number => all.filter((each) => each === kind).length;

/** Formats leaks: "1 listening server (TCPServerWrap), 2 timer (Timeout)". */
export const describeLeaks = (leaks: ReadonlyMap<string, number>): string =>
  [...leaks].map(([kind, count]) => `${count} ${MEANINGS[kind] ?? 'resource'} (${kind})`).join(', ');

/** Source of the counts, and the time for them to fall. */
export interface LeakWatch {
  readonly active: () => readonly string[];
  readonly wait: () => Promise<void>;
  readonly now: () => number;
  readonly limitMs: number;
}

/** Counts until no additional resource is open. @returns the additional ones at the limit. */
export async function waitForNoLeaks(before: readonly string[], { active, wait, now, limitMs }: LeakWatch): Promise<Map<string, number>> {
  const deadline = now() + limitMs;
  for (;;) {
    const leaks = findLeaks(before, active());
    if (leaks.size === 0 || now() >= deadline) return leaks;
    await wait();
  }
}
