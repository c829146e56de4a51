import { ActionIcon, Tooltip } from '@mantine/core';
import { IconBell, IconBellRinging, IconBrowser, IconCloudUp, IconDeviceMobile, IconLogout, IconWifi, IconWifi1 } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../api/rest.ts';
import { useMay, useMe, useNames, useSave } from '../api/queries.ts';
import type { Device } from '../api/types.ts';
import { ago, bytes, dateTime, precise } from '../format.ts';
import book from '../ui/Book.module.css';
import { useConfirm } from '../ui/Confirm.tsx';
import { done, failed } from '../ui/toast.tsx';
import { Tag, type Tone } from '../ui/Tag.tsx';
import { heard } from './Devices.tsx';
import classes from './Devices.module.css';

const fresh = 10 * 60_000; // ms: a phone syncs every two minutes
const stale = 24 * 3_600_000;

const toneOf = (at: string | undefined): Tone => {
  const age = at ? Date.now() - new Date(at).getTime() : Infinity;
  return age < fresh ? 'good' : age < stale ? 'warn' : 'quiet';
};

/** A device: whose it is, how far it is, whether it gets notices. */
export function DeviceLine({ device: d, named, notified }: { device: Device; named: boolean; notified: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const names = useNames();
  const me = useMe();
  const confirm = useConfirm();
  const { administer } = useMay();
  const may = administer || d.user === me.id;
  const test = useSave(() => ask(api.POST('/api/v1/push/subscriptions/{device}/test', { params: { path: { device: d.id } } })), [['push']]);
  const end = useSave(() => ask(api.DELETE('/api/v1/users/{user}/devices/{device}', { params: { path: { user: d.user, device: d.id } } })), [['devices'], ['push']]);
  const label = d.label || t(`people.kind.${d.kind}`);
  const at = d.report ? d.report.synced_at : heard(d);
  const Icon = d.kind === 'session' ? IconBrowser : IconDeviceMobile;
  return (
    <li className={`${book.line} ${book.tall}`} aria-label={label}>
      <Icon size={22} stroke={1.5} aria-hidden />
      <span className={book.main}>
        <span className={book.name}>{label}</span>
        <span className={book.sub}>{[named && names(d.user), t(`people.kind.${d.kind}`), d.created_at && t('people.since', { at: dateTime(d.created_at) }), d.expires_at && t('people.until', { at: dateTime(d.expires_at) })].filter(Boolean).join(' · ')}</span>
        {d.report && <Facts report={d.report} />}
        <span role="status">
          {test.data && (
            <span className={classes.outcome} data-tone={test.data.result === 'sent' ? 'good' : 'bad'}>
              {[t(`push.outcome.${test.data.result}`), test.data.reason].filter(Boolean).join(' ')}
            </span>
          )}
        </span>
      </span>
      <span className={book.side}>
        {d.current && <Tag>{t('people.thisOne')}</Tag>}
        <span title={at ? precise(at) : undefined}>
          <Tag tone={toneOf(at)}>{at ? t(d.report ? 'people.synced' : 'people.seen', { ago: ago(at) }) : t(d.report ? 'people.neverSynced' : 'people.neverSeen')}</Tag>
        </span>
        {notified && !may && <IconBell size={18} role="img" aria-label={t('push.on')} />}
        {notified && may && (
          <Tooltip label={t('push.test')}>
            <ActionIcon aria-label={`${t('push.test')}: ${label}`} loading={test.isPending} onClick={() => test.mutate(undefined, { onError: (err) => failed(err, t('push.notTested')) })}>
              <IconBellRinging size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        {may && !d.current && (
          <Tooltip label={t('people.endDevice')}>
            <ActionIcon
              aria-label={`${t('people.endDevice')}: ${label}`}
              loading={end.isPending}
              onClick={() =>
                confirm({ title: t('people.endDeviceAsk', { name: label }), text: [d.report && unsentOf(d.report, t), t(`people.endHint.${d.kind}`)].filter(Boolean).join('. '), does: t('people.endDevice') }, () =>
                  end.mutate(undefined, { onSuccess: () => done(t('people.deviceEnded')), onError: (err) => failed(err), onSettled: () => void client.invalidateQueries({ queryKey: ['devices'] }) }),
                )
              }
            >
              <IconLogout size={18} />
            </ActionIcon>
          </Tooltip>
        )}
      </span>
    </li>
  );
}

type Report = NonNullable<Device['report']>;

/** unsentOf says what a device has not sent; '' if that is nothing. */
function unsentOf({ unsent: { changes, files, bytes: size } }: Report, t: TFunction): string {
  const what = [changes > 0 && t('people.changes', { count: changes }), files > 0 && t('people.files', { count: files, size: bytes(size) })].filter(Boolean).join(', ');
  return what && t('people.unsent', { what });
}

/** What the device said of itself: what it has not sent, and how good its link was then. */
function Facts({ report: r }: { report: Report }) {
  const { t } = useTranslation();
  const unsent = unsentOf(r, t);
  const Link = r.link === 'slow' ? IconWifi1 : IconWifi;
  return (
    <span className={classes.facts} title={t('people.reported', { at: precise(r.at) })}>
      <IconCloudUp size={16} aria-hidden />
      {unsent ? <Tag tone="warn">{unsent}</Tag> : <span>{t('people.allSent')}</span>}
      <Link size={16} aria-hidden />
      <span>{[t(`people.link.${r.link}`), r.metered && t('people.metered')].filter(Boolean).join(', ')}</span>
      <span>{t('people.saidAt', { ago: ago(r.at) })}</span>
    </span>
  );
}
