import { reasons } from '@fieldsync/sdk';
import { board } from './board.ts';
import { common } from './common.ts';
import { job } from './job.ts';
import { jobs } from './jobs.ts';
import { office } from './office.ts';

export const en = { ...common, jobs, board, job, ...office, reason: reasons };
