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
      digest: () => state.digest().toString(16).padStart(16, '0'),
    };
  };
}
