/** Those that global-setup.ts starts: two files run at a time, each with a bed of its own. Most of the time a file waits. */
export const ownBedNames = ['test1', 'test2'] as const
