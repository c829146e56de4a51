import type { News, UnsentItem } from '../api.ts';
import type { Heads } from '../types.ts';
import { A } from '../automerge.ts';
import { isMap, str, time, type Tree } from '../rules/values.ts';

/** A place that changed between two states of a document: an entry of a map, a field's answer, a key of the root. */
interface Touched {
  readonly path: readonly string[];
  readonly kind: 'added' | 'changed' | 'removed';
}

/** A change's time in milliseconds since 1970; 0: it says none. Clients write seconds, some of them milliseconds. */
export const millis = (said: number): number => time(said < 1e11 ? said * 1000 : said);

/** When a change was made, as it says: milliseconds since 1970; 0: it does not say. */
export function madeAt(doc: A.Doc<unknown>, hash: string): number {
  let change;
  try {
    change = A.inspectChange(doc, hash);
  } catch {
    change = A.getChangesMetaSince(doc, []).find((c) => c.hash === hash); // an operation holds a whole number beyond 2^53, which is not decoded
  }
  return millis(change?.time ?? 0);
}

const entryMaps = ['status_log', 'comments', 'attachments', 'contacts', 'possible_resolutions', 'assignees'];

/** The places that differ, each once, in the order of the patches. */
export function touched(doc: A.Doc<unknown>, from: Heads, to: Heads): Touched[] {
  const out = new Map<string, Touched>();
  for (const p of A.diff(doc, [...from], [...to])) {
    const keys = p.path.filter((k): k is string => typeof k === 'string');
    const root = keys[0];
    if (root === undefined) continue;
    let path = [root];
    if (entryMaps.includes(root) && keys.length > 1) path = keys.slice(0, 2);
    else if ((root === 'report_fields' || root === 'custom_fields' || root === 'checklist') && keys.length > 1) {
      // an answer, a tick; or the question itself
      const leaf = keys[2];
      const answer = leaf === 'value' || leaf === 'done' || leaf === 'done_at' || leaf === 'by';
      path = answer ? [root, keys[1]!, leaf === 'value' ? 'value' : 'done'] : keys.slice(0, 2);
    }
    const key = path.join('\u0000');
    const whole = p.path.length === path.length && (p.action === 'put' || p.action === 'del');
    const kind = !whole ? 'changed' : p.action === 'del' ? 'removed' : path.length > 1 ? 'added' : 'changed';
    const before = out.get(key);
    if (!before || before.kind === 'changed') out.set(key, { path, kind });
  }
  // What stands in an entry that was added belongs to its addition.
  return [...out.values()].filter((t) => t.path.length < 3 || out.get(t.path.slice(0, 2).join('\u0000'))?.kind !== 'added');
}

/** What has not reached the server, as a person counts it. shared: what the server holds. */
export function unsentOf(doc: A.Doc<unknown>, of: { id: string; title: string; shared: Heads; heads: Heads; at: number }): UnsentItem[] {
  const base = { job: of.id, jobTitle: of.title, state: 'waiting' as const, attempts: 0, now: false };
  if (of.shared.length === 0 && of.heads.length > 0) return [{ ...base, id: `${of.id}/new`, kind: 'job', label: of.title, at: of.at }];
  if (same(of.shared, of.heads)) return [];
  const root = doc as Tree;
  const nameIn = (e: Tree) => str(e['name']) || str(e['text']);
  return touched(doc, of.shared, of.heads).map(({ path, kind: how }): UnsentItem => {
    const [list, id = '', leaf] = path as [string, string?, string?];
    const entry = isMap(root[list]) ? (root[list] as Tree)[id] : undefined;
    const item = (kind: UnsentItem['kind'], label: string, at = of.at): UnsentItem => ({ ...base, id: `${of.id}/${path.join('/')}`, kind, label, at });
    const e = isMap(entry) ? entry : {};
    switch (list) {
      case 'status_log':
        return item('status', str(e['status']), time(e['happened_at']) || of.at);
      case 'comments':
        return item('comment', how === 'removed' ? '' : str(e['text']).slice(0, 80), time(e['happened_at']) || of.at);
      case 'attachments':
        return item('attachment', str(e['name']), time(e['taken_at']) || of.at);
      case 'report_fields':
      case 'custom_fields':
        return item(leaf ? 'field' : 'plan', nameIn(e));
      case 'checklist':
        return item(leaf ? 'tick' : 'plan', nameIn(e), time(e['done_at']) || of.at);
      case 'description':
        return item('text', list);
      default:
        return item('plan', list);
    }
  });
}

const none: readonly News[] = []; // the same each time: who watches a job's news is not told that there are still none

/** What others changed since a state that this person saw. */
export function newsOf(doc: A.Doc<unknown>, looked: Heads | undefined, heads: Heads, user: string): readonly News[] {
  if (!looked || same(looked, heads)) return none;
  const root = doc as Tree;
  const out: News[] = [];
  for (const t of touched(doc, looked, heads)) {
    const [list, id = ''] = t.path as [string, string?];
    const e = isMap(root[list]) ? (root[list] as Tree)[id] : undefined;
    const by = isMap(e) && (list !== 'checklist' || t.path.length === 3) ? str(e['by']) : '';
    if (by === user && t.kind !== 'removed') continue;
    const at = isMap(e) ? time(e['happened_at']) || time(e['taken_at']) || time(e['done_at']) : 0;
    out.push({ path: t.path, kind: t.kind, ...(by ? { by } : {}), ...(at ? { at } : {}) });
  }
  return out;
}

export const same = (a: Heads, b: Heads): boolean => a.length === b.length && [...a].sort().join() === [...b].sort().join();
