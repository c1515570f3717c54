import { createCipheriv } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Half a second: real trees have fractions, which SFTP cannot carry. Long ago: no file is racy. */
const BASE_TIME = 1_700_000_000.5;
const PER_DIRECTORY = 500;
const SMALL_SIZE = 8192;
const EVERY_HUNDREDTH = 100;

/** The data the scenarios work on; each tree is made when it is first asked for, with the same bytes in every run. */
export class Trees {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Files of 8 KiB, 500 to a directory. */
  small(files: number): string {
    return this.#make(`small-${files}`, (root) => makeFiles(root, files, SMALL_SIZE));
  }

  /** The same for `changeOnePercent`, which nobody else reads. */
  changing(files: number): string {
    return this.#make(`changing-${files}`, (root) => makeFiles(root, files, SMALL_SIZE));
  }

  /** Empty files, 500 to a directory. */
  empty(files: number): string {
    return this.#make(`empty-${files}`, (root) => makeFiles(root, files, 0));
  }

  /** Incompressible files. */
  big(files: number, bytes: number): string {
    return this.#make(`big-${files}-${bytes}`, (root) => {
      mkdirSync(root, { recursive: true });
      for (let index = 0; index < files; index++)
        writeBig(join(root, `${index}.bin`), index, bytes, BASE_TIME + index);
      utimesSync(root, BASE_TIME, BASE_TIME);
    });
  }

  /** A tree that is whole bears a mark beside it, so that kept ones are found again. */
  #make(name: string, make: (root: string) => void): string {
    const root = join(this.#root, name);
    const mark = `${root}.complete`;
    if (existsSync(mark)) return root;
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    make(root);
    writeFileSync(mark, '');
    return root;
  }
}

/** Gives every hundredth small file new content and a new time, at the same size; `version` tells the states apart. */
export function changeOnePercent(root: string, files: number, version: number): void {
  const block = noise(SMALL_SIZE, 1000 + version);
  for (let index = 0; index < files; index += EVERY_HUNDREDTH) {
    block.writeUInt32LE(index, 0);
    writeFile(fileName(root, index), block, BASE_TIME + 3600 * version);
  }
}

/** How many files `changeOnePercent` changes. */
export function onePercentOf(files: number): number {
  return Math.ceil(files / EVERY_HUNDREDTH);
}

function makeFiles(root: string, files: number, size: number): void {
  const pool = noise(1 << 20, 1);
  for (let index = 0; index < files; index++) {
    const path = fileName(root, index);
    if (index % PER_DIRECTORY === 0) mkdirSync(join(path, '..'), { recursive: true });
    const at = (index * 4099) % (pool.length - SMALL_SIZE);
    const block = pool.subarray(at, at + size);
    if (size > 0) block.writeUInt32LE(index, 0);
    writeFile(path, block, BASE_TIME + (index % 100_000));
    if (index % 10 === 0) chmodSync(path, 0o640);
  }
  for (let index = 0; index < files; index += PER_DIRECTORY)
    utimesSync(join(fileName(root, index), '..'), BASE_TIME, BASE_TIME);
  utimesSync(root, BASE_TIME, BASE_TIME);
}

function fileName(root: string, index: number): string {
  const directory = String(Math.floor(index / PER_DIRECTORY)).padStart(4, '0');
  return join(root, `d${directory}`, `file-${String(index).padStart(7, '0')}.dat`);
}

function writeFile(path: string, content: Buffer, time: number): void {
  const fd = openSync(path, 'w');
  if (content.length > 0) writeSync(fd, content);
  futimesSync(fd, time, time);
  closeSync(fd);
}

function writeBig(path: string, seed: number, bytes: number, time: number): void {
  const fd = openSync(path, 'w');
  const stream = keystream(seed);
  const zeros = Buffer.alloc(4 << 20);
  for (let left = bytes; left > 0; left -= zeros.length)
    writeSync(fd, stream.update(zeros.subarray(0, Math.min(left, zeros.length))));
  futimesSync(fd, time, time);
  closeSync(fd);
}

/** The keystream of AES in counter mode: random to every compressor, and the same in every run. */
function keystream(seed: number): ReturnType<typeof createCipheriv> {
  const key = Buffer.alloc(16, 'cellarman');
  const counter = Buffer.alloc(16);
  counter.writeUInt32BE(seed, 0);
  return createCipheriv('aes-128-ctr', key, counter);
}

/** Random to every compressor, and the same in every run. */
export function noise(bytes: number, seed: number): Buffer {
  return keystream(seed).update(Buffer.alloc(bytes));
}
