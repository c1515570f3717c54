// Joins the program's modules into few files: start-up goes into finding and linking modules, not into running them.
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Modules that are loaded by address, `new URL('./NAME.js', import.meta.url)`: they stand beside every chunk, as main does. */
const byAddress = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) =>
  /(-worker|-inspection|helper-process)\.ts$/.test(path),
);

/** Every command needs it, and its own files take longer to find than to run. The others are loaded by few, or late. */
const JOINED = 'commander';
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

await build({
  entryPoints: [
    { in: 'src/cli/main.ts', out: 'cli/main' },
    ...byAddress.map((path) => ({ in: join('src', path), out: join('cli', basename(path, '.ts')) })),
  ],
  outdir: 'dist',
  chunkNames: 'cli/[name]-[hash]',
  bundle: true,
  splitting: true,
  external: Object.keys(dependencies).filter((name) => name !== JOINED),
  // It is a CommonJS module, which asks for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
  },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});

// Threads begin with a CommonJS file, which imports the module beside it.
copyFileSync('dist/sync/workers/lane-entry.cjs', 'dist/cli/lane-entry.cjs');
