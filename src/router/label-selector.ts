/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export type LabelSelector = readonly Requirement[]

type Requirement =
  | { readonly kind: 'in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'not-in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly key: string }
  | { readonly kind: 'absent'; readonly key: string }

const key = '([A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)'
const value = '([-A-Za-z0-9_.]*)'
const setBased = new RegExp(String.raw`^${key}\s+(in|notin)\s*\(([^()]*)\)$`)
const equality = new RegExp(String.raw`^${key}\s*(==|=|!=)\s*${value}$`)
const existence = new RegExp(String.raw`^(!?)\s*${key}$`)

/** `a=b,c!=d,e in (x,y),f notin (z),g,!h`; `undefined` for what does not follow this syntax. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  if (text.trim() === '') return []
  const requirements = text.split(/,(?![^()]*\))/).map((part) => parseRequirement(part.trim()))
  const good = requirements.filter((requirement) => requirement !== undefined)
  return good.length === requirements.length ? good : undefined
}

function parseRequirement(text: string): Requirement | undefined {
  const set = setBased.exec(text)
  if (set?.[1] !== undefined) {
    const values = (set[3] ?? '').split(',').map((item) => item.trim())
    return { kind: set[2] === 'in' ? 'in' : 'not-in', key: set[1], values }
  }
  const equal = equality.exec(text)
  if (equal?.[1] !== undefined) {
    return { kind: equal[2] === '!=' ? 'not-in' : 'in', key: equal[1], values: [equal[3] ?? ''] }
  }
  const exists = existence.exec(text)
  return exists?.[2] === undefined ? undefined : { kind: exists[1] === '!' ? 'absent' : 'exists', key: exists[2] }
}

/** As in Kubernetes, `!=` and `notin` also hold for objects without the label. */
export function selectorMatches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every((requirement) => {
    const label = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined
    if (requirement.kind === 'exists') return label !== undefined
    if (requirement.kind === 'absent') return label === undefined
    return (label !== undefined && requirement.values.includes(label)) === (requirement.kind === 'in')
  })
}
