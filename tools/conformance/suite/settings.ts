import type { SuiteSettings } from './events.js';

/** What this process, which runs the suite, was told to do. */
export const settings = JSON.parse(process.argv[2] as string) as SuiteSettings;
