// Importing this file registers every kernel of the torch backend.
import './binary.js';
import './fusedBatchNorm.js';
import './fusedOptimizers.js';
import './nearestCentroid.js';
import './reluGradient.js';
