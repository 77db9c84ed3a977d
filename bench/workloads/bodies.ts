import { uploadBytes } from '../peers/bodies.ts'
import { closedLoop } from './closed-loop.ts'
import { type Bench, entrantsOf, type Workload } from './workload.ts'

export function response64k(bench: Bench): Workload {
  return closedLoop(bench, {
    name: '64k',
    title: 'Response of 64 KB',
    entrants: entrantsOf(bench, ['upstream']),
    share: 0.67,
    path: '/64k',
  })
}

export function response1m(bench: Bench): Workload {
  return closedLoop(bench, {
    name: '1m',
    title: 'Response of 1 MB',
    notes: ['16 connections.'],
    entrants: entrantsOf(bench, ['upstream']),
    share: 0.67,
    path: '/1m',
    connections: 16,
  })
}

export function upload(bench: Bench): Workload {
  return closedLoop(bench, {
    name: 'upload',
    title: 'Upload of 100 KB',
    notes: ['The endpoint reads it all before it answers. 16 connections.'],
    entrants: entrantsOf(bench, ['upstream']),
    share: 0.67,
    path: '/upload',
    connections: 16,
    load: { uploadBytes },
  })
}

export function chunked(bench: Bench): Workload {
  return closedLoop(bench, {
    name: 'chunked',
    title: 'Chunked response',
    notes: ['16 KB in four chunks.'],
    entrants: entrantsOf(bench, ['upstream']),
    share: 0.67,
    path: '/chunked',
  })
}
