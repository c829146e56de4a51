/** What the boot screen says, by language. A language that an app has a catalogue of is here, too (worker/src/i18n/index.ts, dispatcher/src/i18n.ts). */
export const words = {
  en: {
    late: 'This takes long. Is there a network?',
    failed: 'The app could not be loaded.',
    why: 'The network failed, or a new version came out just now. What you did is kept.',
    retry: 'Try again',
  },
};

/** The languages that the boot screen knows. */
export type Language = keyof typeof words;
