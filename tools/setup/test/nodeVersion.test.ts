import { expect, test } from '@jest/globals';
import { nodeComplaint } from '../nodeVersion.mjs';

test.each(['20.19.0', '20.19.5', '20.20.0', '22.0.0', '24.3.1'])('Node %s is new enough', (version) => {
  expect(nodeComplaint(version)).toBeNull();
});

test.each(['20.18.9', '18.20.8', '20.9.0', '19.30.0'])('Node %s is told to be too old', (version) => {
  expect(nodeComplaint(version)).toMatch(/needs Node\.js 20\.19\.0 or newer/);
  expect(nodeComplaint(version)).toContain(version);
});
