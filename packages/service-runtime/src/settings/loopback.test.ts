import { expect, test } from 'vitest';
import { isLoopbackUrl } from './loopback.ts';

test.each(['http://localhost:1/v1', 'http://127.0.0.1', 'redis://127.8.9.10:6379', 'http://[::1]:9000', 'http://127.1'])(
  '%s leads to this machine',
  (url) => expect(isLoopbackUrl(url)).toBe(true),
);

test.each(['https://api.runware.ai/v1', 'http://127.0.0.1.example.com', 'http://localhost.example.com', 'http://10.0.0.1', 'http://[::2]'])(
  '%s leads elsewhere',
  (url) => expect(isLoopbackUrl(url)).toBe(false),
);
