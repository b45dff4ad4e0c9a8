import { expect } from '@jest/globals';

import type { Findings } from './pages/page.js';

/** Requires that a page found what it has to. */
export function expectFindings(findings: Findings): void {
  expect(Object.keys(findings)).not.toEqual([]);
  for (const [name, [found, expected]] of Object.entries(findings)) {
    if (typeof expected === 'string') expect({ [name]: found }).toEqual({ [name]: expected });
    else expect({ [name]: found }).toEqual({ [name]: expect.closeTo(expected, 2) as unknown });
  }
}
