import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import type { JobHandle, News } from '@fieldsync/sdk';
import { useClient, useJob, useRefused } from '@fieldsync/sdk/react';
import { IconAlertTriangle, IconBan, IconCloudOff, IconSearchOff } from '@tabler/icons-react';
import { getRouteApi, useNavigate, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useRows, useWho } from '../app/data.ts';
import { notify } from '../app/notices.ts';
import { place } from '../app/place.ts';
import type { Row } from '../model/row.ts';
import { Card } from '../ui/Card.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import { StatusBadge } from '../ui/StatusBadge.tsx';
import { SyncButton } from '../sync/SyncButton.tsx';
import { ActionBar, type WorkerStatus } from './ActionBar.tsx';
import { Clashes } from './Clashes.tsx';
import { CommentsTab } from './CommentsTab.tsx';
import { DetailsTab } from './DetailsTab.tsx';
import { FinishSheet } from './FinishSheet.tsx';
import { HistoryTab } from './HistoryTab.tsx';
import { ReportTab } from './ReportTab.tsx';
import { SinceCard } from './SinceCard.tsx';
import { stamped } from './stamped.ts';
import { tabs, type Tab } from './parts.ts';
import { Tabs } from './Tabs.tsx';
import { tell } from './tell.ts';
import styles from './JobPage.module.css';

const route = getRouteApi('/jobs/$id');
const buttons: readonly string[] = ['en_route', 'started', 'paused', 'finished'] satisfies WorkerStatus[];

/** A job, with the buttons of the day's work. */
export function JobPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const router = useRouter();
  const client = useClient();
  const { who } = useWho();
  const { handle, state, job, part, news } = useJob(id);
  const { rows } = useRows();
  const row = rows.find((r) => r.id === id);
  const refused = useRefused().find((r) => r.job === id);
  const gone = job !== undefined && !row && job.status_log.length === 0; // that it was made was refused: nothing is left of it
  const fresh = useNews(id, news, job !== undefined, handle);
  const [busy, setBusy] = useState(false);
  const [finishing, setFinishing] = useState(false);
  const back = () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: '/' }));

  if (!job || !handle || gone) {
    return (
      <Page title={row?.title || refused?.jobTitle || t(row ? 'jobs.untitled' : 'jobs.title')} over={row && <Over status={row.status} successful={row.successful} serial={row.serial} />} onBack={back} aside={<SyncButton />}>
        {gone && refused ? (
          <Empty icon={IconAlertTriangle} title={t('refused.one')}>
            <p>{t('refused.help')}</p>
            <Button onClick={() => void navigate({ to: '/refused' })}>{t('refused.show')}</Button>
          </Empty>
        ) : gone || state === 'unavailable' ? (
          <Empty icon={IconSearchOff} title={t('job.notHere')}>
            {t('job.notHereHelp')}
          </Empty>
        ) : (
          // No wheel that turns: its frames would be drawn by the processor that the job waits for.
          <p className={styles.loading} role="status">
            {t('common.loading')}
          </p>
        )}
      </Page>
    );
  }

  const next = handle.next().filter((s): s is WorkerStatus => buttons.includes(s) && s !== job.status); // of two that clash the card takes the one that holds
  const underWay = ['started', 'paused', 'finished'].includes(job.status) || job.timestamps.started_at !== undefined;
  const winner = job.status_log.find((e) => e.status === job.status && e.by === who.user);
  const undo = winner && handle.may({ do: 'undo-status' }).ok;
  const lead = job.assignees.find((a) => a.edit);
  const successful = job.resolution?.successful;

  const undoStatus = () =>
    void tell(handle.undoStatus()).then((ok) => {
      if (ok) notify({ kind: 'done', text: t('action.done.undone') });
    });

  const press = async (to: WorkerStatus, more: { resolution?: string; note?: string } = {}) => {
    setBusy(true);
    const here = router.latestLocation.href;
    const where = await place();
    const ok = await tell(handle.setStatus(to, { ...more, ...stamped(where) }));
    setBusy(false);
    if (!ok) return;
    setFinishing(false);
    notify({ kind: 'done', text: t(`action.done.${to}`), action: { label: t('common.undo'), run: undoStatus } });
    if (to === 'started' && router.latestLocation.href === here && (search.tab ?? 'details') === 'details' && job.report_fields.length + job.checklist.length > 0) void navigate({ to: '/jobs/$id', params: { id }, search: { tab: 'report' }, replace: true });
  };

  const current: Tab = search.tab ?? 'details';
  return (
    <Page
      title={job.title || t('jobs.untitled')}
      over={<Over status={job.status} successful={successful} serial={job.serial_no} />}
      onBack={back}
      aside={<SyncButton />}
    >
      {row?.withdrawn && (
        <Card tone="warn">
          <p className={styles.notice}>
            <IconCloudOff aria-hidden /> {t('job.withdrawn')}
          </p>
        </Card>
      )}
      {job.status === 'cancelled' && (
        <Card tone="danger">
          <p className={styles.notice}>
            <IconBan aria-hidden /> {t('job.cancelled')}
          </p>
        </Card>
      )}
      {row?.refused && (
        <Card tone="danger">
          <p className={styles.notice}>
            <IconAlertTriangle aria-hidden /> {t('refused.one')}
          </p>
          <Button variant="default" onClick={() => void navigate({ to: '/refused' })}>
            {t('refused.show')}
          </Button>
        </Card>
      )}
      <Clashes job={job} handle={handle} goOn={next.length > 0} />
      <SinceCard job={job} news={fresh.shown} onSeen={fresh.clear} />
      <Tabs
        value={current}
        counts={{ comments: job.comments.length }}
        fresh={{ comments: fresh.shown.some((n) => n.path[0] === 'comments'), report: fresh.shown.some((n) => n.path[0] === 'report_fields' || n.path[0] === 'checklist') }}
        onChange={(tab) => void navigate({ to: '/jobs/$id', params: { id }, search: tab === tabs[0] ? {} : { tab }, replace: true, resetScroll: false })}
      >
        {current === 'details' && <DetailsTab job={job} news={fresh.shown} />}
        {current === 'report' && <ReportTab job={job} handle={handle} open={underWay} news={fresh.shown} />}
        {current === 'comments' && <CommentsTab job={job} handle={handle} />}
        {current === 'history' && <HistoryTab job={job} handle={handle} />}
      </Tabs>
      {part === 'viewer' && <p className={styles.soft}>{lead ? t('action.viewer', { name: client.userName(lead.user) ?? lead.user }) : t('action.viewerNobody')}</p>}
      {undo && (
        <Button variant="subtle" color="gray" onClick={undoStatus} className={styles.undo!}>
          {t('action.undoStatus', { status: t(`status.${winner.status as WorkerStatus}`) })}
        </Button>
      )}
      <ActionBar next={next} status={job.status} busy={busy} onPress={(to) => (to === 'finished' ? setFinishing(true) : void press(to))} />
      <FinishSheet
        opened={finishing}
        endings={job.possible_resolutions}
        missing={handle.missing().map((f) => job.report_fields.find((x) => x.uuid === f)?.name ?? f)}
        busy={busy}
        onClose={() => setFinishing(false)}
        onFinish={(ending, note) => void press('finished', { ...(ending && { resolution: ending.uuid }), ...(note && { note }) })}
      />
    </Page>
  );
}

/** How a job stands and its number, above its title: as soon as its row is here. */
function Over({ status, successful, serial }: { status: Row['status']; successful: boolean | undefined; serial: string | undefined }) {
  const { t } = useTranslation();
  return (
    <>
      <StatusBadge status={status} successful={successful} />
      {serial && <span>{t('job.serial', { number: serial })}</span>}
    </>
  );
}

/** What others changed, kept on the page until the person has seen it; the job counts as looked at as soon as it is shown. */
function useNews(id: string, news: readonly News[], ready: boolean, handle: JobHandle | undefined): { shown: readonly News[]; clear: () => void } {
  const [kept, setKept] = useState<{ id: string; news: readonly News[] }>({ id, news: [] });
  const shown = kept.id === id ? kept.news : [];
  useEffect(() => {
    const show = () => {
      if (!ready || document.visibilityState !== 'visible') return;
      if (news.length > 0) setKept((k) => ({ id, news: merge(k.id === id ? k.news : [], news) }));
      void handle?.looked().catch(() => undefined); // it stays marked, and is shown again next time
    };
    show();
    document.addEventListener('visibilitychange', show);
    return () => document.removeEventListener('visibilitychange', show);
  }, [id, news, ready, handle]);
  return { shown, clear: () => setKept({ id, news: [] }) };
}

function merge(old: readonly News[], more: readonly News[]): readonly News[] {
  const key = (n: News) => n.path.join('\u0000');
  const keys = new Set(more.map(key));
  return [...old.filter((n) => !keys.has(key(n))), ...more];
}
