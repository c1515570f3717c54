#!/usr/bin/env node
import module from 'node:module';
import { readVersion } from './version.ts';

const args = process.argv.slice(2);

if (args[0] === '--version' || args[0] === '-V') {
  // Answered before anything is loaded: scripts ask for it often.
  process.stdout.write(`${readVersion()}\n`);
} else {
  // Node 22 and newer keep compiled code between runs.
  if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function')
    module.enableCompileCache();
  const { run, statusOnceWritten } = await import('./program.ts');
  const { stopOnSignals } = await import('./signals.ts');
  const signal = stopOnSignals((status) => process.exit(status));
  const { stdout, stderr, env } = process;
  const surroundings = { stdout, stderr, env, signal };
  const status = await run(args, surroundings);
  await new Promise((written) => stdout.write('', written));
  process.exit(statusOnceWritten(status, surroundings));
}
