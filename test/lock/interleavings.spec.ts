import { describeInterleavings } from './interleavings.js';

// Ten times as many are played by the long suites.
describeInterleavings(250);
