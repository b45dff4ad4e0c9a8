export { type LossError, type LossErrorCode } from './errors.js';
export { infoNCE, type InfoNCEOptions } from './infoNCE.js';
export { ntXent, type NtXentOptions } from './ntXent.js';
export { protoNCE, type ProtoNCEOptions } from './protoNCE.js';
export { prototypeNCE, type PrototypeNCEOptions } from './prototypeNCE.js';
export { type Prototypes } from './prototypes.js';
