/** RFC 9218 section 4: urgency 0 (first) to 7, and whether parts of the answer are of use before its end. */
export type Priority = {
  readonly urgency: number
  readonly isIncremental: boolean
}

/**
 * Of those who say nothing. The default of RFC 9218 is to send one answer after the other; without a word from the client, streams
 * that take turns are what no client is hurt by.
 */
export const defaultPriority: Priority = { urgency: 3, isIncremental: true }

/** `u=1, i`: a dictionary of RFC 8941. What is not understood counts as not said (RFC 9218 section 4). */
export function parsePriority(value: string): Priority {
  let urgency = 3
  let isIncremental = false
  for (const member of value.split(',')) {
    // Parameters of a member have no meaning here.
    const [text = ''] = member.split(';')
    const [key, given] = text.trim().split('=')
    if (key === 'u' && given !== undefined && /^[0-7]$/.test(given)) urgency = Number(given)
    else if (key === 'i') isIncremental = given === undefined || given === '?1'
  }
  return { urgency, isIncremental }
}
