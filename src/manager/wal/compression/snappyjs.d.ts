declare module 'snappyjs' {
  export function compress(content: Buffer): Buffer;
  /** Throws where the content is damaged or longer than `most`. */
  export function uncompress(compressed: Buffer, most?: number): Buffer;
}
