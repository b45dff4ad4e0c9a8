import { env, setBackend } from '@tensorflow/tfjs-core';
import type { JasmineResult } from 'jasmine-core/lib/jasmine-core/jasmine.js';

import type { SuiteEvent } from './events.js';
import { environment, fileOf } from './jasmine.js';
import { settings } from './settings.js';

const excluded = new Set(settings.excluded);

environment.configure({
  random: false,
  specFilter: (spec) => {
    const name = plainName(spec.getFullName());
    if (excluded.has(name)) return false;
    if (numberOf(spec.id) <= (settings.after ?? -1)) return false;
    return settings.filter === undefined || `${fileOf(spec.id)} ${name}`.includes(settings.filter);
  },
});

environment.addReporter({
  specStarted: (result) => {
    void tell({ type: 'started', spec: plainName(result.fullName), id: numberOf(result.id) });
  },
  specDone: (result) => {
    const spec = plainName(result.fullName);
    if (result.status === 'excluded' && !excluded.has(spec)) return;
    void tell({
      type: 'done',
      spec,
      file: fileOf(result.id),
      status: result.status === 'pending' ? 'skipped' : result.status,
      messages: messagesOf(result),
    });
  },
  suiteDone: (result) => {
    if (result.failedExpectations.length === 0) return;
    void tell({ type: 'suiteFailed', suite: plainName(result.fullName), messages: messagesOf(result) });
  },
});

// Each suite starts the backend anew; where that is impossible, once is enough to know, and under test tfjs-core would
// not print why.
env().set('IS_TEST', false);
if (await setBackend(settings.backend)) {
  const outcome = await environment.execute();
  await tell({ type: 'finished', problem: outcome.failedExpectations[0]?.message });
} else {
  process.exitCode = 1;
}
process.disconnect();

/** jasmine numbers specs in the order of their definition, in which they run: `spec17`. */
function numberOf(id: string): number {
  return Number(id.replace(/^\D+/, ''));
}

/** A spec's name without the environment, such as ` torch {}`, that tfjs-core puts behind each suite's name. */
function plainName(fullName: string): string {
  return fullName.replace(` ${settings.backend} {}`, '');
}

function messagesOf(result: Pick<JasmineResult, 'failedExpectations'>): string[] {
  return result.failedExpectations.map((expectation) => expectation.message);
}

/** Sends an event; it has gone, and all before it, when the promise resolves. */
function tell(event: SuiteEvent): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(event, undefined, undefined, () => resolve());
  });
}
