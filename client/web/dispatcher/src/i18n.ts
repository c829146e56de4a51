import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '../../boot/words.ts';
import { en } from './locales/en/index.ts';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

/** The languages that there is a catalogue for. A catalogue that is not English is fetched when it is needed. */
const catalogues: Record<Language, () => Promise<Partial<typeof en>>> = { en: () => Promise.resolve(en) };

/** startI18n takes the first language of the browser that there is a catalogue for, and sets `lang` and `dir` of the page. */
export async function startI18n(wanted: readonly string[] = navigator.languages): Promise<void> {
  const tag = wanted.find((l) => l.split('-')[0]! in catalogues) ?? 'en';
  const lang: string = tag.split('-')[0]!;
  await i18next.use(initReactI18next).init({
    lng: tag,
    fallbackLng: 'en',
    interpolation: { escapeValue: false }, // React escapes
    resources: { en: { translation: en }, [lang]: { translation: await catalogues[lang as Language]() } },
  });
  document.documentElement.lang = tag;
  document.documentElement.dir = i18next.dir(tag);
}
