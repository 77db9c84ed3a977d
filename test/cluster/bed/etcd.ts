import { etcdUrl } from './control-plane.ts'
import { inNamespace } from './network.ts'
import { run } from './run.ts'

// etcd listens inside the namespace of the control plane only. Its JSON gateway:
// https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
const script = `
const post = async (path, body) => {
  const answer = await fetch('${etcdUrl}/v3/kv/' + path, { method: 'POST', body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(path + ': ' + answer.status + ' ' + await answer.text())
  return answer.json()
}
const { header } = await post('range', { key: 'AA==' })
await post('compaction', { revision: header.revision, physical: true })
`

/** Everything but the newest version of each key is gone. The API server has its own memory of changes, the watch cache:
 * after a start it is empty, and then a watch from before gets 410. */
export async function compact(bed: string): Promise<void> {
  const [nsenter, ...args] = inNamespace(bed, 'cp', process.execPath, '--input-type=module', '--eval', script)
  await run(nsenter, args)
}
