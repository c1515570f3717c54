import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const IMPORT = /(?:from |import\()['"]([^'"]+)['"]/g;

/** The packages that a declaration file and all it imports ask for. */
function packagesOf(file: string, seen: Set<string>): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    if (!specifier.startsWith('.')) packages.add(specifier);
    else {
      const next = resolve(dirname(file), specifier).replace(/\.[jt]s$/, '.d.ts');
      expect(existsSync(next)).toBe(true);
      for (const found of packagesOf(next, seen)) packages.add(found);
    }
  }
  return packages;
}

it.each(['index', 'sync/index', 'snapshot/index'])('the types of %s need no other package', (name) => {
  const seen = new Set<string>();
  const packages = [...packagesOf(resolve(DIST, `${name}.d.ts`), seen)];
  expect(packages.filter((specifier) => !specifier.startsWith('node:'))).toEqual([]);
  expect(seen.size).toBeGreaterThan(5);
});
