/** Cellarman as a library: the sync engine and the snapshots. */
export * from './snapshot/index.ts';
export * from './sync/index.ts';
