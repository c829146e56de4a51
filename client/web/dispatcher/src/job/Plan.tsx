import { type JobHandle } from '@fieldsync/sdk';
import { ActionIcon, Anchor, NumberInput, Select, TagsInput, TextInput, Tooltip } from '@mantine/core';
import { IconMail, IconMapPin, IconPhone, IconUserEdit, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, readPlace } from '../api/rest.ts';
import { teamsQuery, useWorkers } from '../api/queries.ts';
import type { Job } from '../api/types.ts';
import { isoDay, isoLocal, minutes, precise, when } from '../format.ts';
import { SaveText } from '../plan/SaveText.tsx';
import { Section } from '../plan/Section.tsx';
import { BookSelect } from '../ui/BookSelect.tsx';
import { Person } from '../ui/Person.tsx';
import { failed } from '../ui/toast.tsx';
import classes from './Job.module.css';

interface Props {
  job: Job;
  handle: JobHandle | undefined;
  edits: boolean;
  names: (user: string) => string;
}

/** When, and who. */
export const Schedule = memo(function Schedule({ job, handle, edits, names }: Props) {
  const { t } = useTranslation();
  const workers = useWorkers();
  const { data: teams } = useQuery({ ...teamsQuery, enabled: edits, retry: false });
  const patch = (p: Record<string, unknown>): void => void handle?.patch(p).catch(failed);
  const fixed = ['started', 'paused', 'finished'].includes(job.status);
  const assigns = edits && !fixed;
  const free = workers.filter((w) => !job.assignees.some((a) => a.user === w.id));
  const assign = (user: string): void => patch({ assignees: { [user]: { edit: job.assignees.length === 0 } } });
  const lead = (user: string): void => patch({ assignees: Object.fromEntries(job.assignees.map((a) => [a.user, { edit: a.user === user }])) });
  const remove = (user: string): void => {
    const rest = job.assignees.filter((a) => a.user !== user);
    patch({ assignees: { [user]: null, ...(rest.length > 0 && !rest.some((a) => a.edit) ? { [rest[0]!.user]: { edit: true } } : {}) } });
  };
  return (
    <Section title={t('job.schedule')} actions={job.scheduled_at && <Anchor component={Link} to={`/board/${isoDay(new Date(job.scheduled_at))}`} size="sm">{t('nav.board')}</Anchor>}>
      {edits ? (
        <div className={classes.scheduled}>
          <TextInput
            key={job.scheduled_at ?? ''}
            type="datetime-local"
            label={t('job.at')}
            defaultValue={job.scheduled_at ? isoLocal(job.scheduled_at) : ''}
            onBlur={(e) => {
              const value = e.currentTarget.value;
              if (value !== (job.scheduled_at ? isoLocal(job.scheduled_at) : '')) patch({ scheduled_at: value ? new Date(value).toISOString() : null });
            }}
          />
          <NumberInput
            key={`m${job.scheduled_duration?.minutes}`}
            label={t('board.minutes')}
            min={0}
            max={10_080}
            step={15}
            defaultValue={job.scheduled_duration?.minutes ?? ''}
            onBlur={(e) => {
              const value = Number(e.currentTarget.value);
              if (value !== (job.scheduled_duration?.minutes ?? 0)) patch({ scheduled_duration: value ? { minutes: value } : null });
            }}
          />
        </div>
      ) : (
        <p>{job.scheduled_at ? `${when(job.scheduled_at)}${job.scheduled_duration ? `, ${minutes(job.scheduled_duration.minutes)}` : ''}` : t('jobs.noTime')}</p>
      )}
      <h3 className={classes.small}>{t('board.worker')}</h3>
      <ul className={classes.assignees}>
        {job.assignees.map((a) => (
          <li key={a.user}>
            <Person id={a.user} name={names(a.user)} />
            {a.edit && <span className={classes.leads}>{t('job.leads')}</span>}
            <span className={classes.push} />
            {assigns && !a.edit && (
              <Tooltip label={t('job.makeLead')}>
                <ActionIcon aria-label={`${t('job.makeLead')}: ${names(a.user)}`} onClick={() => lead(a.user)}>
                  <IconUserEdit size={17} />
                </ActionIcon>
              </Tooltip>
            )}
            {assigns && (
              <ActionIcon aria-label={t('job.unassign', { name: names(a.user) })} onClick={() => remove(a.user)}>
                <IconX size={17} />
              </ActionIcon>
            )}
          </li>
        ))}
        {job.assignees.length === 0 && <li className={classes.nobody}>{t('jobs.nobody')}</li>}
      </ul>
      {assigns && (
        <Select
          aria-label={t('job.assign')}
          placeholder={t('job.assign')}
          searchable
          value={null}
          data={[
            { group: t('role.worker'), items: free.map((w) => ({ value: w.id, label: w.name })) },
            ...(teams?.length ? [{ group: t('people.teams'), items: teams.map((x) => ({ value: `team:${x.id}`, label: x.name })) }] : []),
          ]}
          onChange={(value) => {
            if (!value) return;
            if (value.startsWith('team:')) ask(api.POST('/api/v1/jobs/{id}/assignees', { params: { path: { id: job.id } }, body: { team: value.slice(5) } })).catch(failed);
            else assign(value);
          }}
        />
      )}
      {edits && fixed && <p className={classes.note}>{t('board.fixed')}</p>}
    </Section>
  );
});

/** For whom, where, whom to call. */
export const Place = memo(function Place({ job, handle, edits }: Omit<Props, 'names'>) {
  const { t } = useTranslation();
  const a = job.address;
  const at = a?.geolocation;
  const map = at ? `https://www.openstreetmap.org/?mlat=${at.latitude}&mlon=${at.longitude}#map=17/${at.latitude}/${at.longitude}` : a?.formatted ? `https://www.openstreetmap.org/search?query=${encodeURIComponent(a.formatted)}` : undefined;
  const patch = (p: Record<string, unknown>): Promise<void> => handle?.patch(p) ?? Promise.resolve();
  // The document has the name of what it leads to, for who has no network.
  const lead = (key: 'client' | 'site', book: 'clients' | 'sites', ref: { uuid: string } | null): void =>
    void (async () => {
      const name = ref && (await readPlace({ kind: book, id: ref.uuid })).name;
      await patch({ [key]: ref && { uuid: ref.uuid, name } });
    })().catch(failed);
  return (
    <Section
      title={t('job.place')}
      actions={
        map && (
          <Anchor href={map} target="_blank" rel="noreferrer" size="sm">
            <IconMapPin size={15} aria-hidden /> {t('job.map')}
          </Anchor>
        )
      }
    >
      {edits ? (
        <div className={classes.stack}>
          <BookSelect book="clients" label={t('places.client')} value={job.client} change={(ref) => lead('client', 'clients', ref)} />
          <BookSelect book="sites" label={t('job.site')} value={job.site} change={(ref) => lead('site', 'sites', ref)} />
          <SaveText label={t('plan.address.formatted')} value={a?.formatted ?? ''} save={(v) => patch({ address: { formatted: v || null } })} />
          <SaveText label={t('plan.address.description')} value={a?.description ?? ''} multiline save={(v) => patch({ address: { description: v || null } })} />
        </div>
      ) : (
        <dl className={classes.facts}>
          <Fact name={t('places.client')}>{job.client?.name}</Fact>
          <Fact name={t('job.site')}>{job.site?.name}</Fact>
          <Fact name={t('plan.address.formatted')}>{a?.formatted}</Fact>
          <Fact name={t('plan.address.description')}>{a?.description}</Fact>
        </dl>
      )}
      {job.contacts.length > 0 && (
        <ul className={classes.contacts}>
          {job.contacts.map((c) => (
            <li key={c.uuid}>
              <span>{c.name}</span>
              {c.value &&
                (c.type === 'email' ? (
                  <Anchor href={`mailto:${encodeURI(c.value).replace(/[?&#]/g, encodeURIComponent)}`} size="sm">
                    <IconMail size={14} aria-hidden /> <bdi dir="ltr">{c.value}</bdi>
                  </Anchor>
                ) : (
                  <Anchor href={`tel:${c.value.replace(/[^+\d]/g, '')}`} size="sm">
                    <IconPhone size={14} aria-hidden /> <bdi dir="ltr">{c.value}</bdi>
                  </Anchor>
                ))}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
});

/** What else there is to know of it. */
export const Details = memo(function Details({ job, handle, edits }: Omit<Props, 'names'>) {
  const { t } = useTranslation();
  const patch = (p: Record<string, unknown>): Promise<void> => handle?.patch(p) ?? Promise.resolve();
  const text = (name: 'type' | 'serial_no' | 'external_id' | 'external_order_id') => ({ label: t(`job.parts.${name}`), value: job[name] ?? '', save: (v: string) => patch({ [name]: v || null }) });
  const times = (['en_route_at', 'started_at', 'suspended_at', 'finished_at'] as const).filter((n) => job.timestamps[n]);
  return (
    <Section title={t('job.details')}>
      {edits ? (
        <div className={classes.stack}>
          <SaveText {...text('type')} />
          <SaveText {...text('serial_no')} />
          <SaveText label={t('places.territory')} value={job.territory?.name ?? ''} save={(name) => patch({ territory: name ? { name } : null })} />
          <TagsInput label={t('templates.skills')} value={job.skills} onChange={(skills) => void patch({ skills }).catch(failed)} />
          <SaveText {...text('external_id')} />
          <SaveText {...text('external_order_id')} />
        </div>
      ) : (
        <dl className={classes.facts}>
          <Fact name={t('job.parts.type')}>{job.type}</Fact>
          <Fact name={t('job.parts.serial_no')}>{job.serial_no}</Fact>
          <Fact name={t('places.territory')}>{job.territory?.name}</Fact>
          <Fact name={t('templates.skills')}>{job.skills.join(', ')}</Fact>
          <Fact name={t('job.parts.external_id')}>{job.external_id}</Fact>
          <Fact name={t('job.parts.external_order_id')}>{job.external_order_id}</Fact>
        </dl>
      )}
      <dl className={classes.facts}>
        {job.template && (
          <Fact name={t('job.template')}>
            {job.template.uuid ? (
              <Anchor component={Link} to={`/templates/${job.template.uuid}`} size="sm">
                {job.template.name}
              </Anchor>
            ) : (
              job.template.name
            )}
          </Fact>
        )}
        {job.follows && (
          <Fact name={t('job.follows')}>
            <Anchor component={Link} to={`/jobs/${job.follows}`} size="sm">
              {t('board.open')}
            </Anchor>
          </Fact>
        )}
        {times.map((n) => (
          <Fact key={n} name={t(`job.times.${n}`)}>
            <time dateTime={job.timestamps[n]} title={precise(job.timestamps[n]!)}>
              {when(job.timestamps[n]!)}
            </time>
          </Fact>
        ))}
        {job.resolution?.name && <Fact name={t('job.resolution')}>{job.resolution.name}</Fact>}
        {job.resolution?.note && <Fact name={t('job.note')}>{job.resolution.note}</Fact>}
      </dl>
    </Section>
  );
});

export function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  if (children === undefined || children === null || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
