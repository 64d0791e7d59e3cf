import { readdir, readFile } from 'node:fs/promises';

/**
 * Finds the processes with `mark` in their first environment: all that a run started, also those whose parent is gone. It reads
 * `/proc`, and finds none on a system without it (macOS, Windows).
 */
export async function findMarkedProcesses(mark: string): Promise<RunProcess[]> {
  const names = await readdir('/proc').catch(() => []);
  const found = names.filter((name) => /^\d+$/.test(name)).map((name) => readMarked(Number(name), mark));
  return (await Promise.all(found)).filter((process) => process !== undefined);
}

export interface RunProcess {
  readonly pid: number;
  readonly commandLine: string;
}

async function readMarked(pid: number, mark: string): Promise<RunProcess | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (!environment.split('\0').includes(mark)) return undefined;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim();
    return { pid, commandLine };
  } catch {
    // The process has ended meanwhile, or belongs to another user.
    return undefined;
  }
}
