import { aclRulesOf, redisRights } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { createLogger } from '@darkroom/service-runtime';
import { startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { createDashboard } from '../src/app.ts';
import { ACTS, startBrowser } from './browser.ts';

/** A user who may look alone. */
export const LOOKS = { username: 'look', password: 'only-for-the-eyes' };

/** Starts a Darkroom with a dashboard and a browser. */
export async function startWorld() {
  const fleet = await startFleet({ workers: 1 });
  const { redisUrl, prefix } = fleet;
  const producer = createProducer({ redisUrl, prefix });
  // With just the rights of its Redis user: a page that needs another one fails.
  const admin = new Redis(redisUrl);
  await admin.call('ACL', 'SETUSER', 'dashboard', 'reset', 'on', '>secret', ...aclRulesOf(redisRights.dashboard, prefix));
  admin.disconnect();
  let log = '';
  const dashboard = createDashboard(
    {
      redis: { url: redisUrl.replace('redis://', 'redis://dashboard:secret@'), prefix },
      access: { user: ACTS.username, password: ACTS.password, look: { user: LOOKS.username, password: LOOKS.password } },
      path: '/ops/darkroom',
      pages: { showPrompts: false },
      pictures: fleet.s3Config,
      log: { level: 'debug', logPrompts: false },
      listen: { host: '127.0.0.1', port: 0 },
    },
    { logger: createLogger({ name: 'test', level: 'debug' }, { write: (line) => (log += line) }) },
  );
  await dashboard.start();
  const browser = await startBrowser(`${dashboard.url()}/ops/darkroom`);
  return {
    fleet,
    producer,
    url: `${dashboard.url()}/ops/darkroom`,
    log: () => log,
    /** Asks as an operator, without a browser. */
    ask: (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string>; as?: typeof ACTS } = {}) =>
      fetch(`${dashboard.url()}/ops/darkroom${path}`, {
        redirect: 'manual',
        ...init,
        headers: { authorization: `Basic ${btoa(`${(init.as ?? ACTS).username}:${(init.as ?? ACTS).password}`)}`, ...init.headers },
      }),
    open: browser.open,
    async stop() {
      await browser.stop();
      await dashboard.stop();
      await producer.close();
      await fleet.stop();
    },
  };
}
