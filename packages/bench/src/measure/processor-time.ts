import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Ticks of the kernel's clock in a second; 100 on every Linux that Node runs on (man 5 proc, "USER_HZ"). */
const TICKS_PER_SECOND = 100;

/** Reads user and system time of a process, and those of the programs that it started and that have ended, in milliseconds. */
function readTimes(pid: number | 'self'): { ownMs: number; endedMs: number } {
  // The name of the program stands in brackets and may hold blanks; the times are the fields 14 to 17.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields
    .slice(11, 15)
    .map((ticks) => (Number(ticks) * 1000) / TICKS_PER_SECOND);
  return { ownMs: user + system, endedMs: endedUser + endedSystem };
}

/** Returns the processor time of a process since its start, user and system, all threads, in milliseconds. @throws without /proc */
export const readProcessorMs = (pid: number): number => readTimes(pid).ownMs;

/** Returns the processor time of all programs that this process started and that have ended, in milliseconds. */
export const readEndedChildrenMs = (): number => readTimes('self').endedMs;

/** The same of a process with those that it started. */
function readFamilyMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const { ownMs, endedMs } = readTimes(pid);
  return children.reduce((sum, child) => sum + readProcessorMs(Number(child)), ownMs + endedMs);
}

/** Parts of the engine, in the order of a chart; eraser and API have figures of their own. */
export const engineParts = ['worker', 'receiver', 'redis', 'postgres'];

/** True for a part of the engine: several workers are "worker", "worker-2" and so on. */
export const isEngine = (part: string): boolean => engineParts.some((each) => part.startsWith(each));

/** Returns the processor time of a part so far, in milliseconds. Postgres has a process for each connection. */
export const readPartMs = (part: string, pid: number): number => (part === 'postgres' ? readFamilyMs(pid) : readProcessorMs(pid));

/** Returns the processor time of all parts of the engine so far, in milliseconds. @param parts Process ids by part. */
export const readEngineMs = (parts: Readonly<Record<string, number>>): number =>
  Object.entries(parts).reduce((sum, [part, pid]) => sum + (isEngine(part) ? readPartMs(part, pid) : 0), 0);

const readMiB = (pid: number, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;

/** Returns the largest resident memory of a process so far, in MiB. */
export const readPeakMiB = (pid: number): number => readMiB(pid, 'VmHWM');

/** Returns the resident memory of a process, in MiB. */
export const readResidentMiB = (pid: number): number => readMiB(pid, 'VmRSS');

/** Returns the number of open sockets of a process. */
export const countSockets = (pid: number): number =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => readLink(`/proc/${pid}/fd/${fd}`).startsWith('socket:')).length;

/** Returns the target of a link; empty if it has gone meanwhile. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
