// For tests only: the contract of a store as tests, and stores that fail on purpose.

export { storeConformance } from './store-conformance.ts';
export { createFailingStore, createHangingStore } from './store-faults.ts';
