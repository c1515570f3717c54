// Joins the program's modules into few files: start-up goes into finding and linking modules, not into running them.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Modules that are loaded by address, `new URL('./NAME.js', import.meta.url)`: they stand beside every chunk, as main does. */
const byAddress = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) =>
  /(-worker|-inspection|helper-process)\.ts$/.test(path),
);

await build({
  entryPoints: [
    { in: 'src/cli/main.ts', out: 'cli/main' },
    ...byAddress.map((path) => ({ in: join('src', path), out: join('cli', basename(path, '.ts')) })),
  ],
  outdir: 'dist',
  chunkNames: 'cli/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});
