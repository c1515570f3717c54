import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BufferedOutput } from '../../src/cli/buffered-output.ts';

const record = () => {
  const events: string[] = [];
  const output = new BufferedOutput({ write: (text) => events.push(text) }, () => events.push('before'));
  return { events, output };
};

it('writes what one turn of the event loop brought in one piece', async () => {
  const { events, output } = record();
  output.write('a');
  output.write('b');
  expect(events).toEqual([]);
  await turn();
  expect(events).toEqual(['before', 'ab']);
  output.write('c');
  await turn();
  expect(events).toEqual(['before', 'ab', 'before', 'c']);
});

it('writes at once what is large, and what is asked for', async () => {
  const { events, output } = record();
  output.write('x'.repeat(70_000));
  expect(events).toHaveLength(2);
  output.write('a');
  output.flush();
  output.flush();
  expect(events.slice(2)).toEqual(['before', 'a']);
  await turn();
  expect(events).toHaveLength(4);
});
