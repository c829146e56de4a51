import { useState } from 'react';
import type { Clash, Job, JobHandle } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { useTranslation } from 'react-i18next';
import { notify } from '../app/notices.ts';
import { moment } from '../i18n/format.ts';
import { placeName, statusWord, valueText, whose } from '../model/words.ts';
import { ClashCard, type ClashValue } from './ClashCard.tsx';
import { tell } from './tell.ts';

/** A card for each thing that two people wrote at once. */
export function Clashes({ job, handle, goOn }: { job: Job; handle: JobHandle; goOn: boolean }) {
  const { t } = useTranslation();
  const client = useClient();
  const [busy, setBusy] = useState(false);

  const values = (clash: Clash): ClashValue[] =>
    clash.values.map((v) => {
      if (!v.event) return { text: valueText(v.value, t) };
      const resolution = job.possible_resolutions.find((r) => r.uuid === v.event?.resolution);
      const status = statusWord(v.event.status, t, resolution?.successful);
      const by = [whose(v.event.by, t, (id) => client.userName(id)), v.event.happened_at && moment(Date.parse(v.event.happened_at))].filter(Boolean).join(', ');
      return { text: resolution ? `${status}: ${resolution.name}` : status, ...(by && { by }) };
    });

  return job.clashes.map((clash) => (
    <ClashCard
      key={`${clash.kind} ${clash.field}`}
      field={clash.kind === 'status' ? undefined : clash.name || placeName(job, clash.field.split('.'), t)}
      values={values(clash)}
      may={handle.may({ do: 'settle', clash }).ok}
      goOn={goOn && clash.kind === 'status'}
      busy={busy}
      onChoose={(i) => {
        setBusy(true);
        void tell(handle.settle(clash, i))
          .then((ok) => ok && notify({ kind: 'done', text: t('clash.settled') }))
          .finally(() => setBusy(false));
      }}
    />
  ));
}
