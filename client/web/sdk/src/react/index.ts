/** React hooks over a Client: each gives what is now, and renders again when it changes. */
export { ClientProvider, useClient } from './context.ts';
export { useFile, useFiles } from './files.ts';
export { useJob, useJobText, usePresence, useReceipt, type OpenJob } from './job.ts';
export { useJobs, useLink, useRefused, useSession, useStorageState, useSync, useTemplates, useUnsent, useWatched } from './watched.ts';
