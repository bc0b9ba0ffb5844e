import { describeInterleavings } from './interleavings.js';

// 25 times as many are played by the long suites.
describeInterleavings(100);
