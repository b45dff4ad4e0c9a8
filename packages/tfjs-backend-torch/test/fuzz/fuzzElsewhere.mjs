// Makes random calls in a process of its own, which a crash of native code may end, and sends the report.
import { register } from 'tsx/esm/api';

register();
const { fuzz } = await import('./fuzz.ts');

const [seed, calls] = process.argv.slice(2).map(Number);
process.send(await fuzz(seed, calls), () => process.disconnect());
