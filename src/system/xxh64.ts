import xxhash from 'xxhash-wasm';

/** A running xxh64 (seed 0). */
export interface Xxh64 {
  update(block: Uint8Array): void;
  /** 16 lower-case hexadecimal digits. The sum can go on afterwards. */
  digest(): string;
}

/** Compiles the hash once; the function it resolves to begins a new sum each time it is called. */
export async function loadXxh64(): Promise<() => Xxh64> {
  const { create64 } = await xxhash();
  return () => {
    const state = create64();
    return {
      update: (block) => void state.update(block),
      digest: () => state.digest().toString(16).padStart(16, '0'),
    };
  };
}
