import { infiniteQueryOptions } from '@tanstack/react-query';
import i18next from 'i18next';
import { api, ask, given } from '../api/rest.ts';
import type { Effect, HistoryEntry, Job, Status } from '../api/types.ts';
import { inWords } from './values.ts';

export const historyQuery = (job: string) =>
  infiniteQueryOptions({
    queryKey: ['history', job],
    queryFn: ({ pageParam, signal }) => ask(api.GET('/api/v1/jobs/{id}/history', { params: { path: { id: job }, query: { limit: 40, fold: true, ...given({ after: pageParam }) } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: 1000,
  });

export interface Told {
  /** What it is about. */
  what: string;
  /** What stands there, and what stood there. */
  now?: string;
  before?: string;
  /** An event of the status log that this made. */
  event?: string;
}

const quiet = new Set(['position', 'done_at', 'by', 'kind', 'schema_version', 'uuid', 'created_at']);
const most = 6;

/** told says in words what a change did; the job of now gives fields their names. */
export function told(entry: HistoryEntry, job: Job | undefined, names: (user: string) => string): { lines: Told[]; more: number } {
  if (entry.did.some((d) => d.path[0] === 'kind' && d.kind === 'added')) {
    const status = entry.did.find((d) => d.path[0] === 'status_log');
    const event = status && typeof status.new === 'object' && status.new !== null ? Object.keys(status.new)[0] : undefined;
    return { lines: [{ what: i18next.t('job.told.created'), ...(event ? { event } : {}) }], more: 0 };
  }
  const lines: Told[] = [];
  for (const effect of entry.did) {
    const line = one(effect, job, names);
    if (line) lines.push(line);
  }
  return { lines: lines.slice(0, most), more: Math.max(0, lines.length - most) + (entry.more ?? 0) };
}

function one(effect: Effect, job: Job | undefined, names: (user: string) => string): Told | undefined {
  const t = i18next.t;
  const path = (effect.path ?? []).map(String);
  const [root, id, leaf] = path;
  if (root === undefined || quiet.has(root) || (leaf && quiet.has(leaf)) || effect.hidden) return undefined;
  const fresh = (typeof effect.new === 'object' && effect.new !== null ? effect.new : {}) as Record<string, unknown>;
  const old = effect.old?.[0];
  const was = (typeof old === 'object' && old !== null ? old : {}) as Record<string, unknown>;
  const values = (type?: string): Pick<Told, 'now' | 'before'> => ({
    ...(effect.kind === 'deleted' ? {} : { now: inWords(effect.new, type) || t('job.empty') }),
    ...(old === undefined || old === null ? {} : { before: inWords(old, type) || t('job.empty') }),
  });
  const spliced = (): Pick<Told, 'now' | 'before'> => {
    const out = (effect.splices ?? []).map((s) => s.deleted ?? '').join(' … ');
    const came = (effect.splices ?? []).map((s) => s.inserted ?? '').join(' … ');
    return { ...(came ? { now: came } : {}), ...(out ? { before: out } : {}) };
  };
  const said = effect.kind === 'text' ? spliced : values;
  switch (root) {
    case 'status_log': {
      const status = fresh['status'];
      if (typeof status !== 'string' || id === undefined) return undefined;
      const note = fresh['note'];
      return { what: t('job.told.status', { status: t(`status.${status as Status}`, { defaultValue: status }) }), event: id, ...(typeof note === 'string' && note ? { now: note } : {}) };
    }
    case 'assignees':
      if (!id) return undefined;
      if (leaf === 'edit') return { what: t(effect.new === true ? 'job.told.leads' : 'job.told.leadsNoMore', { name: names(id) }) };
      return { what: t(effect.kind === 'deleted' ? 'job.told.unassigned' : 'job.told.assigned', { name: names(id) }) };
    case 'comments':
      if (effect.kind === 'deleted' && !leaf) return { what: t('job.told.commentRemoved'), before: inWords(was['text']) };
      if (!leaf) return { what: t('job.told.comment'), now: inWords(fresh['text']) };
      return { what: t('job.told.commentChanged'), ...said() };
    case 'attachments':
      if (leaf) return undefined;
      if (effect.kind === 'deleted') return { what: t('job.told.fileRemoved'), before: inWords(was['name']) };
      return { what: t('job.told.file'), now: inWords(fresh['name']) };
    case 'checklist': {
      const item = job?.checklist.find((i) => i.uuid === id)?.text ?? inWords(fresh['text'] ?? was['text']) ?? id;
      if (leaf === 'done') return { what: t(effect.new === true ? 'job.told.ticked' : 'job.told.unticked', { item }) };
      return { what: t('job.told.checklist'), ...(effect.kind === 'deleted' ? { before: item } : { now: leaf ? inWords(effect.new) : item }) };
    }
    case 'report_fields':
    case 'custom_fields': {
      const field = [...(job?.report_fields ?? []), ...(job?.custom_fields ?? [])].find((f) => f.uuid === id);
      const name = field?.name ?? inWords(fresh['name'] ?? was['name']) ?? id ?? '';
      if (leaf === 'value' || effect.kind === 'text') return { what: name, ...(effect.kind === 'text' ? spliced() : values(field?.field_type)) };
      return { what: t('job.told.field', { name }) };
    }
  }
  const part = root === 'address' && id ? t(`plan.address.${id as 'floor'}`, { defaultValue: t('job.parts.address') }) : t(`job.parts.${root as 'title'}`, { defaultValue: root });
  return { what: part, ...said() };
}
