import type { Clash, ClashValue, StatusEvent } from '../types.ts';
import { eventForm } from './read.ts';
import { events, outcome } from './status.ts';
import { byUTF8, isMap, plain, text, type Tree } from './values.ts';

/** automerge's getConflicts: the values of a key by their operation ids, where there are several. */
export type Conflicts = (map: object, key: string) => Record<string, unknown> | undefined;

/** A clash with where it is in the document; raw values, the winner first. */
export interface PlacedClash extends Clash {
  readonly path: readonly string[];
  readonly raw: readonly unknown[];
}

const mapsOfEntries = [
  'status_log', 'assignees', 'attachments', 'comments', 'custom_fields', 'report_fields', 'checklist', 'contacts', 'possible_resolutions', 'skills', 'external_ids',
];

/** What several people wrote at once: the status first, then by path (docs/JOB.md, Clashes). */
export function clashes(doc: Tree, getConflicts: Conflicts): PlacedClash[] {
  const out: PlacedClash[] = [];
  const o = outcome(events(doc['status_log']));
  if (o.clash && text(doc['kind']) === 'job') {
    const log = doc['status_log'] as Tree;
    const values: ClashValue[] = o.standing.map((e) => ({ value: e.status, event: eventForm(e.id, log[e.id] as Tree) as StatusEvent }));
    out.push({ kind: 'status', field: 'status', values, path: ['status'], raw: [] });
  }
  walk(doc, []);
  return out;

  function walk(map: Tree, path: readonly string[]) {
    for (const key of Object.keys(map).sort(byUTF8)) {
      const at = [...path, key];
      const conflicts = getConflicts(map, key);
      if (conflicts && Object.keys(conflicts).length > 1) note(map[key], conflicts, at);
      const value = map[key];
      if (isMap(value)) walk(value, at);
    }
  }

  function note(winner: unknown, conflicts: Record<string, unknown>, path: readonly string[]) {
    const last = path[path.length - 1]!;
    if ((path[0] === 'status_log' && path.length > 1) || last === 'position') return;
    if (path[0] === 'checklist' && path.length === 3 && (last === 'done_at' || last === 'by')) return;
    const order = Object.keys(conflicts).sort(byOperation);
    const raw = order.map((id) => conflicts[id]);
    const values = raw.map(plain);
    const entry = path.length > 1 && isMap(doc[path[0]!]) ? (doc[path[0]!] as Tree)[path[1]!] : undefined;
    const name = isMap(entry) ? text(entry['name']) || text(entry['text']) : undefined;
    const isEntries = path.length === 1 && mapsOfEntries.includes(last);
    if (isEntries) {
      if (!raw.slice(1).some((v) => isMap(v) && Object.keys(v).some((k) => !isMap(winner) || !Object.hasOwn(winner, k)))) return;
    } else if (new Set(values.map((v) => JSON.stringify(v))).size === 1) return;
    out.push({
      kind: isEntries ? 'entries' : 'field', field: path.join('.'), ...(name ? { name } : {}),
      values: values.map((value) => ({ value })), path, raw,
    });
  }
}

/** The greater counter first, then the greater actor. */
function byOperation(a: string, b: string): number {
  const [n, x] = a.split('@') as [string, string];
  const [m, y] = b.split('@') as [string, string];
  return Number(m) - Number(n) || byUTF8(y, x);
}
