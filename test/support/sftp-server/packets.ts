/** Cuts a byte stream of requests into packets, without their length words. */
export class PacketCutter {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const packets: Buffer[] = [];
    let at = 0;
    while (this.#rest.length - at >= 4) {
      const end = at + 4 + this.#rest.readUInt32BE(at);
      if (end > this.#rest.length) break;
      packets.push(this.#rest.subarray(at + 4, end));
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
    return packets;
  }
}
