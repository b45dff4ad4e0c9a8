import { describeParity } from './describeParity.js';

describeParity('torch');
