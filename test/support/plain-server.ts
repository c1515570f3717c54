import { Duplex } from 'node:stream';

/** VERSION 3 without any extension, as servers other than OpenSSH's send it. */
const VERSION = Buffer.from([0, 0, 0, 5, 2, 0, 0, 0, 3]);

/** A server's stream whose VERSION announces no extension; everything else passes as it is. */
export function withoutExtensions(server: Duplex): Duplex {
  let begun = Buffer.alloc(0);
  let replaced = false;
  const stream = new Duplex({
    read: () => server.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (server.write(chunk)) done();
      else server.once('drain', done);
    },
    final: (done) => server.end(done),
    destroy: (error, done) => {
      server.destroy();
      done(error);
    },
  });
  server.on('data', (chunk: Buffer) => {
    let rest = chunk;
    if (!replaced) {
      begun = Buffer.concat([begun, chunk]);
      if (begun.length < 4 || begun.length < 4 + begun.readUInt32BE(0)) return;
      rest = Buffer.concat([VERSION, begun.subarray(4 + begun.readUInt32BE(0))]);
      replaced = true;
    }
    if (!stream.push(rest)) server.pause();
  });
  server.on('end', () => stream.push(null));
  server.on('error', (error) => stream.destroy(error));
  return stream;
}
