import xxhash, { type XXHashAPI } from 'xxhash-wasm';

/** A running xxh64 (seed 0). */
export interface Xxh64 {
  update(block: Uint8Array): void;
  /** 16 lower-case hexadecimal digits. The sum can go on afterwards. */
  digest(): string;
}

/** One for each thread: every instance of a WebAssembly module takes gigabytes of address space. */
let loading: Promise<XXHashAPI> | undefined;

/** Compiles the hash; the function it resolves to begins a new sum each time it is called. */
export async function loadXxh64(): Promise<() => Xxh64> {
  loading ??= xxhash();
  const { create64 } = await loading;
  return () => {
    const state = create64();
    return {
      update: (block) => void state.update(block),
      digest: () => hexadecimal(state.digest()),
    };
  };
}

/** Compiles the hash; the function it resolves to gives the sum of content that is there already, as `digest` does. */
export async function loadXxh64Of(): Promise<(blocks: readonly Uint8Array[]) => string> {
  loading ??= xxhash();
  const { create64, h64Raw } = await loading;
  return (blocks) => {
    // In one call where it is in one piece, which costs half as much.
    if (blocks.length === 1) return hexadecimal(h64Raw(blocks[0] as Uint8Array));
    const state = create64();
    for (const block of blocks) state.update(block);
    return hexadecimal(state.digest());
  };
}

const hexadecimal = (sum: bigint): string => sum.toString(16).padStart(16, '0');
