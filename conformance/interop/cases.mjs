// What must hold for every unmodified automerge-repo client. Each case gets a fresh context: writer and reader are the two
// generations of the pair under test.
import assert from "node:assert/strict";
import { converged, plain, until } from "./peer.mjs";

const DOCUMENTS = 100;
const LONG_HISTORY = 5000;
const ROUNDS = 20;

export const cases = {
  "a created document is found from a second repo": async ({ writer, reader }) => {
    const a = writer();
    const made = a.repo.create({ title: "Replace pump", tags: ["urgent"], site: { floor: 3 } });
    await a.acknowledged(made);
    const b = reader();
    const found = await b.repo.find(made.url);
    await converged([a, made], [b, found]);
    assert.equal(found.doc().site.floor, 3);
  },

  "an unknown document is answered doc-unavailable, with others connected": async ({ writer, reader, gen }) => {
    const a = writer();
    const bystander = reader();
    await a.acknowledged(a.repo.create({ here: true }));
    await bystander.connected();
    await a.finds_nothing(gen.writer.repo.generateAutomergeUrl());
    await bystander.finds_nothing(gen.reader.repo.generateAutomergeUrl());
  },

  "a document that appears later reaches the one who asked too early": async ({ writer, reader }) => {
    const b = reader();
    const a = writer();
    const made = a.repo.create({ here: "now" });
    // The id is known to nobody but this process until the writer's first sync message, 0 to 100 ms from now.
    const early = b.repo.find(made.url).catch((err) => assert.match(String(err), /unavailable/i));
    await a.acknowledged(made);
    await early;
    const handle = b.repo.handles[made.documentId];
    await until(
      () => handle?.isReady(),
      () => `the early reader gets ${made.url}`,
    );
    await converged([a, made], [b, handle]);
  },

  "concurrent edits of text, list, map and counter converge": async ({ writer, reader, gen }) => {
    const a = writer();
    const b = reader();
    const { made, found } = await sharedDocument(a, b, gen);
    for (let i = 0; i < ROUNDS; i++) {
      edit(gen.writer, made, "a", i);
      edit(gen.reader, found, "b", i);
      if (i % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
    }
    await converged([a, made], [b, found]);
    holdsEdits(made.doc(), ROUNDS);
    const fresh = reader();
    await converged([a, made], [fresh, await fresh.repo.find(made.url)]);
  },

  "offline edits on both sides converge after reconnecting": async ({ writer, reader, gen, control }) => {
    const a = writer("a"); // through the lines that the test can cut
    const b = reader("b");
    const { made, found } = await sharedDocument(a, b, gen);
    await control("cut");
    await Promise.all([a.disconnected(), b.disconnected()]);
    for (let i = 0; i < ROUNDS; i++) {
      edit(gen.writer, made, "a", i);
      edit(gen.reader, found, "b", i);
    }
    const offline = a.repo.create({ made: "offline" });
    await control("heal");
    await converged([a, made], [b, found]);
    holdsEdits(made.doc(), ROUNDS);
    await a.acknowledged(made);
    await a.acknowledged(offline);
    await converged([a, offline], [b, await b.repo.find(offline.url)]);
  },

  "an ephemeral message reaches the others and is not echoed": async ({ writer, reader, gen }) => {
    const a = writer();
    const b = reader();
    const c = writer();
    const { made, found } = await sharedDocument(a, b, gen);
    const third = await c.repo.find(made.url);
    const heard = { a: [], b: [], c: [] };
    made.on("ephemeral-message", ({ message }) => heard.a.push(message));
    found.on("ephemeral-message", ({ message }) => heard.b.push(message));
    third.on("ephemeral-message", ({ message }) => heard.c.push(message));
    made.broadcast({ typing: "a", blob: new Uint8Array([1, 2, 3]) });
    await until(
      () => heard.b.length > 0 && heard.c.length > 0,
      () => `the others hear the message: ${JSON.stringify(heard)}`,
    );
    // What b says now comes to a after an echo of a's own message would have come.
    found.broadcast({ typing: "b" });
    await until(
      () => heard.a.length > 0 && heard.c.length > 1,
      () => `the answer is heard: ${JSON.stringify(heard)}`,
    );
    assert.deepEqual(heard.a, [{ typing: "b" }]);
    assert.deepEqual(
      heard.c.map((m) => m.typing),
      ["a", "b"],
    );
    assert.deepEqual([...heard.b[0].blob], [1, 2, 3]);
    for (const peer of [a, b, c])
      assert.ok(
        !peer.frames.some((f) => f.type === "ephemeral" && f.senderId === peer.name),
        `${peer.name} got its own message back`,
      );
  },

  [`${DOCUMENTS} documents are found, each with its own content`]: async ({ writer, reader }) => {
    const a = writer();
    const made = Array.from({ length: DOCUMENTS }, (_, i) => a.repo.create({ number: i, title: `Job ${i}` }));
    for (const handle of made) handle.change((d) => (d.done = handle.doc().number % 2 === 0));
    await Promise.all(made.map((handle) => a.acknowledged(handle)));
    const b = reader();
    const found = await Promise.all(made.map((handle) => b.repo.find(handle.url)));
    for (let i = 0; i < DOCUMENTS; i++) {
      await converged([a, made[i]], [b, found[i]]);
      assert.deepEqual(plain(found[i].doc()), { number: i, title: `Job ${i}`, done: i % 2 === 0 });
    }
  },

  [`a document of ${LONG_HISTORY} changes is taken and found cold`]: async ({ writer, reader, gen }) => {
    const a = writer();
    const made = a.repo.create({ notes: "", log: [] });
    for (let i = 1; i < LONG_HISTORY; i++) {
      made.change((d) => {
        if (i % 5 === 0) d.log.push(i);
        else gen.writer.repo.splice(d, ["notes"], d.notes.length, 0, "x");
      });
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await a.acknowledged(made);
    const b = reader();
    const found = await b.repo.find(made.url);
    await converged([a, made], [b, found]);
    assert.equal(gen.reader.core.getAllChanges(found.doc()).length, LONG_HISTORY);
    found.change((d) => d.log.push("from the reader"));
    await b.acknowledged(found);
    await converged([a, made], [b, found]);
  },

  "what was acknowledged is there after kill -9": async ({ writer, reader, control, gen }) => {
    const a = writer();
    const made = Array.from({ length: 10 }, (_, i) => a.repo.create({ number: i, text: "" }));
    await Promise.all(made.map((handle) => a.acknowledged(handle)));
    for (const handle of made)
      for (let i = 0; i < 5; i++) handle.change((d) => gen.writer.repo.splice(d, ["text"], 0, 0, `${i}`));
    await Promise.all(made.map((handle) => a.acknowledged(handle)));
    // The last edit is the sharp one: nothing happens between its acknowledgement and the kill. The reference server,
    // which saves up to 100 ms after it has answered, loses it.
    made[0].change((d) => (d.last = "edit"));
    await a.acknowledged(made[0]);
    const killed = control("kill");
    a.close(); // the writer leaves with the server, so that it cannot bring back what was lost
    await killed;
    await control("start");
    const b = reader();
    for (const handle of made) {
      const found = await b.repo.find(handle.url);
      assert.deepEqual(b.heads(found), a.heads(handle));
      assert.equal(found.doc().text, "43210");
      if (handle === made[0]) assert.equal(found.doc().last, "edit");
    }
  },

  "clients that stay carry on after kill -9": async ({ writer, reader, control, gen }) => {
    const a = writer();
    const b = reader();
    const { made, found } = await sharedDocument(a, b, gen);
    await control("kill");
    await Promise.all([a.disconnected(), b.disconnected()]);
    edit(gen.writer, made, "a", 0);
    await control("start");
    edit(gen.reader, found, "b", 0);
    await converged([a, made], [b, found]);
    holdsEdits(made.doc(), 1);
  },

  "a job appears at its worker's client by itself, and his work at the office": async ({ writer, worker, gen, hasAuth }) => {
    if (!hasAuth) return; // the reference server knows no workers
    const a = writer();
    const job = (assignees) => a.repo.create({ kind: "job", title: "Pump", assignees, status_log: {}, comments: {} });
    const before = job({ anna: { edit: true } });
    await a.acknowledged(before);
    const anna = worker(); // assigned while she was offline
    await until(
      () => anna.repo.handles[before.documentId]?.isReady(),
      () => `anna's job ${before.url} appears`,
    );
    const known = anna.repo.handles[before.documentId];
    await converged([a, before], [anna, known]);
    const made = job({ ben: { edit: true } });
    await a.acknowledged(made);
    made.change((d) => (d.assignees.anna = { edit: true })); // assigned while she is connected
    await until(
      () => anna.repo.handles[made.documentId]?.isReady(),
      () => `anna's job ${made.url} appears`,
    );
    const found = anna.repo.handles[made.documentId];
    await converged([a, made], [anna, found]);
    found.change((d) => {
      d.status_log.e1 = { status: "started", by: "anna", after: [] };
      d.comments.c1 = { by: "anna", text: "here" };
    });
    await anna.acknowledged(found);
    await converged([a, made], [anna, found]);
    assert.equal(made.doc().status_log.e1.status, "started");
    // What she may not write is not taken, and does not reach the others; her client keeps it.
    const heads = a.heads(made);
    known.change((d) => (d.title = "Mine"));
    found.change((d) => (d.title = "Mine"));
    before.change((d) => (d.title = "Pumps"));
    await until(
      () => known.doc().title !== "Mine" || anna.heads(known).length > 1,
      () => `anna hears of the office's title`,
    );
    assert.deepEqual(a.heads(made), heads);
    assert.equal(before.doc().title, "Pumps");
    made.change((d) => delete d.assignees.anna);
    await a.acknowledged(made);
    await until(
      () => anna.frames.some((f) => f.type === "doc-unavailable" && f.documentId === made.documentId),
      () => `anna hears that ${made.url} is not hers any more`,
    );
    made.change((d) => (d.title = "Secret"));
    await a.acknowledged(made);
    await anna.finds_nothing(gen.writer.repo.generateAutomergeUrl()); // its answer comes behind what was sent before
    assert.notEqual(found.doc().title, "Secret");
  },

  "a worker cannot find a dispatcher's document": async ({ writer, reader, worker, hasAuth }) => {
    if (!hasAuth) return; // the reference server knows no tokens
    const a = writer();
    const made = a.repo.create({ secret: true });
    await a.acknowledged(made);
    const anna = worker();
    await anna.finds_nothing(made.url);
    const b = reader();
    await converged([a, made], [b, await b.repo.find(made.url)]);
    await anna.finds_nothing(made.url);
  },
};

async function sharedDocument(a, b, gen) {
  const made = a.repo.create({ text: "pump", list: ["start"], map: { site: "north" }, counter: new gen.writer.repo.Counter(0) });
  await a.acknowledged(made);
  const found = await b.repo.find(made.url);
  await converged([a, made], [b, found]);
  return { made, found };
}

function edit(gen, handle, who, i) {
  handle.change((d) => {
    gen.repo.splice(d, ["text"], who === "a" ? 0 : d.text.length, 0, `<${who}${i}>`);
    d.list.push(`${who}${i}`);
    d.map[`${who}${i}`] = { by: who, n: i };
    // Both write the same key, on purpose.
    d.map.last = who === "a" ? i : -i;
    d.counter.increment(who === "a" ? 2 : 3);
  });
}

function holdsEdits(doc, rounds) {
  assert.equal(doc.counter.value, rounds * 5);
  for (let i = 0; i < rounds; i++)
    for (const who of ["a", "b"]) {
      assert.ok(doc.text.includes(`<${who}${i}>`), `the text lost <${who}${i}>: ${doc.text}`);
      assert.equal(doc.list.filter((x) => x === `${who}${i}`).length, 1);
      assert.deepEqual(plain(doc.map[`${who}${i}`]), { by: who, n: i });
    }
  assert.ok(doc.text.includes("pump"));
}
