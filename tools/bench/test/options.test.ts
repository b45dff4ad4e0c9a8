import { describe, expect, test } from '@jest/globals';

import { parseOptions } from '../options.js';

describe('parseOptions', () => {
  test('reads the name and the options in any order', () => {
    const args = ['--json', 'out.json', 'engine', '--samples', '5', '--threads', '1,4', '--no-peer'];
    expect(parseOptions(args)).toMatchObject({
      benchmark: 'engine',
      json: 'out.json',
      samples: 5,
      threads: [1, 4],
      peer: false,
      tiny: false,
      backend: 'torch',
      device: 'cpu',
      filter: undefined,
    });
  });

  test('the fastest of the peer is found first, on a processor; a setting can be pinned, and all listed', () => {
    expect(parseOptions(['kmeans'])).toMatchObject({
      tournament: true,
      peerSetting: undefined,
      listPeerSettings: false,
    });
    expect(parseOptions(['kmeans', '--device-cases'])).toMatchObject({ tournament: false });
    const args = ['kmeans', '--peer-setting', 'SkylakeX', '--peer-settings'];
    expect(parseOptions(args)).toMatchObject({ peerSetting: 'SkylakeX', listPeerSettings: true });
  });

  test('one thread count is enough for a graphics processor', () => {
    expect(parseOptions(['engine', '--device', 'cuda']).threads).toEqual([1]);
  });

  test('a graphics processor has cases of its own, and fewer and shorter samples do', () => {
    const usual = { deviceCases: false, samples: 11, sampleSeconds: 0.25 };
    const onDevice = { deviceCases: true, samples: 5, sampleSeconds: 0.2 };
    expect(parseOptions(['engine'])).toMatchObject(usual);
    expect(parseOptions(['engine', '--device', 'cuda:1'])).toMatchObject(onDevice);
    expect(parseOptions(['engine', '--device-cases'])).toMatchObject(onDevice);
    const args = ['engine', '--device', 'cuda', '--sample-seconds', '0.5', '--variants', 'eager'];
    expect(parseOptions(args)).toMatchObject({ samples: 5, sampleSeconds: 0.5, variants: 'eager' });
  });

  test.each([
    [[], 'one benchmark has to be named'],
    [['engine', 'soak'], 'one benchmark has to be named'],
    [['engine', '--samples', '0'], '--samples is out of range'],
    [['engine', '--samples', 'many'], '--samples is out of range'],
    [['engine', '--threads', '1,x'], '--threads is out of range'],
    [['engine', '--sample-seconds', '0'], '--sample-seconds is out of range'],
    [['engine', '--variants', 'fast'], '--variants has a value that is not known'],
    [['engine', '--fast'], "Unknown option '--fast'"],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(
      expect.objectContaining({ code: 'BENCH_USAGE', message: expect.stringContaining(message) }),
    );
  });
});
