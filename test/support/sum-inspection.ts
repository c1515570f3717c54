import type { OpenInspection } from '../../src/sync/lanes/inspection.ts';

/** Finds how many bytes and blocks a file has, and what its offsets were; files named as in `settings` do not interest it. */
const open: OpenInspection = (settings) => {
  return (path) => {
    if (path === settings) return undefined;
    let bytes = 0;
    let gap = false;
    return {
      block(block, offset) {
        gap ||= offset !== bytes;
        bytes += block.length;
      },
      finish: () => ({ bytes, gap }),
    };
  };
};

export default open;
