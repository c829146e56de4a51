import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Language } from "../../../boot/words.ts";
import { en, type Catalogue } from "./en.ts";

/** The languages there are, by BCP 47 tag. English is part of the bundle; another one is an entry that is imported when it is chosen. */
const languages: Record<Language, () => Promise<Catalogue>> = { en: async () => en };

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
    returnNull: false;
  }
}

/** Starts i18n in the language of the phone, where there is a catalogue for it, and sets `lang` and `dir` of the page. */
export async function startI18n(wanted: readonly string[] = navigator.languages): Promise<void> {
  const tag = wanted.map((l) => l.split("-")[0]).find((l): l is Language => l !== undefined && l in languages) ?? "en";
  const resources = { [tag]: { translation: await languages[tag]() } };
  await i18next.use(initReactI18next).init({
    lng: tag,
    fallbackLng: "en",
    resources,
    interpolation: { escapeValue: false }, // React escapes
    initAsync: false,
    returnNull: false,
  });
  document.documentElement.lang = tag;
  document.documentElement.dir = i18next.dir(tag);
}

/** The locale for dates and numbers: the phone's own, where it is of the language of the page. */
export function locale(): string {
  const lang = i18next.language ?? "en";
  const own = globalThis.navigator?.languages ?? []; // there is no navigator outside a browser
  return own.find((l) => l === lang || l.startsWith(`${lang}-`)) ?? lang;
}
