import { describeInterleavings } from '../lock/interleavings.js';

// L6: 10,000 in all.
describeInterleavings(2_500);
