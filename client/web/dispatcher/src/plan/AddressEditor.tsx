import { useTranslation } from 'react-i18next';
import type { Address } from '../api/types.ts';
import classes from './Plan.module.css';
import { SaveText } from './SaveText.tsx';

const pattern = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;

/** Where it is. The place on the map is written as "latitude, longitude". */
export function AddressEditor({ address, patch, edits }: { address: Address | undefined; patch: (patch: Record<string, unknown>) => Promise<unknown>; edits: boolean }) {
  const { t } = useTranslation();
  const a = address ?? {};
  const at = a.geolocation;
  const part = (name: 'formatted' | 'entrance_no' | 'apartment' | 'floor' | 'description') => ({
    label: t(`plan.address.${name}`),
    value: a[name] ?? '',
    readOnly: !edits,
    save: (value: string) => patch({ address: { [name]: value || null } }),
  });
  const savePlace = (text: string): Promise<unknown> => {
    if (!text.trim()) return patch({ address: { geolocation: null } });
    const found = pattern.exec(text);
    if (!found) return Promise.reject(new Error(t('plan.address.placeWrong')));
    return patch({ address: { geolocation: { latitude: Number(found[1]), longitude: Number(found[2]) } } });
  };
  return (
    <div className={classes.address}>
      <SaveText {...part('formatted')} className={classes.whole} />
      <SaveText {...part('entrance_no')} />
      <SaveText {...part('floor')} />
      <SaveText {...part('apartment')} />
      <SaveText label={t('plan.address.place')} description={t('plan.address.placeHint')} value={at ? `${at.latitude}, ${at.longitude}` : ''} readOnly={!edits} save={savePlace} className={classes.whole} />
      <SaveText {...part('description')} multiline className={classes.whole} />
    </div>
  );
}
