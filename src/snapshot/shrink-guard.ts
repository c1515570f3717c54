/**
 * Whether a source has lost so much since the last snapshot that it is more likely not there (unmounted, emptied by
 * accident) than meant: everything, or more than half of its entries.
 */
export function hasShrunk(entriesBefore: number, entriesNow: number): boolean {
  return entriesBefore > 0 && (entriesNow === 0 || entriesNow * 2 < entriesBefore);
}
