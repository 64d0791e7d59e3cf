import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

// Loaded into a process before its own code (`node --import`): profiles it until it exits. Its address names the file to write: `?to=<path>`.

const file = new URL(import.meta.url).searchParams.get('to') ?? 'worker.cpuprofile';
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
process.on('exit', () => {
  // Answered before `post` returns: both sides are this thread.
  session.post('Profiler.stop', (_error, { profile }) => writeFileSync(file, JSON.stringify(profile)));
});
