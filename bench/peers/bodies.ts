/** What endpoints answer to /, 109 bytes. */
export const smallBody = 'x'.repeat(108).concat('\n')
export const bodyOf64k = 'x'.repeat(65_535).concat('\n')
export const bodyOf1m = 'x'.repeat(1_048_575).concat('\n')
/** Goes out in four chunks. */
export const chunkedBody = 'x'.repeat(16_383).concat('\n')

export const uploadBytes = 102_400
