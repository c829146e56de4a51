import { Button } from '@mantine/core';
import type { Contact, Field, Job, News } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { IconClock, IconMail, IconMapPin, IconPhone, IconUsers } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { clock, longDay } from '../i18n/format.ts';
import { valueText } from '../model/words.ts';
import { platform } from '../app/storage.ts';
import { Card } from '../ui/Card.tsx';
import { Attachments } from './Attachments.tsx';
import { mapLink } from './map.ts';
import styles from './DetailsTab.module.css';

interface Props {
  job: Job;
  /** What is new is marked. */
  news: readonly News[];
}

/** Where, when, for whom, what: all that the office has said of the job. */
export function DetailsTab({ job, news }: Props) {
  const { t } = useTranslation();
  const client = useClient();
  const fresh = (key: string) => (news.some((n) => n.path[0] === key) ? true : undefined);
  const at = job.scheduled_at === undefined ? undefined : Date.parse(job.scheduled_at);
  const minutes = job.scheduled_duration?.minutes;
  const people = job.assignees.map((a) => ({ ...a, name: client.userName(a.user) ?? a.user }));
  const files = job.attachments.filter((a) => !job.report_fields.some((f) => f.uuid === a.field));

  return (
    <div className={styles.parts}>
      {job.resolution && (
        <Card title={t('job.resolution')} tone={job.resolution.successful === false ? 'danger' : undefined}>
          <p className={styles.strong}>{job.resolution.name}</p>
          {job.resolution.note && <p className={styles.prose}>{job.resolution.note}</p>}
        </Card>
      )}
      {(job.address?.formatted || at !== undefined || job.client?.name) && (
        <Card>
          {at !== undefined && (
            <p className={styles.fact} data-fresh={fresh('scheduled_at') ?? fresh('scheduled_duration')}>
              <IconClock size={20} aria-hidden />
              <span>
                <span className="visually-hidden">{t('job.when')}: </span>
                <strong>{longDay(at)}</strong>
                <br />
                {clock(at)}
                {minutes ? ` – ${clock(at + minutes * 60_000)} (${t('common.minutes', { count: minutes })})` : ''}
              </span>
            </p>
          )}
          <Where job={job} fresh={fresh('address') ?? fresh('client') ?? fresh('site')} />
          {people.length > 1 && (
            <p className={styles.fact} data-fresh={fresh('assignees')}>
              <IconUsers size={20} aria-hidden />
              <span>
                <span className="visually-hidden">{t('job.assignees')}: </span>
                {people.map((p) => (p.edit ? `${p.name} (${t('job.leads')})` : p.name)).join(', ')}
              </span>
            </p>
          )}
        </Card>
      )}
      {job.contacts.length > 0 && (
        <Card title={t('job.contacts')}>
          <ul className={styles.contacts} data-fresh={fresh('contacts')}>
            {job.contacts.map((c) => (
              <ContactLine key={c.uuid} contact={c} />
            ))}
          </ul>
        </Card>
      )}
      {job.description && (
        <Card title={t('job.description')}>
          <p className={styles.prose} data-fresh={fresh('description')}>
            {job.description}
          </p>
        </Card>
      )}
      <CustomFields fields={job.custom_fields} fresh={fresh('custom_fields')} type={job.type} skills={job.skills} />
      {files.length > 0 && (
        <Card title={t('job.files')}>
          <Attachments job={job} attachments={files} />
        </Card>
      )}
    </div>
  );
}

function Where({ job, fresh }: { job: Job; fresh: true | undefined }) {
  const { t } = useTranslation();
  const address = job.address;
  const link = address && mapLink(address, platform());
  const more = address && [address.entrance_no && t('job.entrance', { value: address.entrance_no }), address.floor && t('job.floor', { value: address.floor }), address.apartment && t('job.apartment', { value: address.apartment })].filter(Boolean);
  if (!address?.formatted && !job.client?.name && !link) return null;
  return (
    <>
      <div className={styles.fact} data-fresh={fresh}>
        <IconMapPin size={20} aria-hidden />
        <div>
          <span className="visually-hidden">{t('job.where')}: </span>
          {job.client?.name && <p className={styles.strong}>{job.client.name}</p>}
          {job.site?.name && job.site.name !== address?.formatted && <p>{job.site.name}</p>}
          {address?.formatted && <p>{address.formatted}</p>}
          {more && more.length > 0 && <p>{more.join(', ')}</p>}
          {address?.description && <p className={styles.soft}>{address.description}</p>}
        </div>
      </div>
      {link && (
        <Button component="a" href={link} target="_blank" rel="noopener noreferrer" variant="default" leftSection={<IconMapPin size={18} aria-hidden />} aria-label={address?.formatted ? t('job.mapOf', { address: address.formatted }) : undefined}>
          {t('job.map')}
        </Button>
      )}
    </>
  );
}

function ContactLine({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const value = contact.value ?? '';
  const name = contact.name || value;
  const mail = contact.type === 'email' || value.includes('@');
  const phone = !mail && /^[+\d][\d\s()./-]{3,}$/.test(value);
  const href = mail ? `mailto:${encodeURI(value).replace(/[?&#]/g, encodeURIComponent)}` : phone ? `tel:${value.replace(/[^\d+]/g, '')}` : undefined;
  return (
    <li className={styles.contact}>
      <div>
        <p className={styles.strong}>{name}</p>
        {value !== name && (
          <p className={styles.soft}>
            <bdi dir={href ? 'ltr' : 'auto'}>{value}</bdi>
          </p>
        )}
      </div>
      {href && (
        <a className={styles.call} href={href} aria-label={mail ? t('job.mail', { name }) : t('job.call', { name })}>
          {mail ? <IconMail aria-hidden /> : <IconPhone aria-hidden />}
        </a>
      )}
    </li>
  );
}

function CustomFields({ fields, fresh, type, skills }: { fields: readonly Field[]; fresh: true | undefined; type: string | undefined; skills: readonly string[] }) {
  const { t } = useTranslation();
  const shown = fields.filter((f) => !f.hidden);
  if (shown.length === 0 && !type && skills.length === 0) return null;
  return (
    <Card title={t('job.fields')}>
      <dl className={styles.fields} data-fresh={fresh}>
        {type && (
          <div>
            <dt>{t('job.type')}</dt>
            <dd>{type}</dd>
          </div>
        )}
        {skills.length > 0 && (
          <div>
            <dt>{t('job.skills')}</dt>
            <dd>{skills.join(', ')}</dd>
          </div>
        )}
        {shown.map((f) => (
          <div key={f.uuid}>
            <dt>{f.name}</dt>
            <dd>{valueText(f.value, t) || <span className={styles.soft}>{t('job.noValue')}</span>}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
