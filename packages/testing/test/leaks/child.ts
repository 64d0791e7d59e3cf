import { spawn } from 'node:child_process';
import { test } from 'vitest';

test('leaves a child process running', () => {
  // It ends by itself when the worker that holds its input is gone.
  spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
});
