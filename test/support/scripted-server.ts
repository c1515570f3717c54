import { type Duplex, duplexPair } from 'node:stream';

/** A request as it arrived: `body` is what follows the id (the version, for INIT). */
export interface ScriptedRequest {
  readonly type: number;
  readonly id: number;
  readonly body: Buffer;
}

/** Writes packets; lengths, types and ids by hand, so that they can be wrong. */
export function packet(type: number, ...fields: readonly (number | bigint | string | Buffer)[]): Buffer {
  const parts = fields.map((field) => {
    if (typeof field === 'number') return u32(field);
    if (typeof field === 'bigint') return u64(field);
    if (typeof field === 'string') return string(field);
    return field;
  });
  const body = Buffer.concat([Buffer.from([type]), ...parts]);
  return Buffer.concat([u32(body.length), body]);
}

export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

export function u64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer;
}

/** A string of the protocol, of Latin-1 bytes. */
export function string(latin1: string): Buffer {
  return Buffer.concat([u32(latin1.length), Buffer.from(latin1, 'latin1')]);
}

export const version = (...extensions: readonly string[]): Buffer => packet(2, 3, ...extensions);
export const status = (id: number, code: number, message = 'said so'): Buffer =>
  packet(101, id, code, message, 'en');

/** What a server answers to a request: bytes to send, or nothing. */
export type Script = (request: ScriptedRequest, server: ScriptedServer) => Buffer | undefined;

/** A server in this process that says whatever a test wants it to. */
export class ScriptedServer {
  /** What the client talks to. */
  readonly client: Duplex;
  readonly requests: ScriptedRequest[] = [];
  /** The pieces in which requests came. */
  readonly pieces: Buffer[] = [];
  readonly #side: Duplex;
  #begun = Buffer.alloc(0);

  constructor(script: Script) {
    const [client, side] = duplexPair();
    this.client = client;
    this.#side = side;
    side.on('error', () => {});
    side.on('data', (chunk: Buffer) => {
      this.pieces.push(chunk);
      this.#begun = Buffer.concat([this.#begun, chunk]);
      while (this.#begun.length >= 4 && this.#begun.length >= 4 + this.#begun.readUInt32BE(0)) {
        const end = 4 + this.#begun.readUInt32BE(0);
        const request = {
          type: this.#begun.readUInt8(4),
          id: this.#begun.readUInt32BE(5),
          body: this.#begun.subarray(9, end),
        };
        this.#begun = this.#begun.subarray(end);
        this.requests.push(request);
        const answer = script(request, this);
        if (answer !== undefined) this.say(answer);
      }
    });
  }

  say(bytes: Buffer): void {
    this.#side.write(bytes);
  }

  /** Ends the stream in good order. */
  hangUp(): void {
    this.#side.end();
  }
}
