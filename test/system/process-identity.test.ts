import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identify, isDead } from '../../src/system/process-identity.ts';

const me = identify(process.pid);

test('a process that lives is not dead', () => {
  expect(isDead(me)).toBe(false);
});

test('a process that has ended is dead', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const identity = identify(child.pid ?? 0);
  expect(isDead(identity)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isDead(identity)).toBe(true);
});

test('a process whose number has another one now is dead', () => {
  expect(isDead({ ...me, start: '1' })).toBe(true);
});

test('a process from before the last boot is dead', () => {
  expect(isDead({ ...me, boot: 'another' })).toBe(true);
});

test('a process that cannot be seen from here counts as living', () => {
  expect(isDead({ ...me, host: 'elsewhere', boot: 'another', start: '1' })).toBe(false);
  expect(isDead({ ...me, space: 'pid:[1]', start: '1' })).toBe(false);
});

test.runIf(process.platform === 'linux')('everything is known where there is a /proc', () => {
  expect(Object.values(me)).not.toContain(undefined);
  expect(Number(me.start)).toBeGreaterThan(0);
});
