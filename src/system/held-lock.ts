/** A lock this process holds until it gives it back or ends. */
export interface HeldLock {
  /** Idempotent. */
  release(): void;
  [Symbol.dispose](): void;
}

export interface LockOptions {
  /** Wait for the other process to end; else reject with LOCKED. Default false. */
  readonly wait?: boolean;
  /** Any number of processes hold it so at once, while nobody holds it alone. Default false. */
  readonly shared?: boolean;
  /** Ends the waiting with ABORTED. */
  readonly signal?: AbortSignal | undefined;
}

export function heldLock(giveBack: () => void): HeldLock {
  let held = true;
  const release = (): void => {
    if (held) giveBack();
    held = false;
  };
  return { release, [Symbol.dispose]: release };
}
