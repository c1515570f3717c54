import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['customers', 'orders', 'reports'];
const FILES_EACH = 100;
/** Old enough that no time stamp is in doubt. */
const DAY_AGO = Date.now() / 1000 - 86_400;

/** Some hundred files in three folders, and a symbolic link. */
export function plantSample(top: string): { readonly files: number; readonly bytes: number } {
  let bytes = 0;
  for (const folder of FOLDERS) {
    mkdirSync(join(top, folder), { recursive: true });
    for (let i = 1; i <= FILES_EACH; i++) {
      const path = join(top, folder, `${String(i).padStart(4, '0')}.csv`);
      const content = `${folder} ${i}\n`.repeat(i * 20);
      writeFileSync(path, content);
      utimesSync(path, DAY_AGO, DAY_AGO);
      bytes += content.length;
    }
  }
  symlinkSync('orders/0001.csv', join(top, 'latest'));
  return { files: FOLDERS.length * FILES_EACH, bytes };
}

/** Flips one bit in place. */
export function damage(path: string): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, 3);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(file, byte, 0, 1, 3);
  closeSync(file);
}
