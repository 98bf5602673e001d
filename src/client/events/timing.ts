/** How long a transport has until events come, and how long when another one is known to work. */
export const READY_MS = 15_000;
export const TRIAL_READY_MS = 5000;
/** What holds for so long is taken to work. */
export const SETTLED_MS = 10_000;
/** Whom the server asks to come back at once come back within so long, not all at the same moment. */
export const NOW_MS = 2000;
/** A device can be wrong about being offline. */
export const OFFLINE_TRY_MS = 30_000;
