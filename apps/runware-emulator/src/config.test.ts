import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

test('with an empty environment the emulator listens on loopback', () => {
  expect(loadConfig({ PORT: '', FAULTS: '' })).toEqual({
    host: '127.0.0.1',
    port: 8787,
    apiKey: 'emulator',
    seed: '1',
    directory: '.local/runware-emulator',
    faults: {},
  });
});

test('every setting is read', () => {
  const environment = {
    HOST: '0.0.0.0',
    PORT: '0',
    EMULATOR_API_KEY: 'k',
    EMULATOR_SEED: 's',
    EMULATOR_DIR: '/d',
    EMULATOR_PUBLIC_URL: 'http://emulator:8787/',
    FAULTS: '{"uploadNeverRate":0.5}',
  };
  const faults = { uploadNeverRate: 0.5 };
  expect(loadConfig(environment)).toEqual({
    host: '0.0.0.0',
    port: 0,
    apiKey: 'k',
    seed: 's',
    directory: '/d',
    publicUrl: 'http://emulator:8787',
    faults,
  });
});

test('all wrong settings are reported at once', () => {
  expect(() => loadConfig({ PORT: 'x', EMULATOR_PUBLIC_URL: 'ftp://x', FAULTS: '{"nonsense":1}' })).toThrow(
    /PORT[^]*EMULATOR_PUBLIC_URL[^]*nonsense/,
  );
  expect(() => loadConfig({ FAULTS: '{' })).toThrow('must be a JSON object');
});
