/** Where a manifest comes from: any stream of blocks. A block is used only until the next one is asked for. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Where a manifest goes: an endpoint's `WriteFile` is one. Syncing, closing and renaming are the caller's. */
export interface ByteSink {
  /** The block may be reused once the promise has settled. One call at a time. */
  write(block: Uint8Array): Promise<void>;
}
