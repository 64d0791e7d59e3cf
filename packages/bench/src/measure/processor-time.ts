import { readFileSync } from 'node:fs';

/** Ticks of the kernel's clock in a second; 100 on every Linux that Node runs on (man 5 proc, "USER_HZ"). */
const TICKS_PER_SECOND = 100;

/** Returns the processor time of a process since its start, user and system, all threads, in milliseconds. @throws without /proc */
export function readProcessorMs(pid: number): number {
  // The name of the program stands in brackets and may hold blanks; utime and stime are the 14th and 15th field.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Returns the largest resident memory of a process so far, in MiB. */
export function readPeakMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;
}
