// For tests only: the contract of a store as tests, and stores that fail on purpose.

export { sharedStoreConformance } from './shared-store-conformance.ts';
export { type ConformanceOptions, storeConformance } from './store-conformance.ts';
export { createFailingStore, createHangingStore, createSlowStore } from './store-faults.ts';
