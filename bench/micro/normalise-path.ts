import { normalisePath } from '../../src/router/normalise-path.ts'
import type { Case } from './harness/case.ts'

const targets = {
  root: '/',
  'plain, with query': '/static/assets/app/main.js?v=12345&lang=en',
  'long and plain': `/${'segment/'.repeat(30)}end`,
  'unreserved escape': '/caf%C3%A9/menu%2Dof%2Dthe%2Dday',
  'dot segments': '/a/b/../c/./d',
  'encoded slash': '/v2/library%2Falpine/manifests/latest',
  refused: '/public/..;/admin',
}

export function cases(): readonly Case[] {
  return Object.entries(targets).map(([name, target]) => ({ name, run: () => normalisePath(target) }))
}
