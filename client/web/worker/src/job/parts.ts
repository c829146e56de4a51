/** The parts of a job's page. */
export const tabs = ['details', 'report', 'comments', 'history'] as const;
export type Tab = (typeof tabs)[number];
