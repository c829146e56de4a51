import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { until } from './server.ts';
import { wasm } from './setup.ts';

/*
 * People who type in one description, as the board's page has them type, and no page: a client each, in a process of its own, so that what is measured beside them is
 * one page and not their browsers. SERVER, JOB; PEOPLE and EVERY (ms between two keys of a person; 0: they only read) may be said. They begin when told so by a line, and end with the input;
 * then what each has is written, as JSON.
 */
const server = process.env['SERVER']!;
const job = process.env['JOB']!;
const people = Number(process.env['PEOPLE'] ?? 3);
const between = Number(process.env['EVERY'] ?? 150);
const pause = 200; // ms between two announcements of a moving caret: SharedTextarea's

const path = ['description'];
const words = 'word ';

const typists = await Promise.all(
  Array.from({ length: people }, async (_, i) => {
    const client = new FieldClient({ serverUrl: server, token: 'demo-dispatcher', storage: `typist${i}`, wasm: wasm(), replica: 'opened' }, { webSocket: NodeWebSocket as unknown as typeof WebSocket });
    await until(() => client.ready.get());
    const handle = client.open(job);
    await handle.ready();
    await until(() => client.link.get().connected);
    const text = handle.text(path);
    const place = Math.floor((text.value.get().length * i) / Math.max(1, people - 1)); // the beginning, the middle, the end
    let caret = text.anchor(place);
    let announced: ReturnType<typeof setTimeout> | undefined;
    const announce = () => {
      announced ??= setTimeout(() => {
        announced = undefined;
        handle.presence.announce({ field: 'description', anchor: caret, head: caret });
      }, pause);
    };
    announce();
    let keys = 0;
    return {
      key() {
        const at = text.at(caret);
        text.splice(at, 0, words[keys++ % words.length]!);
        caret = text.anchor(at + 1);
        announce();
      },
      text: () => text.value.get(),
      sent: () => ![undefined, 'on-this-device'].includes(handle.receipt().get()),
      keys: () => keys,
      leave: async () => {
        handle.close();
        await client.close();
      },
    };
  }),
);
console.log('there');

let timers: ReturnType<typeof setInterval>[] = [];
process.stdin.once('data', () => {
  if (between > 0) timers = typists.map((t, i) => setInterval(t.key, between + 7 * i)); // nobody keeps time with another
});
process.stdin.once('end', () => {
  timers.forEach(clearInterval);
  void (async () => {
    await until(() => typists.every((t) => t.sent() && t.text() === typists[0]!.text()));
    console.log(JSON.stringify({ keys: typists.map((t) => t.keys()), text: typists[0]!.text() }));
    await Promise.all(typists.map((t) => t.leave()));
    process.exit(0);
  })();
});
