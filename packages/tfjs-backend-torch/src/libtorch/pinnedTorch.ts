/** The libtorch that is fetched where the machine has none. */
export const PINNED_VERSION = '2.13.0';

/** A file to fetch, with the SHA-256 that its publisher's index gives. */
export interface PinnedFile {
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
}

const HOST = 'https://download.pytorch.org';

/** Where pip finds the CPU builds. */
export const CPU_WHEEL_INDEX = `${HOST}/whl/cpu`;

/** The official CPU archives; there is none for Linux on ARM and for macOS on Intel. */
export const ARCHIVES: Readonly<Record<string, PinnedFile>> = {
  'linux-x64': {
    url: `${HOST}/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip`,
    sha256: 'edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e',
    bytes: 126_385_248,
  },
  'darwin-arm64': {
    url: `${HOST}/libtorch/cpu/libtorch-macos-arm64-2.13.0.zip`,
    sha256: '1e10c6c4dc2764150c9fb2ad28e1889191302734e7f939108e5d2f22f21a06f8',
    bytes: 88_779_559,
  },
};

/** SHA-256 of the CPU wheels by file name. A wheel for another Python is checked by its own RECORD alone. */
export const WHEELS: Readonly<Record<string, string>> = {
  'torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_aarch64.whl':
    '84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7',
  'torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl':
    '6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b',
  'torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_aarch64.whl':
    '6f307c2c32d764ffc6ff6893b801fad6d4752f3e67966cb8abf1843427c02604',
  'torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl':
    '4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2',
  'torch-2.13.0+cpu-cp313-cp313-manylinux_2_28_aarch64.whl':
    '0b8f7d0423027ae8b90c7977c627f3379f325363a08224dffad9b4b2d684a83d',
  'torch-2.13.0+cpu-cp313-cp313-manylinux_2_28_x86_64.whl':
    '3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6',
  'torch-2.13.0+cpu-cp314-cp314-manylinux_2_28_aarch64.whl':
    'ca021f9eb2f8345c83fa03e3a04587308afb8df71bd472670b3ece00df58621c',
  'torch-2.13.0+cpu-cp314-cp314-manylinux_2_28_x86_64.whl':
    'd20fa53ee744502fa4c69818a720b05ca0d37abd055d4f6e66cae155114bc691',
  'torch-2.13.0-cp311-cp311-macosx_14_0_arm64.whl':
    'e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8',
  'torch-2.13.0-cp312-cp312-macosx_14_0_arm64.whl':
    '2fe228aba290d14b9f31b049be550dbd469c3fd3013d7a19705b30454da97027',
  'torch-2.13.0-cp313-cp313-macosx_14_0_arm64.whl':
    '33449899ce5496c1b84b4853179d94fd102028ae1407314d9fb956bb79e70d09',
  'torch-2.13.0-cp314-cp314-macosx_14_0_arm64.whl':
    'd849b390e07d8d333ce8ecaf91b273c656c598379a19c9acf1318a883f6b391c',
};
