// A process as apps start it: argv[2] says how its service behaves. It tells its parent what happens, one word a line.
import { createServer } from 'node:net';
import { ConfigError } from '@darkroom/contracts';
import { launch } from '@darkroom/service-runtime/launch';
// The compiled file alone: the whole package loads an HTTP server and a Redis client, half a second for each of these processes.
import { runUntilSignal } from '../../dist/run-until-signal.js';

const [behaviour = '', drainMs] = process.argv.slice(2);
/** @param {string} word */
const say = (word) => {
  process.stdout.write(`${word}\n`);
};
/** @param {AbortSignal | undefined} signal */
const until = (signal) => new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));

/** @type {Record<string, () => Promise<import('@darkroom/service-runtime').Service>>} */
const behaviours = {
  async orderly() {
    const server = createServer().listen(0, '127.0.0.1');
    say('started');
    return { stop: async () => void (say('stop'), server.close()) };
  },
  async 'wrong-settings'() {
    throw new ConfigError([
      { path: 'REDIS_URL', message: 'is missing, and must be a URL' },
      { path: 'PORT', message: 'must be a whole number', given: '"http"' },
    ]);
  },
  async 'no-start'() {
    throw new Error('cannot listen', { cause: new Error('port taken, see redis://user:hunter22@127.0.0.1') });
  },
  async 'endless-start'() {
    const server = createServer().listen(0, '127.0.0.1');
    return {
      start: () => new Promise(() => say('started')),
      stop: async () => void (say('stop'), server.close()),
    };
  },
  async 'failed-start'() {
    const server = createServer().listen(0, '127.0.0.1');
    return {
      start: () => Promise.reject(new Error('cannot do without a bucket')),
      stop: async () => void (say('stop'), server.close()),
    };
  },
  async noisy() {
    const server = createServer().listen(0, '127.0.0.1');
    return {
      async start() {
        /* oxlint-disable no-console -- as libraries do */
        console.log('printed %d', 1);
        console.warn('IMPORTANT! printed');
        console.error(new Error('printed error'));
        /* oxlint-enable no-console */
        process.emitWarning('old', 'DeprecationWarning', 'DEP0');
        await new Promise((resolve) => setImmediate(resolve));
        server.close();
        void Promise.reject(new Error('that reached no caller'));
      },
      stop: async () => say('stop'),
    };
  },
  async 'slow-stop'() {
    const server = createServer().listen(0, '127.0.0.1');
    say('started');
    return {
      async stop(hurry) {
        say('stop');
        await until(hurry);
        say('hurry');
        server.close();
      },
    };
  },
  async 'stuck-stop'() {
    createServer().listen(0, '127.0.0.1');
    say('started');
    return { stop: () => new Promise(() => say('stop')) };
  },
  async 'left-open'() {
    createServer().listen(0, '127.0.0.1');
    say('started');
    return { stop: async () => say('stop') };
  },
  async 'failed-stop'() {
    const server = createServer().listen(0, '127.0.0.1');
    say('started');
    return {
      async stop() {
        server.close();
        throw new Error('cannot close');
      },
    };
  },
};

const start = behaviours[behaviour];
if (start === undefined) throw new Error(`no such behaviour: "${behaviour}"`);
await launch(async () => ({ run: (signals) => runUntilSignal(start, { name: 'test', signals, drainMs: Number(drainMs), hurryMs: 300 }) }));
