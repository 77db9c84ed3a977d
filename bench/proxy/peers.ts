import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { isInstalled } from '../support/spawned.ts'

/** A proxy of the comparison: all do the same job, so that the difference is in how. */
export type Peer = {
  readonly name: string
  readonly port: number
  /** Writes what it needs into the folder and says how it is started. */
  prepare(folder: string, backends: readonly number[]): Promise<readonly string[]>
}

const headgateMain = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const httpProxy3 = fileURLToPath(new URL('http-proxy-3.ts', import.meta.url))
const bare = fileURLToPath(new URL('bare-node.ts', import.meta.url))

const headgate: Peer = {
  name: 'headgate',
  port: 18_080,
  async prepare(folder, backends) {
    const manifests = join(folder, 'manifests')
    await mkdir(manifests, { recursive: true })
    await writeFile(join(manifests, 'bench.yaml'), manifestsOf(backends))
    return [
      process.execPath,
      headgateMain,
      'serve',
      '--manifests',
      manifests,
      `--http-port=${this.port}`,
      '--https-port=off',
      '--admin-port=off',
      '--bind=127.0.0.1',
      '--workers=1',
      '--lame-duck-seconds=0',
      '--drain-seconds=1',
    ]
  },
}

const nginx: Peer = {
  name: 'nginx',
  port: 18_081,
  async prepare(folder, backends) {
    const servers = backends.map((port) => `server 127.0.0.1:${port};`).join(' ')
    // The same header fields as Headgate adds; keep-alive upstream; no access log.
    const text = `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream app { ${servers} keepalive 256; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${this.port} backlog=4096; server_name bench.example.com;
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Request-ID $request_id;
    }
  }
}
`
    await writeFile(join(folder, 'nginx.conf'), text)
    return ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')]
  },
}

const haproxy: Peer = {
  name: 'haproxy',
  port: 18_082,
  async prepare(folder, backends) {
    const servers = backends.map((port, i) => `  server s${i} 127.0.0.1:${port}`).join('\n')
    const text = `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:${this.port}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Request-ID %[uuid()]
  default_backend app
backend app
  balance roundrobin
  http-reuse always
${servers}
`
    await writeFile(join(folder, 'haproxy.cfg'), text)
    return ['haproxy', '-f', join(folder, 'haproxy.cfg')]
  },
}

const httpProxy: Peer = {
  name: 'http-proxy-3',
  port: 18_083,
  prepare: async (_folder, backends) => [process.execPath, httpProxy3, '18083', ...backends.map(String)],
}

const bareNode: Peer = {
  name: 'bare node:http',
  port: 18_084,
  prepare: async () => [process.execPath, bare, '18084'],
}

/** Those that can run here, and the names of those that cannot. */
export function findPeers(): { readonly peers: readonly Peer[]; readonly missing: readonly string[] } {
  const programs = [nginx, haproxy]
  return {
    peers: [...programs.filter(({ name }) => isInstalled(name)), headgate, httpProxy, bareNode],
    missing: programs.filter(({ name }) => !isInstalled(name)).map(({ name }) => name),
  }
}

function manifestsOf(backends: readonly number[]): string {
  const objects = [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'bench', namespace: 'default' },
      spec: {
        rules: [
          {
            host: 'bench.example.com',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'app', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'app', namespace: 'default' },
      spec: { ports: [{ port: 80 }] },
    },
    ...backends.map((port) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `app-${port}`, namespace: 'default', labels: { 'kubernetes.io/service-name': 'app' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ port }],
    })),
  ]
  return objects.map((object) => stringify(object)).join('---\n')
}
