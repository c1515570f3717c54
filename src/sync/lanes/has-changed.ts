import type { Entry } from '../entry.ts';

/** Whether the open file is no longer what the listing said. */
export function hasChanged(listed: Entry, now: Entry): boolean {
  return (
    listed.size !== now.size ||
    listed.mtime !== now.mtime ||
    (listed.identity !== undefined && listed.identity.changed !== now.identity?.changed)
  );
}
