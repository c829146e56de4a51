import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Outgoing, type Frame } from './outgoing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0); // it looks at the socket only while something waits
  vi.useRealTimers();
});

const names = new WeakMap<Uint8Array, string>();

/** A frame whose name begins with its document's; of none, it begins with a dash. */
function frame(name: string, size = 100, more: Partial<Frame> = {}): Frame {
  const bytes = new Uint8Array(size);
  names.set(bytes, name);
  return { bytes, ...(name.startsWith('-') ? {} : { doc: name[0]! }), ...more };
}

/** A line whose browser buffers what the test says; documents in capitals have a status. */
function line(bufferedAmount = 0, urgent = (doc: string) => doc === doc.toUpperCase()) {
  const sent: string[] = [];
  const socket = { bufferedAmount, send: (bytes: unknown) => void sent.push(names.get(bytes as Uint8Array)!) };
  const drained = vi.fn<() => void>();
  const outgoing = new Outgoing(socket as unknown as WebSocket, urgent, drained);
  return { outgoing, socket, sent, drained, queue: (...frames: string[]) => frames.forEach((f) => outgoing.queue(frame(f))), take: () => sent.splice(0) };
}

test('statuses go before text that waits, each document in its order, and nothing before a frame of none', () => {
  const { outgoing, socket, queue, sent, take } = line(1 << 20);
  queue('a1', 'a2', 'S3', 'b4', 'S5', '-6', 'T7', '-8');
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual([]);
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(50);
  expect(take()).toEqual(['-6', '-8', 'S3', 'S5', 'T7', 'a1', 'a2', 'b4']);
  queue('c9'); // nothing waits: at once
  expect(sent).toEqual(['c9']);
  outgoing.end();
});

test('what becomes urgent while it waits goes first, with what was said before about the document', () => {
  const urgent = new Set<string>();
  const { socket, queue, sent } = line(1 << 20, (doc) => urgent.has(doc));
  queue('a1', 's2', 'a3', 's4');
  urgent.add('s');
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(50);
  expect(sent).toEqual(['s2', 's4', 'a1', 'a3']);
});

test('no more is on its way than a window that the server has said nothing about, however little the browser says that it buffers', () => {
  const { outgoing, take } = line();
  for (let i = 0; i < 10; i++) outgoing.queue(frame(`abcdefghij`[i]!, 4 << 10, { changes: true, asks: true }));
  expect(take()).toEqual(['a', 'b', 'c', 'd']); // 16 KiB
  vi.advanceTimersByTime(2_000);
  expect(take()).toEqual([]);
  outgoing.queue(frame('S', 400, { changes: true, asks: true })); // a status need not wait for an answer: it is behind what is on its way, no more
  expect(take()).toEqual(['S']);
  outgoing.answered('b'); // a and b have arrived
  expect(take()).toEqual(['e']); // of S there are 400 bytes
  outgoing.answered('x'); // somebody else wrote
  expect(take()).toEqual([]);
  outgoing.end();
});

test('what nobody answers does not hold up anything', () => {
  const { outgoing, take } = line();
  for (let i = 0; i < 1_000; i++) outgoing.queue(frame('r', 200));
  expect(take()).toHaveLength(1_000);
  outgoing.queue(frame('a', 16 << 10, { asks: true }));
  outgoing.queue(frame('b', 16 << 10, { asks: true }));
  expect(take()).toEqual(['a']);
  vi.advanceTimersByTime(10_000);
  expect(take()).toEqual([]);
  vi.advanceTimersByTime(100); // not a word for long: it goes on, all the same
  expect(take()).toEqual(['b']);
});

/** How many bytes of text are sent unanswered, after the server needed so long for some answers. */
function windowAfter(answers: number, took: number): number {
  const { outgoing, sent } = line();
  let n = 0;
  let answered = 0;
  const fill = () => {
    while (sent.length === n && n < 50_000) outgoing.queue(frame(`${'abcdefghij'[n++ % 10]!}`, 1 << 10, { asks: true }));
  };
  for (let i = 0; i < answers; i++) {
    fill();
    vi.advanceTimersByTime(took);
    answered = sent.length;
    outgoing.answered(sent.at(-1)!);
  }
  fill();
  outgoing.end();
  return (sent.length - answered) << 10;
}

test('a line that answers soon may carry more at once, one that answers late less', () => {
  expect(windowAfter(0, 0)).toBe(16 << 10);
  expect(windowAfter(1, 100)).toBeGreaterThan(16 << 10);
  expect(windowAfter(20, 100)).toBeGreaterThan(512 << 10);
  expect(windowAfter(60, 100)).toBeLessThanOrEqual(1 << 20);
  expect(windowAfter(6, 2_000)).toBe(16 << 10);
  expect(windowAfter(6, 4_000)).toBe(8 << 10);
});

test('text waits for a status that is about to be sent, until it has sent changes, has none to send, or too long', () => {
  const urgent = new Set(['S', 'T', 'U']);
  const { outgoing, take } = line(0, (doc) => urgent.has(doc));
  outgoing.await(['S', 'T']);
  outgoing.queue(frame('a1'));
  outgoing.queue(frame('S2', 100, { asks: true })); // it begins to talk, and is answered
  outgoing.queue(frame('-3'));
  outgoing.queue(frame('U4'));
  outgoing.answered('S');
  expect(take()).toEqual(['S2', '-3', 'U4']);
  outgoing.queue(frame('S5', 100, { asks: true, changes: true }));
  expect(take()).toEqual(['S5']);
  urgent.delete('T'); // the server had it
  vi.advanceTimersByTime(50);
  expect(take()).toEqual(['a1']);

  outgoing.await(['S']);
  outgoing.queue(frame('a6'));
  vi.advanceTimersByTime(1_999);
  expect(take()).toEqual([]);
  vi.advanceTimersByTime(51);
  expect(take()).toEqual(['a6']);
});

test('who fills it is told, and told when there is room again', () => {
  const { outgoing, socket, drained } = line(1 << 20);
  for (let i = 0; i < 5; i++) outgoing.queue(frame('a', 64 << 10));
  expect(outgoing.full).toBe(true);
  expect(drained).not.toHaveBeenCalled();
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(50);
  expect(outgoing.full).toBe(false);
  expect(drained).toHaveBeenCalledOnce();
});

test('it is bounded, a frame of the greatest size goes, and an orderly end sends what waits', () => {
  const { outgoing, sent, take } = line(1 << 20);
  outgoing.await(['S']);
  for (let i = 0; i < 4; i++) expect(outgoing.queue(frame('a', 16 << 20))).toBe(true);
  expect(outgoing.queue(frame('b', 1))).toBe(false);
  expect(sent).toEqual([]);
  outgoing.flush();
  expect(take()).toEqual(['a', 'a', 'a', 'a']);
  outgoing.queue(frame('a'));
  outgoing.end();
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual([]);
});
