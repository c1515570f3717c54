import { type ByteString, toText } from '../../system/byte-string.ts';
import { failure } from '../../system/errors.ts';
import { flushFileSystem } from '../../system/flush-file-system.ts';
import { identify } from '../../system/process-identity.ts';
import type { Flusher } from './flusher.ts';

/** Undefined where this machine has no such `sync` program. `directory`: any that will be flushed. @throws IO */
export async function localFlusher(directory: ByteString): Promise<Flusher | undefined> {
  if (!(await flushFileSystem(directory))) return undefined;
  return {
    boot: identify(process.pid).boot,
    async flush(directories) {
      for (const each of directories) {
        if (await flushFileSystem(each)) continue;
        throw failure('IO', { path: toText(each), detail: 'the program sync is not there any more' });
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}
