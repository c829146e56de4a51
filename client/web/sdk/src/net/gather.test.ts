import type { DocumentId, PeerId } from '@automerge/automerge-repo/slim';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { A } from '../automerge.ts';
import { Gatherer, together, type DocMessage } from './gather.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Text = { text: string };
const documentId = 'doc' as DocumentId;
const message = (type: string, data: Uint8Array, senderId = 'server') => ({ type, documentId, senderId: senderId as PeerId, targetId: 'me' as PeerId, data }) as unknown as DocMessage;

/** A server's document that letters are typed into, and ours, in step with it. */
function inStep() {
  let server = A.from<Text>({ text: 'cold' });
  let [there, here] = [A.initSyncState(), A.initSyncState()];
  let mine = A.init<Text>();
  for (let said = true; said; ) {
    said = false;
    let m: A.SyncMessage | null;
    [there, m] = A.generateSyncMessage(server, there);
    if (m) {
      [mine, here] = A.receiveSyncMessage(mine, here, m);
      said = true;
    }
    [here, m] = A.generateSyncMessage(mine, here);
    if (m) {
      [server, there] = A.receiveSyncMessage(server, there, m);
      said = true;
    }
  }
  return {
    mine: () => A.clone(mine),
    state: () => A.decodeSyncState(A.encodeSyncState(here)),
    type(letter: string): Uint8Array {
      server = A.change(server, (d) => A.splice(d, ['text'], 0, 0, letter));
      const [state, m] = A.generateSyncMessage(server, there);
      there = state;
      return m!;
    },
    heads: () => A.getHeads(server),
  };
}

test('messages that are handed on together say what they said one after the other', () => {
  const pair = inStep();
  const messages = [...'a long text'].map((letter) => message('sync', pair.type(letter)));
  const receive = (of: readonly DocMessage[]) => {
    let [doc, state] = [pair.mine(), pair.state()];
    for (const m of of) [doc, state] = A.receiveSyncMessage(doc, state, m.data!);
    return { heads: A.getHeads(doc), text: doc.text, state: A.encodeSyncState(state), answer: A.generateSyncMessage(doc, state)[1] };
  };
  const one = together(messages);
  expect(one).toHaveLength(1);
  expect(one[0]!.bytes).toBe(messages.reduce((n, m) => n + m.data!.length, 0));
  expect(receive(one.map((o) => o.message))).toEqual(receive(messages));
  expect(receive(messages).heads).toEqual(pair.heads());
});

test('a question is not put together with what came before it, and what cannot be read is handed on as it is', () => {
  const pair = inStep();
  const [a, b] = [message('sync', pair.type('a')), message('request', pair.type('b'))];
  expect(together([a, b]).map((o) => o.message)).toEqual([a, b]);
  const broken = message('sync', new Uint8Array([1, 2, 3]));
  expect(together([a, broken]).map((o) => o.message)).toEqual([a, broken]);
});

test('of one sender the last word on where he is counts', () => {
  const at = (n: number, who: string) => message('ephemeral', new Uint8Array([n]), who);
  const words = [at(1, 'dora'), at(2, 'anna'), at(3, 'dora'), at(4, 'dora')];
  expect(together(words).map((o) => o.message)).toEqual([words[1], words[3]]);
});

function gathering() {
  const pair = inStep();
  const came: { heads: A.Heads; bytes: number }[] = [];
  const gatherer = new Gatherer((m, bytes) => came.push({ heads: A.decodeSyncMessage(m.data!).heads, bytes }));
  return { came, gatherer, letter: () => gatherer.take(message('sync', pair.type('x'))), heads: pair.heads };
}

test('a few messages about a document are handed on as they come, many ten times a second, and twice where one has typed', () => {
  const { came, letter, heads, gatherer } = gathering();
  for (let i = 1; i <= 3; i++) {
    letter();
    expect(came).toHaveLength(i);
  }
  letter();
  letter();
  expect(came).toHaveLength(3);
  vi.advanceTimersByTime(99);
  expect(came).toHaveLength(3);
  vi.advanceTimersByTime(1);
  expect(came).toHaveLength(4);
  expect(came[3]!.heads).toEqual(heads());
  gatherer.typing();
  letter();
  vi.advanceTimersByTime(499);
  expect(came).toHaveLength(4);
  vi.advanceTimersByTime(1); // nobody types on
  expect(came).toHaveLength(5);
  vi.advanceTimersByTime(1_000); // it is calm again
  letter();
  expect(came).toHaveLength(6);
});

test('while one types, what has waited for a quarter of a second is handed on right after a letter of one\'s own is drawn', () => {
  const frames: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  const { came, letter, heads, gatherer } = gathering();
  const drawn = () => {
    frames.splice(0).forEach((frame) => frame());
    vi.advanceTimersByTime(0);
  };
  gatherer.typing();
  for (let i = 0; i < 3; i++) letter(); // as they come
  letter();
  vi.advanceTimersByTime(240);
  gatherer.typing();
  drawn();
  expect(came).toHaveLength(3); // too soon after the last
  letter();
  vi.advanceTimersByTime(10);
  gatherer.typing();
  gatherer.typing();
  expect(came).toHaveLength(3); // the letter first
  drawn();
  expect(came).toHaveLength(4);
  expect(came[3]!.heads).toEqual(heads());
  gatherer.typing();
  drawn();
  expect(came).toHaveLength(4); // nothing waits
  vi.unstubAllGlobals();
});

test('where no timer comes, what waits is bounded', () => {
  const { came, letter, heads } = gathering();
  for (let i = 0; i < 3 + 256; i++) letter();
  expect(came).toHaveLength(4);
  expect(came[3]!.heads).toEqual(heads());
});

test('what waits is handed on before what comes after it', () => {
  const { came, letter, gatherer, heads } = gathering();
  for (let i = 0; i < 6; i++) letter();
  expect(came).toHaveLength(3);
  gatherer.flush();
  expect(came.at(-1)!.heads).toEqual(heads());
  vi.advanceTimersByTime(10_000);
  expect(came).toHaveLength(4);
  expect(vi.getTimerCount()).toBe(0);
});
