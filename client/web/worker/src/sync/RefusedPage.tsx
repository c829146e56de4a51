import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import type { RefusedWork } from '@fieldsync/sdk';
import { useClient, useRefused } from '@fieldsync/sdk/react';
import { IconCircleCheck } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { notify, seen } from '../app/notices.ts';
import { moment } from '../i18n/format.ts';
import { reasonText } from '../i18n/reason.ts';
import { workText } from '../model/words.ts';
import { tell } from '../job/tell.ts';
import { Card } from '../ui/Card.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './RefusedPage.module.css';

/** Work that the server refused for good: what it was, why, and the choice to do it again or let it go. Nothing else waits for that. */
export function RefusedPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const refused = useRefused();
  useEffect(() => seen(t('refused.one')), [refused, t]); // it would lie over the buttons
  return (
    <Page title={t('refused.title')} onBack={() => void navigate({ to: '/unsent' })}>
      {refused.length === 0 ? <Empty icon={IconCircleCheck} title={t('refused.empty')} /> : <p className={styles.help}>{t('refused.help')}</p>}
      {refused.map((r) => (
        <Refused key={r.id} work={r} />
      ))}
    </Page>
  );
}

function Refused({ work }: { work: RefusedWork }) {
  const { t } = useTranslation();
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const lines = [...new Set(work.did.flatMap((d) => workText(d, t, (id) => client.userName(id)) ?? []))];
  const run = (what: Promise<void>, done: string) => {
    setBusy(true);
    void tell(what)
      .then((ok) => ok && notify({ kind: 'done', text: done }))
      .finally(() => setBusy(false));
  };
  return (
    <Card tone="danger" title={work.jobTitle || t('jobs.untitled')} aside={<span className={styles.at}>{moment(work.at)}</span>}>
      <ul className={styles.did}>
        {(lines.length > 0 ? lines : [t('part.other')]).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p className={styles.reason}>{t('refused.reason', { reason: reasonText(work.because, work.reason) })}</p>
      <div className={styles.buttons}>
        {work.canRepeat && (
          <Button disabled={busy} onClick={() => run(client.again(work.id), t('refused.redone'))}>
            {t('refused.again')}
          </Button>
        )}
        <Button variant="default" disabled={busy} onClick={() => run(client.dismiss(work.id), t('refused.dismissed'))}>
          {t('refused.dismiss')}
        </Button>
        <Button component={Link} to="/jobs/$id" params={{ id: work.job } as never} variant="default">
          {t('common.open')}
        </Button>
      </div>
    </Card>
  );
}
