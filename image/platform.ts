/** As the image specification and Go name them, not as Node does. */
export type Platform = { readonly os: 'linux'; readonly architecture: 'amd64' | 'arm64' }

const platforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
]

export function platformName({ os, architecture }: Platform): string {
  return `${os}/${architecture}`
}

export function parsePlatform(name: string): Platform | undefined {
  return platforms.find((platform) => platformName(platform) === name)
}

/** Where this process runs. */
export function thisPlatform(): Platform | undefined {
  return parsePlatform(`${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`)
}
