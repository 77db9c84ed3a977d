/** Those that global-setup.ts starts: three files run at a time, each with a bed of its own. Most of the time a file waits. */
export const ownBedNames = ['test1', 'test2', 'test3'] as const
