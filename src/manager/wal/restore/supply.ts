/** A file of a WAL archive, as it is stored there. */
export interface FoundWal {
  /** A segment as far as it was received: what is missing at its end was never written. */
  readonly unfinished: boolean;
  /** In whatever compression. Ends in an error where not all of it came. To be read, or left early, exactly once. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Where WAL comes from. Several files may be read at a time. */
export interface WalSupply extends AsyncDisposable {
  /**
   * Undefined where the archive can be looked at and the file is not in it. Everything else that keeps a file from being
   * found is an error: who takes a connection that is lost for the end of the archive ends a recovery too early.
   */
  find(name: string, partial: boolean): Promise<FoundWal | undefined>;
}
