/** What needs Automerge: fetched apart, so that a page is there, with the rows of its lists, before it. */
export { OpenJob } from '../replica/job.ts';
export { newJob } from '../replica/patch.ts';
export { written } from '../rules/edits.ts';
export { Engine } from './engine.ts';
