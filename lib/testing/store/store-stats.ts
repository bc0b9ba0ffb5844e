import type { ErrorCode } from './error-codes.js';

/** The counters of `/v2/stats/store`, in the order of the answer. */
export interface StoreStats {
  getsSuccess: number;
  getsFail: number;
  setsSuccess: number;
  setsFail: number;
  deleteSuccess: number;
  deleteFail: number;
  updateSuccess: number;
  updateFail: number;
  createSuccess: number;
  createFail: number;
  compareAndSwapSuccess: number;
  compareAndSwapFail: number;
  compareAndDeleteSuccess: number;
  compareAndDeleteFail: number;
  expireCount: number;
}

/** What a single member has counted when it has started. */
export function initialStats(): StoreStats {
  return {
    getsSuccess: 0,
    getsFail: 1,
    setsSuccess: 2,
    setsFail: 0,
    deleteSuccess: 0,
    deleteFail: 0,
    updateSuccess: 0,
    updateFail: 0,
    createSuccess: 1,
    createFail: 0,
    compareAndSwapSuccess: 0,
    compareAndSwapFail: 0,
    compareAndDeleteSuccess: 0,
    compareAndDeleteFail: 0,
    expireCount: 0,
  };
}

/** What is counted by itself: each has a counter for `Success` and one for `Fail`. */
export type StatsKind =
  'gets' | 'sets' | 'delete' | 'update' | 'create' | 'compareAndSwap' | 'compareAndDelete';

/** The refusals that count as successes (protocol page, 4.3). */
const successes: Partial<Record<StatsKind, readonly ErrorCode[]>> = {
  delete: [107],
  update: [102, 107],
  compareAndSwap: [107],
  compareAndDelete: [101, 102],
};

export function countsAsSuccess(kind: StatsKind, code: ErrorCode): boolean {
  return successes[kind]?.includes(code) ?? false;
}
