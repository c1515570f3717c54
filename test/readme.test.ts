import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'cellarman-readme-'));
});

afterEach(() => {
  rmSync(work, { recursive: true });
});

/** A project beside ours that has installed the package and holds the example. */
function plantExample(): string {
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  mkdirSync(join(work, 'node_modules', '@types'), { recursive: true });
  symlinkSync(root, join(work, 'node_modules', 'cellarman'));
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(work, 'node_modules', '@types', 'node'));
  writeFileSync(join(work, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(work, 'srv', 'data'), { recursive: true });
  mkdirSync(join(work, 'backup'));
  writeFileSync(join(work, 'srv', 'data', 'one'), 'hello');
  const file = join(work, 'example.ts');
  writeFileSync(file, example.replaceAll("'/srv", `'${work}/srv`).replaceAll("'/backup", `'${work}/backup`));
  return file;
}

const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

it('runs the example of the README as it stands', () => {
  const { stdout, stderr } = spawnSync(bin('tsx'), [plantExample()], { cwd: work, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^1 files, 5 bytes\n\d{8}T\d{6} is whole\n$/);
  expect(readFileSync(join(work, 'backup', 'data', 'one'), 'utf8')).toBe('hello');
});

it('compiles it under strict rules', () => {
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const { stdout } = spawnSync(bin('tsc'), [...flags, plantExample()], { cwd: work, encoding: 'utf8' });
  expect(stdout).toBe('');
});

it('gives the two commands that set the project up', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  for (const [, script = ''] of readme.matchAll(/npm ci && npm (?:run )?(\w+)/g))
    expect(scripts).toHaveProperty(script);
  expect([...readme.matchAll(/npm ci && npm (?:run )?(\w+)/g)].map(([, script]) => script)).toEqual([
    'demo',
    'test',
  ]);
});
