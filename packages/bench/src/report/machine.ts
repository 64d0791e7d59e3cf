import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { repositoryRoot } from '../repository-root.ts';

/** The machine and the versions of a run. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  commit: string;
  date: string;
  /** Load of the machine before the run, as the kernel counts it; more than a tenth says that something else ran. */
  loadBefore: number;
  /** Of libraries, and of servers as they are found. */
  versions: Record<string, string>;
}

/** Libraries whose versions decide the figures. */
const libraries = ['bullmq', 'ioredis', '@aws-sdk/client-s3', 'undici'];

/** Describes this machine. */
export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    commit: git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' and changes'),
    date: new Date().toISOString().slice(0, 10),
    loadBefore: loadavg()[0] ?? 0,
    versions: Object.fromEntries(libraries.map((name) => [name, versionOf(name)])),
  };
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Reads the version of a library from where this package finds it. */
function versionOf(name: string): string {
  const file = readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8');
  // The form of every package.json.
  return (JSON.parse(file) as { version: string }).version;
}
