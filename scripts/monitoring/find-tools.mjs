// Finds promtool and prometheus: those on PATH, or a private copy of Debian's package `prometheus`, unpacked without root.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ promtool: string, prometheus: string }} Tools */

const MISSING =
  'promtool and prometheus are needed to test the alarms: install them (apt-get install --no-install-recommends prometheus), or run where apt-get can download that package';

/** @param {string} command */
const doesRun = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** @param {string} folder @returns {Tools} */
const toolsIn = (folder) => ({ promtool: path.join(folder, 'usr/bin/promtool'), prometheus: path.join(folder, 'usr/bin/prometheus') });

/**
 * Finds the tools. A download is made once, into `.local/cache`, and touches nothing of the system.
 * @param {string} [cache]
 * @returns {Tools}
 * @throws Error with one sentence that says what to do.
 */
export function findTools(cache = path.resolve('.local/cache')) {
  if (doesRun('promtool') && doesRun('prometheus')) return { promtool: 'promtool', prometheus: 'prometheus' };
  const place = path.join(cache, `prometheus-debian-${process.arch}`);
  const kept = toolsIn(place);
  if (existsSync(place) && doesRun(kept.promtool)) return kept;
  mkdirSync(cache, { recursive: true });
  const workshop = mkdtempSync(path.join(cache, '.unpacking-prometheus-'));
  try {
    unpack(workshop);
    if (!doesRun(toolsIn(path.join(workshop, 'root')).promtool)) throw new Error(MISSING);
    // Another process may have been faster; its copy is as good.
    if (!existsSync(place)) renameSync(path.join(workshop, 'root'), place);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  return kept;
}

/** Downloads and unpacks the package into `workshop`/root, with lists and a cache of its own. @param {string} workshop */
function unpack(workshop) {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'root']) mkdirSync(path.join(workshop, folder), { recursive: true });
  const settings = [`Dir::State::lists=${workshop}/lists`, `Dir::Cache=${workshop}/cache`, 'Debug::NoLocking=1', 'APT::Sandbox::User='];
  const apt = ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
  /** @param {string} command @param {string[]} args */
  const run = (command, args) => {
    if (spawnSync(command, args, { cwd: workshop, stdio: 'ignore', timeout: 120_000 }).status !== 0) throw new Error(MISSING);
  };
  run('apt-get', [...apt, 'update']);
  run('apt-get', [...apt, 'download', 'prometheus']);
  for (const file of readdirSync(workshop).filter((name) => name.endsWith('.deb'))) run('dpkg-deb', ['-x', file, 'root']);
}
