import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RelayStream } from '../../src/ssh/transports/relay-stream.ts';

const nothing = (): void => {};

describe('a stream over the halves of a channel', () => {
  it('carries bytes both ways and ends when it is told so', async () => {
    const source = new PassThrough();
    const sink = new PassThrough();
    let released = 0;
    const stream = new RelayStream(source, sink, () => (released += 1));
    stream.write('there');
    expect(String((await once(sink, 'data'))[0])).toBe('there');
    expect(stream.received).toBe(false);
    source.write('back');
    expect(String((await once(stream, 'data'))[0])).toBe('back');
    expect(stream.received).toBe(true);
    source.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.destroyed).toBe(false);
    stream.finish();
    await once(stream, 'close');
    expect(released).toBe(1);
  });

  it('holds the source back while nobody reads', async () => {
    const source = new PassThrough();
    const stream = new RelayStream(source, new PassThrough(), nothing);
    for (let written = 0; written < 3 * 1024 * 1024; written += 65536) source.write(Buffer.alloc(65536));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stream.readableLength).toBeLessThan(2 * 1024 * 1024);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes === 3 * 1024 * 1024) stream.finish();
    });
    await once(stream, 'end');
  });

  it('survives a sink that throws, as those of ssh2 do once their connection is gone', async () => {
    const sink = new PassThrough();
    sink.write = () => {
      throw new Error('Instance unusable after fatal error');
    };
    const stream = new RelayStream(new PassThrough(), sink, nothing);
    const written = new Promise((resolve) => stream.write('x', resolve));
    stream.on('error', nothing);
    stream.destroy(new Error('gone'));
    expect(await written).toBeInstanceOf(Error);
  });

  it('tells the writer of a write that was never answered', async () => {
    const sink = new Writable({ write: nothing });
    const stream = new RelayStream(new PassThrough(), sink, nothing);
    const written = new Promise((resolve) => stream.write('x', resolve));
    stream.destroy();
    expect(await written).toBeInstanceOf(Error);
  });

  it('leaves it to the transport to say why a sink failed', async () => {
    const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const stream = new RelayStream(new PassThrough(), sink, nothing);
    stream.write('x');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stream.destroyed).toBe(false);
  });

  it('tells the errors of the source', async () => {
    const source = new PassThrough();
    const stream = new RelayStream(source, new PassThrough(), nothing);
    source.destroy(new Error('broken'));
    const [error] = await once(stream, 'error');
    expect(error.message).toBe('broken');
  });
});
