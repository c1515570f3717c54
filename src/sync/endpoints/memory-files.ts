import { failure } from '../../system/errors.ts';
import type { ReadFile, WriteFile } from '../endpoint.ts';
import type { Attributes, Entry } from '../entry.ts';
import type { MemoryNode } from './memory-node.ts';

/** Small, so that even short files of a test come in several blocks. */
const BLOCK = 1024;

export function memoryReadFile(node: MemoryNode, stat: () => Entry): ReadFile {
  return {
    async stat() {
      return stat();
    },
    async *read(start, end) {
      // One buffer for all blocks, as a real endpoint has it: who keeps a block too long shall notice.
      const buffer = Buffer.alloc(BLOCK);
      for (let position = start; position < Math.min(end, node.content.length); position += BLOCK) {
        const length = node.content.copy(buffer, 0, position, Math.min(end, position + BLOCK));
        yield buffer.subarray(0, length);
      }
    },
    async close() {},
  };
}

export function memoryWriteFile(node: MemoryNode, path: string): WriteFile {
  let open = true;
  const use = (): MemoryNode => {
    if (!open) throw failure('INTERNAL', { detail: `${path} is used after it was closed` });
    return node;
  };
  return {
    async write(block) {
      use().append(block);
    },
    async setAttributes(attributes: Attributes) {
      use().set(attributes);
    },
    async sync() {
      use();
    },
    async close() {
      open = false;
    },
  };
}
