import { useEffect, useState } from 'react';
import { Button, Loader } from '@mantine/core';
import type { HistoryEntry, Job, JobHandle, StatusEvent } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { useWho } from '../app/data.ts';
import { notify } from '../app/notices.ts';
import { clock, moment } from '../i18n/format.ts';
import { placeName, statusWord, valueText, whose } from '../model/words.ts';
import { tell } from './tell.ts';
import styles from './HistoryTab.module.css';

const page = 40;

/** Who did what and when; what happened and when it arrived are kept apart. Without a network it is what this phone knows. */
export function HistoryTab({ job, handle }: { job: Job; handle: JobHandle }) {
  const { t } = useTranslation();
  const [entries, setEntries] = useState<readonly HistoryEntry[]>();
  const [next, setNext] = useState<string>();
  const [offline, setOffline] = useState(false);
  const state = job.heads.join();

  useEffect(() => {
    let current = true;
    void handle.history({ limit: page }).then(
      (h) => {
        if (!current) return;
        setEntries(h.entries);
        setNext(h.next);
        setOffline(h.offline);
      },
      () => {
        if (!current) return;
        setEntries((had) => had ?? []);
        setOffline(true);
      },
    );
    return () => {
      current = false;
    };
  }, [handle, state]);

  const more = () =>
    void handle
      .history({ limit: page, ...(next !== undefined && { cursor: next }) })
      .then((h) => {
        setEntries((had) => [...(had ?? []), ...h.entries]);
        setNext(h.next);
      })
      .catch((error: unknown) => notify({ kind: 'warn', text: String(error) }));

  if (!entries) return <Loader className={styles.loader!} aria-label={t('common.loading')} />;
  return (
    <div className={styles.parts}>
      {offline && <p className={styles.note}>{t('history.needsNetwork')}</p>}
      {entries.length === 0 && offline ? (
        <ol className={styles.list}>
          {job.status_log.toReversed().map((e) => (
            <StatusLine key={e.uuid} job={job} event={e} />
          ))}
        </ol>
      ) : (
        <ol className={styles.list}>
          {entries.map((e) => (
            <Line key={e.hash} job={job} handle={handle} entry={e} />
          ))}
        </ol>
      )}
      {next !== undefined && (
        <Button variant="default" onClick={more}>
          {t('common.more')}
        </Button>
      )}
    </div>
  );
}

function StatusLine({ job, event }: { job: Job; event: StatusEvent }) {
  const { t } = useTranslation();
  const client = useClient();
  return (
    <li className={styles.entry}>
      <p className={styles.when}>
        {event.happened_at && moment(Date.parse(event.happened_at))} · {whose(event.by, t, (id) => client.userName(id))}
      </p>
      <p>{t('history.status', { status: statusWord(event.status, t, job.possible_resolutions.find((r) => r.uuid === event.resolution)?.successful) })}</p>
      {event.note && <p>{t('history.note', { text: event.note })}</p>}
    </li>
  );
}

function Line({ job, handle, entry }: { job: Job; handle: JobHandle; entry: HistoryEntry }) {
  const { t } = useTranslation();
  const client = useClient();
  const { who } = useWho();
  const user = entry.user ?? /user:(.*)$/.exec(entry.author ?? '')?.[1];
  const program = entry.author?.includes('/integration:') === true;
  const mine = user === who.user;
  const happened = Date.parse(entry.happened_at ?? entry.time ?? '');
  const arrived = entry.arrived_at === undefined ? undefined : Date.parse(entry.arrived_at);
  const late = arrived !== undefined && arrived - happened > 60_000;
  const lines = [...new Set(entry.did.filter((d) => !d.hidden).map((d) => words(job, d, t)).filter((w) => w !== ''))];
  const undoable = mine && !entry.undoes && entry.did.length > 0 && !entry.did.some((d) => d.path[0] === 'status_log' || d.path[0] === 'kind');
  return (
    <li className={styles.entry}>
      <p className={styles.when}>
        {Number.isNaN(happened) ? '' : moment(happened)} · {mine ? t('common.you') : (user === undefined && !program ? t('common.someone') : whose(user, t, (id) => client.userName(id)))}
        {arrived === undefined && ` · ${t('history.notSent')}`}
        {late && ` · ${t('history.late', { when: clock(arrived) })}`}
      </p>
      {lines.slice(0, 6).map((line) => (
        <p key={line} className={styles.line}>
          {line}
        </p>
      ))}
      {undoable && (
        <Button
          variant="subtle"
          size="compact-md"
          className={styles.undo!}
          onClick={() =>
            void tell(handle.undo(entry.hash)).then((ok) => {
              if (ok) notify({ kind: 'done', text: t('action.done.undone') });
            })
          }
        >
          {t('common.undo')}
        </Button>
      )}
    </li>
  );
}

/** One effect of a change in words; empty for what goes without saying. */
function words(job: Job, d: HistoryEntry['did'][number], t: TFunction): string {
  const [root, id, key] = d.path;
  if (root === 'kind') return t('history.created');
  if (root === 'schema_version' || root === 'uuid' || root === 'created_at' || key === 'position') return '';
  if (root === 'status_log') {
    if (key === 'status' || (key === undefined && typeof d.new === 'object')) return t('history.status', { status: statusWord(key === 'status' ? String(d.new) : String((d.new as { status?: unknown } | null)?.status ?? ''), t) });
    return key === 'note' && typeof d.new === 'string' ? t('history.note', { text: d.new }) : '';
  }
  if (id === undefined && (d.kind === 'set' || d.kind === 'added') && typeof d.new === 'object') return ''; // a map that is made with the job
  if (root === 'comments') {
    if (d.kind === 'deleted') return t('history.removed', { what: t('part.comments') });
    const text = d.kind === 'text' ? d.splices?.map((s) => ('new' in s ? String(s.new) : '')).join('') : valueText(d.new, t);
    return key === 'text' || key === undefined ? t('history.comment', { text: text ?? '' }) : '';
  }
  if ((root === 'checklist' || root === 'attachments') && key !== undefined && key !== 'done' && key !== 'text' && key !== 'sha256') return '';
  const what = placeName(job, d.path, t);
  if (d.kind === 'deleted') return t('history.removed', { what });
  const value = valueText(d.new, t);
  if (root === 'attachments') return t('history.added', { what });
  return value ? t('history.value', { what, value }) : t('history.wrote', { what });
}
