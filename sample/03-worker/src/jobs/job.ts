/** Where the jobs are: a key each. */
export const jobsKey = '/worker/jobs';

/** The value of a job that is to be done. Afterwards it says who has done it. */
export const open = 'open';
